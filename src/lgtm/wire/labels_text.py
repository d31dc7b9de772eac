"""Label text of a stream: `{app="api", env='prod'}`, the metric syntax of Prometheus, with the texts of its parser's errors.

Grammar and wording follow prometheus/promql/parser (Apache-2.0): `metric` in generated_parser.y, `lexInsideBraces` and `lexEscape` in lex.go.
Positions are line and column of bytes, from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lgtm.errors import BadRequest
from lgtm.model.labels import quote

LABELS_BYTES_MAX = 1024 * 1024
"""Longer label text is refused unparsed."""

_SPACE = re.compile(rb"[ \t\n\r]*")
_IDENTIFIER = re.compile(rb"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PLAIN = re.compile(rb'[^"\\\n]*"')
_WORD = re.compile(rb"[^\s{}(),=]+")
_SIMPLE_ESCAPES = {ord("a"): 7, ord("b"): 8, ord("f"): 12, ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("v"): 11, ord("\\"): 92}
_OPERATORS = {b"=~": "<op:=~>", b"!=": "<op:!=>", b"!~": "<op:!~>"}


class InvalidLabels(BadRequest):
    """Label text that does not parse."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"couldn't parse labels: {self.message}"


def parse_labels(text: bytes) -> tuple[tuple[str, str], ...]:
    """Pairs in the order of the text, without empty values; duplicate names are kept. A metric name becomes `__name__`. Raises InvalidLabels."""
    if len(text) > LABELS_BYTES_MAX:
        raise InvalidLabels(f"text of {len(text)} bytes is longer than {LABELS_BYTES_MAX}")
    return _parse_short(text) if len(text) <= _CACHED_BYTES_MAX else _parse(text)


def _parse(text: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in _Parser(text).metric() if pair[1])


_CACHED_BYTES_MAX = 1024
_parse_short = lru_cache(maxsize=8192)(_parse)
"""Streams are named again in every push, and parsing costs as much as a hundred of their lines."""


@dataclass(slots=True, frozen=True)
class _Token:
    kind: str
    """`identifier`, `string`, `end of input`, or the text of punctuation."""
    start: int
    raw: bytes
    value: bytes = b""

    def __str__(self) -> str:
        if self.kind in ("identifier", "string"):
            raw = self.raw.decode("utf-8", "replace")
            shown = quote(raw) if self.kind == "identifier" or len(raw) <= 10 else f"{quote(raw[:10])}..."
            return f"{self.kind} {shown}"
        return _OPERATORS.get(self.raw, self.kind if self.kind == "end of input" else quote(self.kind))


class _Parser:
    def __init__(self, text: bytes) -> None:
        self._text = text
        self._position = 0

    def metric(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        self._skip_space()
        if name := _METRIC.match(self._text, self._position):
            pairs.append(("__name__", name.group().decode()))
            self._position = name.end()
            self._skip_space()
        if self._text.startswith(b"{", self._position):
            self._position += 1
            self._label_set(pairs)
            self._skip_space()
        if self._position < len(self._text):
            self._unexpected_rest()
        return pairs

    def _label_set(self, pairs: list[tuple[str, str]]) -> None:
        token = self._next()
        while token.kind != "}":
            if token.kind not in ("identifier", "string"):
                self._unexpected(token, 'identifier or "}"')
            equals = self._next()
            if equals.kind != "=":
                self._unexpected(equals, '"="')
            value = self._next()
            if value.kind != "string":
                self._unexpected(value, "string")
            pairs.append((self._decode(token), self._decode(value)))
            token = self._next()
            if token.kind == ",":
                token = self._next()
            elif token.kind != "}":
                self._unexpected(token, '"," or "}"')

    def _decode(self, token: _Token) -> str:
        try:
            return token.value.decode()
        except UnicodeDecodeError:
            raise self._error(token.start, f"invalid UTF-8 in {token}") from None

    def _next(self) -> _Token:
        self._skip_space()
        start = self._position
        if start >= len(self._text):
            raise self._error(start, "unexpected end of input inside braces")
        if word := _IDENTIFIER.match(self._text, start):
            self._position = word.end()
            return _Token("identifier", start, word.group(), word.group())
        two = self._text[start : start + 2]
        if two in _OPERATORS:
            self._position += 2
            return _Token(two.decode(), start, two)
        byte = two[:1]
        self._position += 1
        if byte in (b'"', b"'"):
            return self._string(start)
        if byte == b"`":
            return self._raw_string(start)
        if byte in (b",", b"=", b"}"):
            return _Token(byte.decode(), start, byte)
        if byte == b"{":
            raise self._error(start, "unexpected left brace '{'")
        if byte == b"!":
            follower = "'!'" if len(two) < 2 else _rune(self._text, start + 1)
            raise self._error(start, f"unexpected character after '!' inside braces: {follower}")
        raise self._error(start, f"unexpected character inside braces: {_rune(self._text, start)}")

    def _string(self, start: int) -> _Token:
        if self._text[start] == 0x22 and (plain := _PLAIN.match(self._text, start + 1)):
            self._position = plain.end()
            return _Token("string", start, self._text[start : plain.end()], plain.group()[:-1])
        delimiter = self._text[start]
        value = bytearray()
        while True:
            if self._position >= len(self._text) or self._text[self._position] == 0x0A:
                raise self._error(start, "unterminated quoted string")
            byte = self._text[self._position]
            self._position += 1
            if byte == delimiter:
                return _Token("string", start, self._text[start : self._position], bytes(value))
            if byte == 0x5C:
                value += self._escape(start, delimiter)
            else:
                value.append(byte)

    def _raw_string(self, start: int) -> _Token:
        end = self._text.find(b"`", self._position)
        if end < 0:
            raise self._error(start, "unterminated raw string")
        value = self._text[self._position : end]
        self._position = end + 1
        return _Token("string", start, self._text[start : end + 1], value.replace(b"\r", b""))

    def _escape(self, start: int, delimiter: int) -> bytes:
        if self._position >= len(self._text):
            raise self._error(start, "escape sequence not terminated")
        byte = self._text[self._position]
        if byte == delimiter:
            self._position += 1
            return bytes([byte])
        if byte in _SIMPLE_ESCAPES:
            self._position += 1
            return bytes([_SIMPLE_ESCAPES[byte]])
        if 0x30 <= byte <= 0x37:
            return self._code(start, self._position, digits=3, base=8, greatest=255)
        widths = {0x78: (2, 255), 0x75: (4, 0x10FFFF), 0x55: (8, 0x10FFFF)}
        if byte in widths:
            digits, greatest = widths[byte]
            return self._code(start, self._position + 1, digits=digits, base=16, greatest=greatest)
        raise self._error(start, f"unknown escape sequence {_code_point(self._text, self._position)}")

    def _code(self, start: int, first: int, *, digits: int, base: int, greatest: int) -> bytes:
        code = 0
        for at in range(first, first + digits):
            if at >= len(self._text):
                raise self._error(start, "escape sequence not terminated")
            digit = "0123456789abcdef".find(chr(self._text[at]).lower())
            if digit < 0 or digit >= base:
                raise self._error(start, f"illegal character {_code_point(self._text, at)} in escape sequence")
            code = code * base + digit
        if code > greatest or 0xD800 <= code < 0xE000:
            raise self._error(start, "escape sequence is an invalid Unicode code point")
        self._position = first + digits
        return bytes([code]) if greatest == 255 else chr(code).encode()

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._position)
        assert match is not None
        self._position = match.end()

    def _unexpected_rest(self) -> None:
        start = self._position
        if name := _METRIC.match(self._text, start):
            raise self._error(start, f"unexpected identifier {quote(name.group().decode())}")
        byte = self._text[start : start + 1]
        if byte in (b"{", b"}", b"(", b")", b",", b"="):
            raise self._error(start, f"unexpected {quote(byte.decode())}")
        if byte in b"0123456789" and (word := _WORD.match(self._text, start)):
            raise self._error(start, f"unexpected number {quote(word.group().decode('utf-8', 'replace'))}")
        raise self._error(start, f"unexpected character: {_rune(self._text, start)}")

    def _unexpected(self, token: _Token, expected: str) -> None:
        raise self._error(token.start, f"unexpected {token} in label set, expected {expected}")

    def _error(self, position: int, message: str) -> InvalidLabels:
        before = self._text[:position]
        line = before.count(b"\n") + 1
        column = position - before.rfind(b"\n")
        return InvalidLabels(f"{line}:{column}: parse error: {message}")


def _character(text: bytes, position: int) -> str:
    return text[position : position + 4].decode("utf-8", "replace")[:1]


def _rune(text: bytes, position: int) -> str:
    """A character as Go's %q prints it."""
    character = _character(text, position)
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    return f"'{quote(character)[1:-1]}'"


def _code_point(text: bytes, position: int) -> str:
    """A character as Go's %#U prints it."""
    character = _character(text, position)
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{ord(character):04X}{shown}"

"""Text of a query to tokens.

Go's lexical rules, and on top of them: `#` comments, `[5m]` as one token, numbers with a unit of time or size, operators of two characters,
parser flags, and function names, which are keywords only where a function can stand, so that `sum`, `rate` and `ip` remain good label names.
Tokens that Loki reads character by character have no line: 0.
"""

from __future__ import annotations

import re

from lgtm.logql.grammar import FUNCTIONS, KEYWORDS, SYMBOLS
from lgtm.logql.values import parse_bytes
from lgtm.parsing.durations import parse_duration as parse_prometheus_duration
from lgtm.parsing.gonumbers import parse_duration as parse_go_duration
from lgtm.parsing.goscan import Class, Lexeme, bad_character, scan, unquote
from lgtm.parsing.tokens import END, Lines, Token

_KEYWORDS = frozenset(KEYWORDS)
_SYMBOLS = frozenset(SYMBOLS)
_CALLED = re.compile(r"\s*(?:\(|(?:by|without)\s*\()", re.IGNORECASE)
"""What stands behind the name of a function."""
_UNIT_CHARACTERS_MAX = 64
"""Longer runs are no unit. Without a bound, `1.s.1.s…` would be read again from each of its numbers."""
_DURATION_TAIL = re.compile(rf"[0-9nuµmshdwy.]{{1,{_UNIT_CHARACTERS_MAX}}}")
_BYTES_TAIL = re.compile(rf"[0-9BikKMGTP.]{{1,{_UNIT_CHARACTERS_MAX}}}")
_FLAG = re.compile(r"--(?:strict|keep-empty)(?![\w-])")
_RANGE_END = "]"


def lex(text: str) -> list[Token]:
    """The last token has the kind END; it carries an error where the text cannot be read further."""
    return _Lexer(text).tokens()


def duration_ns(text: str) -> int | None:
    """Prometheus' form first, then Go's; None when it is neither."""
    for parse in (parse_prometheus_duration, parse_go_duration):
        try:
            return parse(text)
        except ValueError:
            continue
    return None


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._bad = bad_character(text)
        self._braces = False
        """Whether the next token stands inside a selector."""

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        offset = 1 if self._text.startswith("\ufeff") else 0
        while True:
            lexeme = scan(self._text, offset)
            column = found[-1].column if found else 0
            token, offset = self._broken(lexeme, column) or self._read(lexeme)
            if token is not None:
                found.append(token)
                if token.kind == END:
                    return found
                self._braces = token.kind == "{" or (self._braces and token.kind != "}")

    def _broken(self, lexeme: Lexeme, previous_column: int) -> tuple[Token, int] | None:
        """A token for what Go's scanner refuses: one that ends the text when the lexeme, or the character behind it, is none."""
        if self._bad is not None and self._bad[0] <= lexeme.end:
            if self._bad[0] <= lexeme.start or lexeme.cls is Class.END:
                return Token(END, "", None, 0, previous_column, self._bad[1]), lexeme.end
            return self._token(END, lexeme.start, lexeme.end, error=self._bad[1])
        if self._text[lexeme.start : lexeme.end] == "0B":
            # Go takes this for a binary number without digits, and so Loki refuses it; but it is how no bytes are written.
            return self._token("BYTES", lexeme.start, lexeme.end, 0, with_line=False)
        if lexeme.error is not None:
            return self._token(END, lexeme.start, lexeme.end, error=lexeme.error)
        return None

    def _read(self, lexeme: Lexeme) -> tuple[Token | None, int]:
        """The token and where the next one is looked for; None for a comment."""
        start, end = lexeme.start, lexeme.end
        match lexeme.cls:
            case Class.END:
                return self._end(), end
            case Class.STRING:
                return self._string(start, end)
            case Class.NUMBER:
                return self._unit(start, end) or self._token("NUMBER", start, end)
            case Class.IDENTIFIER:
                return self._word(start, end)
            case Class.CHARACTER:
                return self._token("IDENTIFIER", start, end)
            case _:
                return self._symbol(start)

    def _end(self) -> Token:
        line, column = self._lines.position(len(self._text)) if self._text else (0, 0)
        return Token(END, "", None, line, column)

    def _string(self, start: int, end: int) -> tuple[Token, int]:
        try:
            return self._token("STRING", start, end, unquote(self._text[start:end]))
        except ValueError as error:
            return self._token(END, start, end, error=str(error))

    def _unit(self, start: int, end: int) -> tuple[Token, int] | None:
        """A number that goes on as a duration or a size."""
        if (tail := _DURATION_TAIL.match(self._text, end)) and (ns := duration_ns(self._text[start : tail.end()])) is not None:
            return self._token("DURATION", start, tail.end(), ns, with_line=False)
        if tail := _BYTES_TAIL.match(self._text, end):
            try:
                return self._token("BYTES", start, tail.end(), parse_bytes(self._text[start : tail.end()]), with_line=False)
            except ValueError:
                return None
        return None

    def _word(self, start: int, end: int) -> tuple[Token, int]:
        word = self._text[start:end]
        name = word.lower()
        if name in FUNCTIONS and _CALLED.match(self._text, end):
            return self._token(FUNCTIONS[name], start, end, name)
        if name in _KEYWORDS:
            return self._token(name, start, end, name)
        if self._braces and not word.isascii():
            return self._token("STRING", start, end, word)
        return self._token("IDENTIFIER", start, end, word)

    def _symbol(self, start: int) -> tuple[Token | None, int]:
        one, two = self._text[start], self._text[start : start + 2]
        if one == "#":
            newline = self._text.find("\n", start)
            return None, len(self._text) if newline < 0 else newline
        if one == "[":
            return self._range(start)
        if one == "-" and (signed := self._signed(start)):
            return signed
        if two in _SYMBOLS:
            return self._token(two, start, start + len(two), two, with_line=len(two) == 1)
        if one in _SYMBOLS:
            return self._token(one, start, start + 1, one)
        return self._token("IDENTIFIER", start, start + 1, one)

    def _signed(self, start: int) -> tuple[Token, int] | None:
        if flag := _FLAG.match(self._text, start):
            return self._token("PARSER_FLAG", start, flag.end(), flag[0], with_line=False)
        tail = _DURATION_TAIL.match(self._text, start + 1)
        if tail is None or not tail[0].strip("0123456789."):
            return None
        ns = duration_ns(self._text[start : tail.end()])
        return None if ns is None else self._token("DURATION", start, tail.end(), ns, with_line=False)

    def _range(self, start: int) -> tuple[Token, int]:
        end = self._text.find(_RANGE_END, start)
        if end < 0:
            return self._token(END, start, len(self._text), error="missing closing ']' in duration", with_line=False)
        try:
            return self._token("RANGE", start, end + 1, parse_prometheus_duration(self._text[start + 1 : end]), with_line=False)
        except ValueError as error:
            return self._token(END, start, end + 1, error=str(error), with_line=False)

    def _token(self, kind: str, start: int, end: int, value: object = None, *, with_line: bool = True, error: str | None = None) -> tuple[Token, int]:
        line, column = self._lines.position(start)
        return Token(kind, self._text[start:end], value, line if with_line else 0, column, error), end

"""The lexical rules of Go, which Loki and Tempo inherit for their languages from Go's text/scanner: identifiers, numbers, strings, comments.

`scan` finds one lexeme, whatever the language makes of it. Each call is linear in what it consumes.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

Class = enum.Enum("Class", "IDENTIFIER NUMBER STRING CHARACTER OTHER END")

_BAD = re.compile("[\0\ud800-\udfff]")
_BLANK = re.compile(r"[ \t\r\n]*")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_COMMENT = re.compile(r"//[^\n]*|/\*")
_BASED = re.compile(r"0[xX](?P<hex>[0-9a-fA-F_]*)(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[bB](?P<bin>[0-9_]*)|0[oO](?P<oct>[0-9_]*)")
_DECIMAL = re.compile(r"(?:[0-9][0-9_]*(?P<point>\.[0-9_]*)?|\.[0-9][0-9_]*)(?P<exponent>[eE][+-]?(?P<power>[0-9_]*))?")
_ESCAPE = re.compile(r"""\\(?:[abfnrtv\\]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})""")
_PLAIN = {'"': re.compile(r'[^"\\\n]*'), "'": re.compile(r"[^'\\\n]*")}


@dataclass(slots=True, frozen=True)
class Lexeme:
    """`text[start:end]`. error: what Go's scanner complains about; the lexeme then may end early."""

    cls: Class
    start: int
    end: int
    error: str | None = None


def scan(text: str, offset: int) -> Lexeme:
    """The lexeme at or behind `offset`; blanks and comments in front of it are skipped."""
    start = _skip(text, offset)
    if start < 0:
        return Lexeme(Class.END, -start - 1, len(text), "comment not terminated")
    if start >= len(text):
        return Lexeme(Class.END, len(text), len(text))
    first = text[start]
    if match := _IDENTIFIER.match(text, start):
        return Lexeme(Class.IDENTIFIER, start, match.end())
    if (first.isascii() and first.isdigit()) or (first == "." and text[start + 1 : start + 2] in tuple("0123456789")):
        return _number(text, start)
    if first in ('"', "'"):
        return _quoted(text, start, first)
    if first == "`":
        end = text.find("`", start + 1)
        return Lexeme(Class.STRING, start, len(text) if end < 0 else end + 1, "literal not terminated" if end < 0 else None)
    return Lexeme(Class.OTHER, start, start + 1)


def bad_character(text: str) -> tuple[int, str] | None:
    """Offset of the first character that no text may hold, and Go's complaint. It is met when the lexeme in front of it is read."""
    match = _BAD.search(text)
    if match is None:
        return None
    return match.start(), "invalid character NUL" if match[0] == "\0" else "invalid UTF-8 encoding"


def _skip(text: str, offset: int) -> int:
    """Where the next lexeme starts; `-1 - start` of a comment that does not end."""
    while True:
        match = _BLANK.match(text, offset)
        assert match is not None
        offset = match.end()
        comment = _COMMENT.match(text, offset)
        if comment is None:
            return offset
        if comment[0] != "/*":
            offset = comment.end()
            continue
        end = text.find("*/", comment.end())
        if end < 0:
            return -1 - offset
        offset = end + 2


def _number(text: str, start: int) -> Lexeme:
    match = _BASED.match(text, start)
    if match:
        return Lexeme(Class.NUMBER, start, match.end(), _based_error(match))
    match = _DECIMAL.match(text, start)
    assert match is not None
    return Lexeme(Class.NUMBER, start, match.end(), _decimal_error(match))


def _based_error(match: re.Match[str]) -> str | None:
    names = {"hex": ("hexadecimal", "0123456789abcdefABCDEF"), "bin": ("binary", "01"), "oct": ("octal", "01234567")}
    for group, (name, digits) in names.items():
        if match[group] is None:
            continue
        found = match[group].replace("_", "")
        if not found and "." not in match[0]:
            return f"{name} literal has no digits"
        wrong = next((digit for digit in found if digit not in digits), None)
        if wrong is not None:
            return f"invalid digit {wrong!r} in {name} literal"
    return _separator_error(match[0])


def _decimal_error(match: re.Match[str]) -> str | None:
    if match["exponent"] is not None and not (match["power"] or "").replace("_", ""):
        return "exponent has no digits"
    whole = match[0]
    if whole[0] == "0" and match["exponent"] is None and "." not in whole:
        wrong = next((digit for digit in whole if digit in "89"), None)
        if wrong is not None:
            return f"invalid digit {wrong!r} in octal literal"
    return _separator_error(whole)


def _separator_error(number: str) -> str | None:
    digits = re.sub(r"[A-Za-z0-9]_(?=[0-9a-fA-F])", "", number)
    return "'_' must separate successive digits" if "_" in digits else None


def _quoted(text: str, start: int, quote: str) -> Lexeme:
    """A string in double quotes, or a character in single ones; neither crosses a line."""
    cls = Class.STRING if quote == '"' else Class.CHARACTER
    offset, characters, error = start + 1, 0, None
    while True:
        match = _PLAIN[quote].match(text, offset)
        assert match is not None
        characters += match.end() - offset
        offset = match.end()
        if offset >= len(text) or text[offset] == "\n":
            return Lexeme(cls, start, offset, error or "literal not terminated")
        if text[offset] == quote:
            break
        escape = _ESCAPE.match(text, offset)
        characters += 1
        if escape:
            offset = escape.end()
        elif text.startswith(quote, offset + 1):
            offset += 2
        else:
            error = error or "invalid char escape"
            offset += 1
    if cls is Class.CHARACTER and characters != 1:
        error = error or "invalid char literal"
    return Lexeme(cls, start, offset + 1, error)


_ESCAPED = re.compile(r"\\(?:([abfnrtv\\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_CONTROL = {"a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v"}


def unquote(literal: str) -> str:
    """The value of a string lexeme, quotes included. Raises ValueError("invalid syntax") where an escape names no character.

    Bytes written as escapes that are not UTF-8 together become U+FFFD, as they do in stored lines.
    """
    if literal[0] == "`" or "\\" not in literal:
        return literal[1:-1]
    parts: list[bytes] = []
    offset = 1
    for match in _ESCAPED.finditer(literal, 1, len(literal) - 1):
        parts.append(literal[offset : match.start()].encode("utf-8", "replace"))
        parts.append(_escaped(match))
        offset = match.end()
    parts.append(literal[offset:-1].encode("utf-8", "replace"))
    return b"".join(parts).decode("utf-8", "replace")


def _escaped(match: re.Match[str]) -> bytes:
    simple, octal, byte, short, long = match.groups()
    if simple:
        return _CONTROL.get(simple, simple.encode())
    if octal or byte:
        code = int(octal, 8) if octal else int(byte, 16)
        if code > 0xFF:
            raise ValueError("invalid syntax")
        return bytes((code,))
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid syntax")
    return chr(code).encode()

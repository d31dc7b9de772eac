"""String literals: where they end, what they stand for, and which escapes Prometheus refuses in which words."""

from __future__ import annotations

import re

from lgtm.errors import BadRequest

_HEX = "[0-9a-fA-F]"
_NO_SURROGATE = "(?![dD][89a-fA-F])"
_SIMPLE = {"a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v"}
_ESCAPES = "|".join(
    [
        r"[abfnrtv\\]",
        "[0-3][0-7]{2}",
        f"x{_HEX}{{2}}",
        f"u{_NO_SURROGATE}{_HEX}{{4}}",
        f"U0000{_NO_SURROGATE}{_HEX}{{4}}",
        f"U000[1-9a-fA-F]{_HEX}{{4}}",
        f"U0010{_HEX}{{4}}",
    ]
)
_LITERALS = {mark: re.compile(rf"{mark}(?:[^{mark}\\\n]++|\\(?:{mark}|{_ESCAPES}))*+{mark}") for mark in "\"'"}
_ESCAPE = re.compile(rf"""\\(?:["']|{_ESCAPES})""")
_DIGITS = {"x": (2, 16, 0xFF), "u": (4, 16, 0x10FFFF), "U": (8, 16, 0x10FFFF)} | dict.fromkeys("01234567", (3, 8, 0xFF))
"""By what stands behind the backslash: how many digits, their base, and the greatest code."""


class BadString(BadRequest):
    """The text is no string literal."""


def string_end(text: str, start: int) -> int:
    """Where the literal that begins at `start` ends. Raises BadString."""
    mark = text[start]
    if mark == "`":
        end = text.find("`", start + 1) + 1
        if not end:
            raise BadString("unterminated raw string")
        return end
    match = _LITERALS[mark].match(text, start)
    if match is None:
        raise BadString(_complaint(text, start))
    return match.end()


def unquote_keeping_bytes(literal: str) -> str:
    """The value of a string literal; bytes that are not UTF-8 become lone surrogates, so that they can be told and shown.

    Raises BadString for what is none.
    """
    if string_end(literal, 0) != len(literal):
        raise BadString("unexpected text behind the string")
    if literal[0] == "`" or "\\" not in literal:
        return literal[1:-1]
    parts: list[bytes] = []
    offset = 1
    for match in _ESCAPE.finditer(literal, 1, len(literal) - 1):
        parts += (literal[offset : match.start()].encode("utf-8", "surrogatepass"), _escaped(match[0][1:]))
        offset = match.end()
    parts.append(literal[offset:-1].encode("utf-8", "surrogatepass"))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _escaped(escape: str) -> bytes:
    kind = escape[0]
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind not in _DIGITS:
        return escape.encode()
    if kind in "uU":
        return chr(int(escape[1:], 16)).encode()
    return bytes((int(escape[1:], 16) if kind == "x" else int(escape, 8),))


def _complaint(text: str, start: int) -> str:
    """What is wrong with a quoted literal. Prometheus stops at the first escape that is none, whether the quotes are closed or not."""
    mark, offset = text[start], start + 1
    while offset < len(text) and text[offset] != "\n":
        if text[offset] != "\\":
            offset += 1
        elif (complaint := _escape_complaint(text, offset + 1, mark)) is not None:
            return complaint
        else:
            offset += 2
    return "unterminated quoted string"


def _escape_complaint(text: str, at: int, mark: str) -> str | None:
    kind = text[at : at + 1]
    if kind and (kind in _SIMPLE or kind in ("\\", mark)):
        return None
    if kind and kind not in _DIGITS:
        return f"unknown escape sequence {_code_point(kind)}"
    count, base, greatest = _DIGITS.get(kind, (1, 16, 0))
    first = at + 1 if kind in ("x", "u", "U") else at
    code = 0
    for character in text[first : first + count]:
        digit = "0123456789abcdef".find(character.lower())
        if not 0 <= digit < base:
            return f"illegal character {_code_point(character)} in escape sequence"
        code = code * base + digit
    if len(text) < first + count:
        return "escape sequence not terminated"
    return "escape sequence is an invalid Unicode code point" if code > greatest or 0xD800 <= code < 0xE000 else None


def _code_point(character: str) -> str:
    """As Go's %#U prints it."""
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{ord(character):04X}{shown}"

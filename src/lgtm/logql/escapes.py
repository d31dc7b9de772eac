"""Backslash escapes of JSON strings."""

from __future__ import annotations

import re

UNESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_LONE = re.compile(r"[\ud800-\udfff]")


def unescape(text: str, escapes: dict[str, str] = UNESCAPED, *, lone_surrogates: str | None = None) -> str | None:
    """None when an escape is none, or when half of a surrogate pair stands alone and nothing is given to put in its place."""
    broken = False

    def one(match: re.Match[str]) -> str:
        nonlocal broken
        if match[1]:
            return chr(int(match[1], 16))
        if match[2] not in escapes:
            broken = True
        return escapes.get(match[2], "")

    plain = _ESCAPE.sub(one, text)
    if broken:
        return None
    plain = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)
    if _LONE.search(plain):
        return None if lone_surrogates is None else _LONE.sub(lone_surrogates, plain)
    return plain

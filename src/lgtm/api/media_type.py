"""Media types, with the errors of Go's `mime.ParseMediaType`, which decide between the formats of a push."""

from __future__ import annotations

import re

from lgtm.wire.bounds import MalformedBody

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE = re.compile(rf"({_TOKEN})/({_TOKEN})")
_TOKEN_ONLY = re.compile(_TOKEN)
_PARAMETER = re.compile(rf';\s*({_TOKEN})\s*=\s*({_TOKEN}|"(?:[^"\\\r\n]|\\.)*")\s*')


def media_type(header: str | None) -> str:
    """Lower-case type of a Content-Type header, without its parameters. Raises MalformedBody where Go would."""
    text = header or ""
    base, semicolon, rest = text.partition(";")
    base = base.strip().lower()
    if not base:
        raise MalformedBody("mime: no media type")
    _check_type(base)
    names: set[str] = set()
    rest = (semicolon + rest).strip()
    while rest and rest != ";":
        match = _PARAMETER.match(rest)
        if match is None:
            raise MalformedBody("mime: invalid media parameter")
        if match[1].lower() in names:
            raise MalformedBody("mime: duplicate parameter name")
        names.add(match[1].lower())
        rest = rest[match.end() :]
    return base


def _check_type(base: str) -> None:
    if _TYPE.fullmatch(base) or _TOKEN_ONLY.fullmatch(base):
        return
    if not _TOKEN_ONLY.match(base) or "/" not in base:
        raise MalformedBody("mime: expected slash after first token")
    if not _TYPE.match(base):
        raise MalformedBody("mime: expected token after slash")
    raise MalformedBody("mime: unexpected content after media subtype")

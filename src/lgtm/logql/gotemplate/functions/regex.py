"""Regular expressions, in RE2's syntax. Which matches count, and what `$1` stands for in a replacement, is as in Go's regexp."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import Context, Function, by_name
from lgtm.logql.gotemplate.kinds import from_bytes, to_bytes
from lgtm.logql.gotemplate.limits import VALUE_LENGTH_MAX
from lgtm.model.matchers import InvalidRegex, compile_regex

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
_CHARACTER_WIDTHS = {0xC0: 2, 0xD0: 2, 0xE0: 3, 0xF0: 4}


_COMPILED_MAX = 128
_COMPILE_UNITS = 500
_SEARCH_SHIFT = 14
"""A search may read all that is left of the text before it finds its match: a unit for each 16 KiB."""

_cache: dict[str, Any] = {}


def _compiled(context: Context, pattern: str) -> Any:
    regex = _cache.get(pattern)
    if regex is not None:
        return regex
    context.charge(_COMPILE_UNITS + len(pattern))
    try:
        regex = compile_regex(pattern)
    except InvalidRegex as error:
        raise CallError(str(error)) from error
    if len(_cache) >= _COMPILED_MAX:
        _cache.clear()
    _cache[pattern] = regex
    return regex


def _matches(context: Context, regex: Any, data: bytes) -> Iterator[Any]:
    """Leftmost matches that do not overlap; an empty one right behind another match does not count."""
    pos, previous_end = 0, -1
    while pos <= len(data):
        context.charge(1 + (len(data) - pos >> _SEARCH_SHIFT))
        match = regex.search(data, pos)
        if match is None:
            return
        start, end = match.span()
        if end > start or start != previous_end:
            yield match
        previous_end = end
        pos = end if end > pos else pos + _width(data, pos)


def _width(data: bytes, pos: int) -> int:
    """Of the character at `pos`; its bytes cannot be told apart by a match."""
    first = data[pos] if pos < len(data) else 0
    return _CHARACTER_WIDTHS.get(first & 0xF0, 1)


def _replaced(context: Context, regex: Any, text: str, expand: Callable[[Any], bytes]) -> str:
    data, end, size = to_bytes(text), 0, 0
    pieces: list[bytes] = []
    for match in _matches(context, regex, data):
        start, match_end = match.span()
        replacement = expand(match)
        size += len(replacement)
        if size > VALUE_LENGTH_MAX:
            raise CallError(f"text of more than {VALUE_LENGTH_MAX} characters")
        pieces += (data[end:start], replacement)
        end = match_end
    return from_bytes(b"".join((*pieces, data[end:])))


def replace_all(context: Context, pattern: str, text: str, replacement: str) -> str:
    regex = _compiled(context, pattern)
    parts = _parts(replacement, regex)

    def expand(match: Any) -> bytes:
        return b"".join(part if isinstance(part, bytes) else (match.group(part) or b"") for part in parts)

    return _replaced(context, regex, text, expand)


def replace_all_literal(context: Context, pattern: str, text: str, replacement: str) -> str:
    data = to_bytes(replacement)
    return _replaced(context, _compiled(context, pattern), text, lambda _: data)


def count(context: Context, pattern: str, text: str) -> int:
    return sum(1 for _ in _matches(context, _compiled(context, pattern), to_bytes(text)))


def _parts(replacement: str, regex: Any) -> list[bytes | int]:
    """Literal bytes and numbers of groups. `$name` takes the longest name; a group that is not there is empty; a lone `$` stays."""
    parts: list[bytes | int] = []
    end = 0
    for match in _REFERENCE.finditer(replacement):
        parts.append(to_bytes(replacement[end : match.start()]))
        end = match.end()
        name = match[1] or match[2]
        if name is None:
            parts.append(b"$")
            continue
        group = int(name) if name.isascii() and name.isdigit() and len(name) < 6 else regex.groupindex.get(name)
        if group is not None and group <= regex.groups:
            parts.append(group)
    parts.append(to_bytes(replacement[end:]))
    return parts


FUNCTIONS = by_name(
    (
        Function("regexReplaceAll", ("string", "string", "string"), replace_all, contextual=True),
        Function("regexReplaceAllLiteral", ("string", "string", "string"), replace_all_literal, contextual=True),
        Function("count", ("string", "string"), count, contextual=True),
    )
)

"""One line of JSON: forgiving in the way of the jsonparser library, because what Loki extracts from a broken line follows from it.

A line that is right is read by the interpreter's own decoder; only what that refuses goes through the slow reader below. Keys before the place
where a line breaks are labels, text behind the object is ignored, so is a comma before `}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder, dumps
from typing import Any

from lgtm.logql.escapes import unescape
from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.logql.values import sanitize_name

JsonStep = str | int
"""A field name or an index of an array."""

DEPTH_MAX = 100
"""Objects within objects. Deeper lines are marked as broken: no log needs them, and the interpreter's stack is not for a line to fill."""

NO_OBJECT = "Value looks like object, but can't find closing '}' symbol"
NO_ARRAY = "Value is array, but can't find closing ']' symbol"
NO_STRING = "Value is string, but can't find closing '\"' symbol"
MALFORMED = "Malformed JSON error"
UNKNOWN = "Unknown value type"
BAD_ESCAPE = "Encountered an invalid escape sequence in a string"
NOT_AN_OBJECT = "expecting json object(6), but it is not"

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^ \t\r\n,}\]]*")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]"]', re.DOTALL)
_NOT_FOR_THE_DECODER = re.compile(r"\\u[dD]|\ufffd|\\u[fF]{3}[dD]")


class _Enough(Exception):
    pass


class _Json:
    """A line and where its objects and arrays end, found in one pass and only when somebody asks."""

    __slots__ = ("_ends", "line")

    def __init__(self, line: str) -> None:
        self.line = line
        self._ends: dict[int, int] | None = None

    def end_of(self, start: int, limit: int) -> int:
        """Behind the bracket that closes the one at `start`. Raises LineError."""
        if self._ends is None:
            self._ends = _bracket_ends(self.line)
        end = self._ends.get(start, limit + 1)
        if end > limit:
            raise LineError(NO_OBJECT if self.line[start] == "{" else NO_ARRAY)
        return end


def read_json(line: str, labels: LineLabels) -> None:
    """Every field as a label. Raises LineError."""
    fields = _decoded(line)
    try:
        if fields is not None:
            _flatten(fields, "", labels, 1)
        else:
            _flatten_broken(_Json(line), 0, len(line), "", labels, 1)
    except _Enough:
        pass


def read_json_paths(line: str, labels: LineLabels, paths: dict[str, tuple[JsonStep, ...]]) -> None:
    """paths: name of the label → where its value is; labels that are found nowhere are empty. Raises LineError."""
    if not line:
        return
    if line[0] not in '{["':
        raise LineError(None)
    text = _Json(line)
    failed: LineError | None = None
    for name, path in paths.items():
        try:
            value = _lookup(text, path)
        except LineError as error:
            value, failed = None, error
        if value is not None:
            labels.add(name, value)
        else:
            labels.fill(name)
    if failed is not None:
        raise failed


def read_packed(line: str, labels: LineLabels) -> None:
    """String fields as labels and `_entry` as the line, where there is one. Raises LineError."""
    if not line:
        return
    if line[0] != "{":
        raise LineError(NOT_AN_OBJECT)
    texts: dict[str, str] = {}
    for key, kind, start, end in _fields(_Json(line), 0, len(line)):
        if kind == '"':
            texts.setdefault(key, unescape(line[start + 1 : end - 1]) or "")
    if "_entry" in texts:
        labels.line = texts.pop("_entry")
        for key, value in texts.items():
            if name := sanitize_name(key):
                labels.add(name, value)


def _no_constant(_: str) -> Any:
    raise ValueError("NaN is no JSON")


_DECODER = JSONDecoder(object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=_no_constant)


def _decoded(line: str) -> Any | None:
    """Objects as tuples of pairs, numbers as they are written; None for what the slow reader has to look at."""
    start = _skip(line, 0, len(line))
    if line[start : start + 1] != "{" or ("\\" in line and _NOT_FOR_THE_DECODER.search(line)):
        return None
    try:
        return _DECODER.raw_decode(line, start)[0]
    except (ValueError, RecursionError):
        return None


def _flatten(fields: Any, prefix: str, labels: LineLabels, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise LineError(f"nested deeper than {DEPTH_MAX}")
    for key, value in fields:
        if isinstance(value, str):
            _add(labels, prefix, key, value)
        elif isinstance(value, tuple):
            _flatten(value, _joined(prefix, key), labels, depth + 1)
        elif isinstance(value, bool):
            _add(labels, prefix, key, "true" if value else "false")


def _flatten_broken(json: _Json, start: int, end: int, prefix: str, labels: LineLabels, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise LineError(f"nested deeper than {DEPTH_MAX}")
    for key, kind, value_start, value_end in _fields(json, start, end):
        if kind == "{":
            _flatten_broken(json, value_start, value_end, _joined(prefix, key), labels, depth + 1)
        elif kind == '"':
            _add(labels, prefix, key, unescape(json.line[value_start + 1 : value_end - 1]) or "")
        elif kind in "0t":
            _add(labels, prefix, key, json.line[value_start:value_end])


def _add(labels: LineLabels, prefix: str, key: str, value: str) -> None:
    name = _joined(prefix, key)
    if name and labels.add(name, value):
        raise _Enough


def _joined(prefix: str, key: str) -> str:
    name = sanitize_name(key)
    if not prefix:
        return name
    return f"{prefix}_{name[1:] if name[:1] == '_' and key.strip()[:1].isdigit() else name}"


def _fields(json: _Json, start: int, limit: int) -> Iterator[tuple[str, str, int, int]]:
    """(key, kind, start, end) of the fields of the object at `start`; kind: { [ " 0 (number) t (true, false) n (null). Raises LineError."""
    line = json.line
    at = _skip(line, start, limit)
    if line[at : at + 1] != "{" or at >= limit:
        raise LineError(NO_OBJECT)
    at = _skip(line, at + 1, limit)
    if at >= limit:
        raise LineError(MALFORMED)
    while at < limit:
        if line[at] == "}":
            return
        if line[at] != '"':
            raise LineError(NO_OBJECT)
        match = _STRING.match(line, at, limit)
        if match is None:
            raise LineError(MALFORMED)
        key = unescape(match[1]) if "\\" in match[1] else match[1]
        if key is None:
            raise LineError(BAD_ESCAPE)
        at = _skip(line, match.end(), limit)
        if line[at : at + 1] != ":" or at >= limit:
            raise LineError(MALFORMED)
        kind, value_start, value_end = _value(json, at + 1, limit)
        yield key, kind, value_start, value_end
        at = _skip(line, value_end, limit)
        if at >= limit:
            raise LineError(NO_ARRAY)
        if line[at] == "}":
            return
        if line[at] != ",":
            raise LineError(NO_OBJECT)
        at = _skip(line, at + 1, limit)
        if at >= limit:
            raise LineError(NO_ARRAY)
    raise LineError(NO_OBJECT)


def _value(json: _Json, start: int, limit: int) -> tuple[str, int, int]:
    line = json.line
    start = _skip(line, start, limit)
    if start >= limit:
        raise LineError(MALFORMED)
    kind = line[start]
    if kind == '"':
        match = _STRING.match(line, start, limit)
        if match is None:
            raise LineError(NO_STRING)
        return kind, start, match.end()
    if kind in "{[":
        return kind, start, json.end_of(start, limit)
    match = _BARE.match(line, start, limit)
    assert match is not None
    token = match[0]
    if token in ("true", "false"):
        return "t", start, match.end()
    if token == "null":
        return "n", start, match.end()
    if token[:1] in "0123456789-" and token:
        return "0", start, match.end()
    raise LineError(UNKNOWN)


def _bracket_ends(line: str) -> dict[int, int]:
    """Braces close braces and brackets brackets, whatever stands between; what is in strings does not count."""
    open_at: dict[str, list[int]] = {"}": [], "]": []}
    ends = {}
    for match in _BRACKETS.finditer(line):
        token = match[0]
        if token == '"':
            break
        if token in "{[":
            open_at["}" if token == "{" else "]"].append(match.start())
        elif token in "}]" and open_at[token]:
            ends[open_at[token].pop()] = match.end()
    return ends


def _lookup(json: _Json, path: tuple[JsonStep, ...]) -> str | None:
    """The value at a path as text: strings unescaped, null as nothing, objects and arrays as they are written. None: not there."""
    line = json.line
    kind, start, end = line[0], 0, len(line)
    for index, step in enumerate(path):
        found = _child(json, kind, start, end, step, last=index == len(path) - 1)
        if found is None:
            return None
        kind, start, end = found
    if kind == '"':
        return unescape(line[start + 1 : end - 1]) or ""
    return "" if kind == "n" else line[start:end]


def _child(json: _Json, kind: str, start: int, end: int, step: JsonStep, *, last: bool) -> tuple[str, int, int] | None:
    try:
        if isinstance(step, str):
            return next(((k, s, e) for key, k, s, e in _keyed(json, kind, start, end, step)), None)
        return _element(json, kind, start, end, step)
    except _Found as found:
        if last:
            raise LineError(found.details) from None
        return None
    except LineError:
        return None


class _Found(Exception):
    """The key is there and its value is broken."""

    def __init__(self, details: str | None) -> None:
        self.details = details


def _keyed(json: _Json, kind: str, start: int, end: int, wanted: str) -> Iterator[tuple[str, str, int, int]]:
    if kind != "{":
        return
    fields = _fields(json, start, end)
    at = start
    while True:
        try:
            key, value_kind, value_start, value_end = next(fields)
        except StopIteration:
            return
        except LineError as error:
            if re.compile(r"[,{ \t\r\n]*" + re.escape(dumps(wanted, ensure_ascii=False)) + r"[ \t\r\n]*:").match(json.line, at, end):
                raise _Found(error.details) from None
            raise
        at = value_end
        if key == wanted:
            yield key, value_kind, value_start, value_end
            return


def _element(json: _Json, kind: str, start: int, end: int, index: int) -> tuple[str, int, int] | None:
    line = json.line
    if kind != "[":
        return None
    at = start + 1
    for number in range(index + 1):
        at = _skip(line, at, end)
        if at >= end or line[at] == "]":
            return None
        found = _value(json, at, end)
        if number == index:
            return found
        at = _skip(line, found[2], end)
        if line[at : at + 1] != ",":
            return None
        at += 1
    return None


def _skip(line: str, start: int, limit: int) -> int:
    match = _SPACE.match(line, start, limit)
    assert match is not None
    return match.end()

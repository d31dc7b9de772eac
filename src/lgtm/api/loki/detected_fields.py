"""Which fields the newest lines of a query have: structured metadata, and what JSON, or else logfmt, finds in each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from starlette.responses import Response

from lgtm.api.loki.detected_types import value_type
from lgtm.api.loki.encode import dump
from lgtm.api.loki.engine import LogAnswer
from lgtm.api.loki.params import read_limit, read_step
from lgtm.api.loki.side import Call, QuerySide
from lgtm.logql.evaluate_log import LogResult, fold
from lgtm.logql.frame import ERROR, ERROR_DETAILS
from lgtm.logql.json_line import DEPTH_MAX, read_json
from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.logql.logfmt_line import read_logfmt
from lgtm.logql.parser import parse_log_selector
from lgtm.logql.values import sanitize_name
from lgtm.model.window import Window

LINE_LIMIT = 100
FIELD_LIMIT = 1_000
_NOT_FIELDS = (ERROR, ERROR_DETAILS)


@dataclass(slots=True)
class Field:
    """parsers: who found it in a line; none of them for structured metadata. path: of its keys in JSON. values: in order of appearance."""

    parsers: list[str] = field(default_factory=list)
    path: list[str] | None = None
    values: dict[str, None] = field(default_factory=dict)
    _oldest: tuple[int, str] | None = None

    @property
    def type(self) -> str:
        """That of the oldest value, which is the one that recorded answers go by."""
        return value_type(self._oldest[1]) if self._oldest else "string"

    def add(self, ts_ns: int, value: str, parser: str | None, path: list[str] | None) -> None:
        self.values.setdefault(value)
        if parser and parser not in self.parsers:
            self.parsers.append(parser)
        self.path = self.path or path
        if self._oldest is None or ts_ns < self._oldest[0]:
            self._oldest = (ts_ns, value)


@dataclass(slots=True, frozen=True)
class Found:
    """What one line holds, and how it was read."""

    labels: dict[str, str]
    parser: str | None
    paths: dict[str, list[str]]


async def detected_fields(side: QuerySide, call: Call) -> Response:
    limit, answer = await _newest_lines(side, call)
    return await side.encode(_effort(answer), partial(_encode_fields, answer.result, limit))


async def detected_field_values(side: QuerySide, call: Call) -> Response:
    """Values of the one field that the path names."""
    limit, answer = await _newest_lines(side, call)
    return await side.encode(_effort(answer), partial(_encode_values, answer.result, call.name, limit))


async def _newest_lines(side: QuerySide, call: Call) -> tuple[int, LogAnswer]:
    form, bounds = call.form, call.bounds()
    bounds.check_order()
    line_limit = read_limit(form.get("line_limit"), LINE_LIMIT)
    limit = read_limit(form.get("limit") or form.get("field_limit"), FIELD_LIMIT)
    read_step(form.get("step"), bounds)
    text = form.get("query")
    expr = await side.read(len(text), lambda: parse_log_selector(text))
    window = Window(bounds.start_ns, bounds.end_ns)
    return limit, await side.engine.log_query(call.tenant, expr, window=window, limit=line_limit, forward=False)


def _effort(answer: LogAnswer) -> int:
    """Reading a line costs as much as encoding some ten entries."""
    return 10 * len(answer.result)


def _encode_fields(result: LogResult, limit: int) -> bytes:
    fields = [
        {"label": name, "type": each.type, "cardinality": len(each.values), "parsers": each.parsers or None}
        | ({"jsonPath": each.path} if each.path else {})
        for name, each in detect(result, limit).items()
    ]
    return dump({"fields": fields, "limit": limit} if fields else {})


def _encode_values(result: LogResult, name: str, limit: int) -> bytes:
    found = detect(result, FIELD_LIMIT).get(name)
    return dump({"values": list(found.values)[:limit], "limit": limit} if found else {})


def detect(result: LogResult, fields_max: int) -> dict[str, Field]:
    """Fields by name, the first `fields_max` that are met: stream by stream, as recorded answers list the parsers."""
    fields: dict[str, Field] = {}
    streams = [fold(labels) for labels in result.labels]
    for row in sorted(range(len(result)), key=lambda row: streams[int(result.codes[row])]):
        labels, ts_ns = result.labels[int(result.codes[row])], int(result.ts_ns[row])
        found = read_line(result.lines[row], frozenset(name for name, _ in labels.stream))
        for parser, values in ((None, dict(labels.metadata)), (found.parser, {**dict(labels.parsed), **found.labels})):
            for name, value in values.items():
                if name not in _NOT_FIELDS and (name in fields or len(fields) < fields_max):
                    path = found.paths.get(name) if parser == "json" else None
                    fields.setdefault(name, Field()).add(ts_ns, value, parser, path)
    return fields


def read_line(line: str, stored: frozenset[str]) -> Found:
    """stored: names of the stream's labels, for which a field makes way."""
    labels = LineLabels(stored)
    try:
        read_json(line, labels)
        return Found(labels.found, "json", {_exposed(name, stored): path for name, path in json_paths(line).items()})
    except LineError:
        pass
    labels = LineLabels(stored)
    read_logfmt(line, labels, strict=False, keep_empty=False)
    return Found(labels.found, "logfmt", {})


def json_paths(line: str) -> dict[str, list[str]]:
    """Name of each field → the keys that lead to it."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    paths: dict[str, list[str]] = {}
    _walk(fields, "", [], paths)
    return paths


def _walk(fields: Any, prefix: str, path: list[str], paths: dict[str, list[str]]) -> None:
    if not isinstance(fields, dict) or len(path) > DEPTH_MAX:
        return
    for key, value in fields.items():
        name = f"{prefix}_{sanitize_name(key)}" if prefix else sanitize_name(key)
        if isinstance(value, dict):
            _walk(value, name, [*path, key], paths)
        else:
            paths.setdefault(name, [*path, key])


def _exposed(name: str, stored: frozenset[str]) -> str:
    return f"{name}_extracted" if name in stored else name

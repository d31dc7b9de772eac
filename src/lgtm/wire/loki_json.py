"""Loki push in JSON to columns: the current form, and the legacy one of `/api/prom/push`.

{"streams": [{"stream": {"app": "api"}, "values": [["<ns>", "line", {"trace_id": "1"}]]}]}
{"streams": [{"labels": "{app=\"api\"}", "entries": [{"ts": "<RFC 3339>", "line": ""}]}]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np
import orjson
import pyarrow as pa

from lgtm.model.labels import quote
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN
from lgtm.wire.bounds import BOUNDS, BodyBounds, DecompressedTooLarge, MalformedBody, NoStreams, TooManyRows, TooManyStreams
from lgtm.wire.columns import MetadataColumns, Pairs, record_batch
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from lgtm.wire.go_text import rfc3339_ns
from lgtm.wire.labels_text import parse_labels
from lgtm.wire.metadata_names import sanitize

_TIMESTAMP_CHARACTERS_MAX = 20


class _Rows:
    """Entries read so far, as columns of Python values; the request is walked once."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self.streams: list[DecodedStream] = []
        self.series: list[int] = []
        self.ts: list[int] = []
        self.line: list[str] = []
        self.pair_rows: list[int] = []
        self.pair_names: list[int] = []
        self.pair_values: list[str] = []
        self.keys: dict[str, int] = {}

    def add(self, ts: int, line: str, metadata: dict[str, str] | None) -> None:
        row = len(self.ts)
        if row >= self._rows_max:
            raise TooManyRows(self._rows_max)
        self.series.append(len(self.streams) - 1)
        self.ts.append(ts)
        self.line.append(line)
        for name, value in (metadata or {}).items():
            self.pair_rows.append(row)
            self.pair_names.append(self.keys.setdefault(name, len(self.keys)))
            self.pair_values.append(value)

    def decoded(self, bounds: BodyBounds) -> DecodedLogs:
        keys = [sanitize(name) for name in self.keys]
        metadata = MetadataColumns(bytes_max=bounds.metadata_bytes_max, first_wins=True)
        picks = np.arange(len(self.pair_rows), dtype=np.int64)
        pool = pa.array(self.pair_values, pa.string())
        metadata.add(Pairs(np.array(self.pair_rows, np.int64), np.array(self.pair_names, np.int64), picks, keys, pool))
        columns = np.array(self.series, np.int64), np.array(self.ts, np.int64), pa.array(self.line, pa.string())
        return DecodedLogs(tuple(self.streams), record_batch(*columns, metadata), "loki")


def decode_json_push(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedLogs:
    """Raises as `loki_push.decode_push`. Text after the document is overlooked, as Loki does."""
    streams = _streams(data, bounds)
    rows = _Rows(bounds.rows_max)
    for number, stream in enumerate(streams):
        if stream is not None:
            _read_stream(rows, stream, f"streams[{number}]")
    return rows.decoded(bounds)


def decode_legacy_json_push(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedLogs:
    """The legacy form; streams in the current form are read as well, since dropping them in silence would lose them."""
    streams = _streams(data, bounds)
    rows = _Rows(bounds.rows_max)
    for number, stream in enumerate(streams):
        if isinstance(stream, dict) and not {"labels", "entries"} & stream.keys():
            _read_stream(rows, stream, f"streams[{number}]")
        elif stream is not None:
            _read_legacy_stream(rows, stream, f"streams[{number}]")
    return rows.decoded(bounds)


def load_json(data: bytes, bounds: BodyBounds) -> Any:
    """The JSON document at the start of `data`. Raises MalformedBody, also for nesting beyond orjson's 1,024 levels."""
    if len(data) > bounds.json_bytes_max:
        raise DecompressedTooLarge(len(data), bounds.json_bytes_max)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("unexpected content after document"):
            return orjson.loads(data.decode()[: error.pos])
        raise MalformedBody(f"json: {error}") from error


def _streams(data: bytes, bounds: BodyBounds) -> list[Any]:
    document = load_json(data, bounds)
    if document is not None and not isinstance(document, dict):
        _expected("an object", "the request")
    streams = (document or {}).get("streams")
    if streams is not None and not isinstance(streams, list):
        _expected("an array", "streams")
    if not streams:
        raise NoStreams
    if len(streams) > bounds.streams_max:
        raise TooManyStreams(bounds.streams_max)
    return list(streams)


def _read_stream(rows: _Rows, stream: Any, where: str) -> None:
    if not isinstance(stream, dict):
        _expected("an object", where)
    labels = stream.get("stream")
    if labels is not None and not isinstance(labels, dict):
        _expected("an object", f"{where}.stream")
    rows.streams.append(_stream_of((labels or {}).items()))
    values = stream.get("values")
    if values is not None and not isinstance(values, list):
        _expected("an array", f"{where}.values")
    for number, value in enumerate(values or ()):
        if value is not None:
            _read_value(rows, value, f"{where}.values[{number}]")


def _read_value(rows: _Rows, value: Any, where: str) -> None:
    """One `[ts, line, metadata]`; what follows is ignored."""
    if type(value) is not list or not value:
        _expected("an array of time and line", where)
    line = value[1] if len(value) > 1 else ""
    if type(line) is not str:
        _expected("a string", f"{where}[1]")
    metadata = value[2] if len(value) > 2 else {}
    if type(metadata) is not dict:
        _expected("an object", f"{where}[2]")
    for name, text in metadata.items():
        if type(text) is not str:
            _expected("a string", f"{where}[2].{name[:64]}")
    rows.add(_timestamp_ns(value[0], where), line, metadata)


def _timestamp_ns(text: Any, where: str) -> int:
    """A string of digits with perhaps a sign, within int64."""
    if type(text) is str and 0 < len(text) <= _TIMESTAMP_CHARACTERS_MAX and text.isascii():
        digits = text[1:] if text[0] in "+-" else text
        if digits.isdigit() and TS_NS_MIN <= (ns := int(text)) <= TS_NS_MAX:
            return ns
    _expected("a string of integer nanoseconds within 64 bits", f"{where}[0]")


def _read_legacy_stream(rows: _Rows, stream: Any, where: str) -> None:
    if not isinstance(stream, dict):
        _expected("an object", where)
    text, entries = _or(stream.get("labels"), ""), _or(stream.get("entries"), [])
    if not isinstance(text, str):
        _expected("a string", f"{where}.labels")
    if not isinstance(entries, list):
        _expected("an array", f"{where}.entries")
    rows.streams.append(DecodedStream(text, parse_labels(text.encode())))
    for number, entry in enumerate(entries):
        at = f"{where}.entries[{number}]"
        if not isinstance(entry, dict):
            _expected("an object", at)
        line = _or(entry.get("line"), "")
        if not isinstance(line, str):
            _expected("a string", f"{at}.line")
        rows.add(_rfc3339(entry.get("ts"), at), line, None)


def _rfc3339(text: Any, where: str) -> int:
    try:
        if TS_NS_MIN <= (ns := rfc3339_ns(text if isinstance(text, str) else "")) <= TS_NS_MAX:
            return ns
    except (ValueError, OverflowError):
        pass
    _expected("an RFC 3339 time", f"{where}.ts")


def _stream_of(labels: Iterable[tuple[str, Any]]) -> DecodedStream:
    """Through the label syntax, so that a name which could not be pushed in protobuf cannot be pushed in JSON either."""
    text = "{" + ", ".join(f"{name}={quote(_raw(value))}" for name, value in sorted(labels)) + "}"
    return DecodedStream(text, parse_labels(text.encode()))


def _raw(value: Any) -> str:
    """A label value of another JSON type is taken by its text."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise MalformedBody("json: label value is nested too deeply") from error


def _or(value: Any, default: Any) -> Any:
    """null is absent."""
    return default if value is None else value


def _expected(what: str, where: str) -> NoReturn:
    raise MalformedBody(f"json: {where} must be {what}")

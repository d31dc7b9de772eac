"""OTLP logs to columns: `ExportLogsServiceRequest` in protobuf or JSON, mapped as Loki maps it.

Resource attributes that a tenant indexes become labels of the stream; all others, with those of scope and record and the record's own fields,
become structured metadata. Where names meet, scope beats resource beats the record's fields beat its attributes: Loki's order.

    ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1 }
    ResourceLogs { Resource resource = 1 { attributes = 1 }; repeated ScopeLogs scope_logs = 2 }
    ScopeLogs    { Scope scope = 1 { name = 1; version = 2; attributes = 3; dropped_attributes_count = 4 }; repeated LogRecord log_records = 2 }
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lgtm.model.labels import format_labels
from lgtm.wire.any_value import KEY, MAP, VALUE, Value, Values
from lgtm.wire.bounds import BOUNDS, BodyBounds, NoStreams, TooManyStreams
from lgtm.wire.columns import MetadataColumns, Pairs, record_batch
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from lgtm.wire.fields import Ints, Places
from lgtm.wire.metadata_names import InvalidMetadataName, sanitize
from lgtm.wire.otlp_json import logs_to_protobuf
from lgtm.wire.otlp_record import ATTRIBUTES, BODY, LogRecords
from lgtm.wire.otlp_resource import read_resource, read_scope, sanitized
from lgtm.wire.protobuf import LENGTH_DELIMITED, Buffer, tag
from lgtm.wire.text import decode

_RESOURCE_LOGS, _SCOPE_LOGS, _LOG_RECORDS = 1, 2, 2
_RESOURCE, _SCOPE = tag(1, LENGTH_DELIMITED), tag(1, LENGTH_DELIMITED)

Run = tuple[int, int, tuple[tuple[str, str], ...]]
"""Pairs that hold for the rows [start, end)."""


class InvalidAttributeName(InvalidMetadataName):
    def __str__(self) -> str:
        return f"symbolizer lookup: {super().__str__()}"


@dataclass(slots=True)
class _Read:
    """Where the records of a request lie, and what their resources and scopes say for runs [start, end) of rows."""

    streams: list[DecodedStream] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    of_resources: list[Run] = field(default_factory=list)
    of_scopes: list[Run] = field(default_factory=list)


def decode_otlp_logs(data: bytes, *, json: bool, now_ns: int, index_attributes: Collection[str], bounds: BodyBounds = BOUNDS) -> DecodedLogs:
    """now_ns: time of records that have none. index_attributes: keys of resource attributes that become labels.

    Pure, and free to run in any thread. Raises NoStreams for a request without records, InvalidAttributeName or MalformedBody for one that is
    wrong in any place, and BodyTooLarge kinds; then nothing of it counts.
    """
    buffer = Buffer(logs_to_protobuf(data, bounds) if json else data)
    try:
        return _decode(buffer, now_ns, frozenset(index_attributes), bounds)
    except InvalidMetadataName as error:
        raise InvalidAttributeName(*error.args) from error


def _decode(buffer: Buffer, now_ns: int, index_attributes: frozenset[str], bounds: BodyBounds) -> DecodedLogs:
    read = _read_resources(buffer, index_attributes, bounds)
    rows = len(read.starts)
    if not rows:
        raise NoStreams
    records = LogRecords.read(buffer, np.array(read.starts, np.int64), np.array(read.ends, np.int64), now_ns)
    body = Values.read(buffer, *records.fields[BODY].last(rows))
    line = body.texts(lambda row: f"body of record {row}")
    metadata = MetadataColumns(bytes_max=bounds.metadata_bytes_max)
    _add_attributes(metadata, buffer, records.fields[ATTRIBUTES])
    for pairs in records.own_fields():
        metadata.add(pairs)
    for runs in (read.of_resources, read.of_scopes):
        _add_runs(metadata, runs)
    series = np.repeat(np.arange(len(read.streams), dtype=np.int64), read.counts)
    return DecodedLogs(tuple(read.streams), record_batch(series, records.ts, line, metadata), "otlp")


def _read_resources(buffer: Buffer, index_attributes: frozenset[str], bounds: BodyBounds) -> _Read:
    read = _Read()
    resources = buffer.messages(_RESOURCE_LOGS, most=bounds.rows_max)
    for start, end in zip(resources.starts, resources.ends, strict=True):
        scopes = buffer.messages(_SCOPE_LOGS, start, end, most=bounds.rows_max)
        first = len(read.starts)
        for scope_start, scope_end in zip(scopes.starts, scopes.ends, strict=True):
            _read_scope(read, buffer, scope_start, scope_end, bounds)
        if len(read.starts) > first:
            resource_start, resource_end = scopes.others.get(_RESOURCE, (0, 0))
            resource = read_resource(buffer.data[resource_start:resource_end], index_attributes)
            read.streams.append(DecodedStream(format_labels(sorted(resource.labels)), resource.labels))
            read.counts.append(len(read.starts) - first)
            read.of_resources.append((first, len(read.starts), resource.metadata))
            if len(read.streams) > bounds.streams_max:
                raise TooManyStreams(bounds.streams_max)
    return read


def _read_scope(read: _Read, buffer: Buffer, start: int, end: int, bounds: BodyBounds) -> None:
    first = len(read.starts)
    records = buffer.messages(_LOG_RECORDS, start, end, most=bounds.rows_max - first)
    read.starts += records.starts
    read.ends += records.ends
    if records.starts and _SCOPE in records.others:
        read.of_scopes.append((first, len(read.starts), read_scope(buffer.data[slice(*records.others[_SCOPE])])))


def _add_runs(metadata: MetadataColumns, runs: list[Run]) -> None:
    """Pairs that hold for all rows of a run: each value is kept once, however many rows it is for."""
    keys: dict[str, int] = {}
    rows: list[Ints] = []
    names: list[int] = []
    lengths: list[int] = []
    values: list[str] = []
    metadata.announce(
        sum(len(pairs) * (end - start) for start, end, pairs in runs),
        sum(len(value) * (end - start) for start, end, pairs in runs for _, value in pairs),
    )
    for start, end, pairs in runs:
        for name, value in pairs:
            rows.append(np.arange(start, end, dtype=np.int64))
            names.append(keys.setdefault(name, len(keys)))
            lengths.append(end - start)
            values.append(value)
    if rows:
        picks = np.repeat(np.arange(len(values), dtype=np.int64), lengths)
        columns = np.repeat(np.array(names, np.int64), lengths)
        metadata.add(Pairs(np.concatenate(rows), columns, picks, list(keys), pa.array(values, pa.string())))


def _add_attributes(metadata: MetadataColumns, buffer: Buffer, places: Places) -> None:
    """Attributes of all records at once. Maps, which become a pair for each leaf, are added one by one after them."""
    if not len(places):
        return
    fields = buffer.fields(places.start, places.end, KEY, VALUE)
    encoded = buffer.binary(*fields[KEY].last(len(places))).dictionary_encode()
    keys = [decode(key, lambda: "key of an attribute") for key in encoded.dictionary.to_pylist()]
    names = encoded.indices.to_numpy().astype(np.int64)
    values = Values.read(buffer, *fields[VALUE].last(len(places)))
    maps = values.of_kind(MAP)
    what = _attribute_namer(places, names, keys)
    plain = np.flatnonzero(values.kind != MAP)
    texts = values.without(MAP).texts(what)
    metadata.add(Pairs(places.row[plain], names[plain], plain, [sanitize(key) for key in keys], texts))
    _add_maps(metadata, places.row[maps], [(keys[names[index]], values.nested(index)) for index in maps.tolist()])


def _add_maps(metadata: MetadataColumns, rows: Ints, maps: list[tuple[str, Value]]) -> None:
    keys: dict[str, int] = {}
    of_pairs: list[tuple[int, int, str]] = []
    for row, (key, value) in zip(rows.tolist(), maps, strict=True):
        of_pairs += [(row, keys.setdefault(name, len(keys)), text) for name, text in sanitized([(key, value)])]
    if of_pairs:
        row, name, text = zip(*of_pairs, strict=True)
        columns = np.array(row, np.int64), np.array(name, np.int64), np.arange(len(row), dtype=np.int64)
        metadata.add(Pairs(*columns, list(keys), pa.array(text, pa.string())))


def _attribute_namer(places: Places, names: Ints, keys: list[str]) -> Callable[[int], str]:
    return lambda index: f"attribute {keys[names[index]]} of record {places.row[index]}"

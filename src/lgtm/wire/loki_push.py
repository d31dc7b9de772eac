"""Loki push in protobuf: `logproto.PushRequest`, decompressed, to columns.

PushRequest { repeated Stream streams = 1 }
Stream      { string labels = 1; repeated Entry entries = 2 }
Entry       { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3 }
LabelPair   { string name = 1; string value = 2 }
Timestamp   { int64 seconds = 1; int32 nanos = 2 }
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from lgtm.clock import NS_PER_S
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN
from lgtm.wire.bounds import BOUNDS, BodyBounds, MalformedBody, NoStreams, TooManyStreams
from lgtm.wire.columns import MetadataColumns, Pairs, record_batch
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from lgtm.wire.fields import Ints, Places
from lgtm.wire.labels_text import parse_labels
from lgtm.wire.metadata_names import sanitize
from lgtm.wire.protobuf import LENGTH_DELIMITED, VARINT, Buffer, tag
from lgtm.wire.text import decode, utf8

_STREAMS, _ENTRIES = 1, 2
_LABELS = tag(1, LENGTH_DELIMITED)
_TIMESTAMP, _LINE, _METADATA = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_SECONDS, _NANOS = tag(1, VARINT), tag(2, VARINT)
_NAME, _VALUE = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)


def decode_push(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedLogs:
    """Pure, and free to run in any thread.

    Raises NoStreams for a request without streams, InvalidLabels, InvalidMetadataName or MalformedBody for one that is wrong in any place, and
    BodyTooLarge kinds; then nothing of it counts.
    """
    buffer = Buffer(data)
    streams, series, starts, ends = _entries(buffer, bounds)
    places = buffer.fields(starts, ends, _TIMESTAMP, _LINE, _METADATA)
    ts = _timestamps(buffer, places[_TIMESTAMP], series)
    start, end = places[_LINE].last(len(series))
    line = utf8(buffer.binary(start, end), lambda row: f"line of {_entry(series, row)}")
    metadata = MetadataColumns(bytes_max=bounds.metadata_bytes_max, first_wins=True)
    if len(places[_METADATA]):
        metadata.add(_metadata(buffer, places[_METADATA], series))
    return DecodedLogs(tuple(streams), record_batch(series, ts, line, metadata), "loki")


def _entries(buffer: Buffer, bounds: BodyBounds) -> tuple[list[DecodedStream], Ints, Ints, Ints]:
    """Streams, and of each entry its stream and place."""
    spans = buffer.messages(_STREAMS, most=bounds.rows_max)
    if len(spans.starts) > bounds.streams_max:
        raise TooManyStreams(bounds.streams_max)
    if not spans.starts:
        raise NoStreams
    streams: list[DecodedStream] = []
    counts: list[int] = []
    starts, ends = array("q"), array("q")
    for number, (start, end) in enumerate(zip(spans.starts, spans.ends, strict=True)):
        entries = buffer.messages(_ENTRIES, start, end, most=bounds.rows_max - len(starts))
        label_start, label_end = entries.others.get(_LABELS, (0, 0))
        text = buffer.data[label_start:label_end]
        labels = parse_labels(text)
        streams.append(DecodedStream(decode(text, lambda number=number: f"label text of stream {number}"), labels))  # type: ignore[misc]
        counts.append(len(entries.starts))
        starts += entries.starts
        ends += entries.ends
    series = np.repeat(np.arange(len(streams), dtype=np.int64), counts)
    return streams, series, np.array(starts, np.int64), np.array(ends, np.int64)


def _timestamps(buffer: Buffer, places: Places, series: Ints) -> Ints:
    """Nanoseconds; an entry without a time has time 0, as proto3 says."""
    rows = len(series)
    parts = buffer.fields(*places.last(rows), _SECONDS, _NANOS)
    seconds, nanos = (_varint_column(buffer, parts[kind], rows) for kind in (_SECONDS, _NANOS))
    wrong = (nanos < 0) | (nanos >= NS_PER_S) | (seconds < -(-TS_NS_MIN // NS_PER_S)) | (seconds >= TS_NS_MAX // NS_PER_S)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise MalformedBody(f"timestamp of {_entry(series, row)} is out of range: {seconds[row]} seconds and {nanos[row]} nanoseconds")
    times: npt.NDArray[np.int64] = seconds * NS_PER_S + nanos
    return times


def _varint_column(buffer: Buffer, places: Places, rows: int) -> Ints:
    column = np.zeros(rows, np.int64)
    column[places.row] = buffer.varints(places).view(np.int64)
    return column


def _metadata(buffer: Buffer, places: Places, series: Ints) -> Pairs:
    """Pairs in the order of the request."""
    parts = buffer.fields(places.start, places.end, _NAME, _VALUE)
    names = buffer.binary(*parts[_NAME].last(len(places))).dictionary_encode()
    keys = [sanitize(decode(name, lambda: "name of structured metadata")) for name in names.dictionary.to_pylist()]
    pool = utf8(
        buffer.binary(*parts[_VALUE].last(len(places))),
        lambda index: f"structured metadata {keys[names.indices[index].as_py()]} of {_entry(series, int(places.row[index]))}",
    )
    return Pairs(places.row, names.indices.to_numpy().astype(np.int64), np.arange(len(places)), keys, pool)


def _entry(series: Ints, row: int) -> str:
    """Where row `row` stands in the request, counting from 0 in both."""
    stream = int(series[row])
    first = int(np.searchsorted(series, stream))
    return f"entry {row - first} of stream {stream}"

"""The fields of OTLP log records as columns.

LogRecord { fixed64 time_unix_nano = 1; severity_number = 2; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6;
            uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
            fixed64 observed_time_unix_nano = 11; string event_name = 12 }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.window import TS_NS_MAX
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.columns import Pairs
from lgtm.wire.fields import Ints, Places
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag
from lgtm.wire.text import utf8

TIME, OBSERVED_TIME = tag(1, FIXED64), tag(11, FIXED64)
SEVERITY_NUMBER, SEVERITY_TEXT = tag(2, VARINT), tag(3, LENGTH_DELIMITED)
BODY, ATTRIBUTES = tag(5, LENGTH_DELIMITED), tag(6, LENGTH_DELIMITED)
DROPPED, FLAGS = tag(7, VARINT), tag(8, FIXED32)
TRACE_ID, SPAN_ID = tag(9, LENGTH_DELIMITED), tag(10, LENGTH_DELIMITED)
EVENT_NAME = tag(12, LENGTH_DELIMITED)
_READ = (TIME, SEVERITY_NUMBER, SEVERITY_TEXT, BODY, ATTRIBUTES, DROPPED, FLAGS, TRACE_ID, SPAN_ID, OBSERVED_TIME, EVENT_NAME)

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass(slots=True, frozen=True)
class LogRecords:
    """fields: where each field stands; ts: time, else observed time, else the time of receipt, in ns."""

    buffer: Buffer
    rows: int
    fields: dict[int, Places]
    ts: Ints
    observed: Ints
    """Observed time where the record has a time as well, else 0."""

    @classmethod
    def read(cls, buffer: Buffer, starts: Ints, ends: Ints, now_ns: int) -> LogRecords:
        fields = buffer.fields(starts, ends, *_READ)
        time = _times(buffer, fields[TIME], len(starts), "time_unix_nano")
        observed = _times(buffer, fields[OBSERVED_TIME], len(starts), "observed_time_unix_nano")
        ts = np.where(time != 0, time, np.where(observed != 0, observed, now_ns))
        return cls(buffer, len(starts), fields, ts, np.where(time != 0, observed, 0))

    def own_fields(self) -> Iterator[Pairs]:
        """What a record says beside its attributes, under the names that Loki gives it. Absent and zero are the same."""
        yield self._integers("severity_number", self._varints(SEVERITY_NUMBER, np.int32))
        yield self._text("severity_text", SEVERITY_TEXT)
        yield self._id("trace_id", TRACE_ID, "TraceID", 16)
        yield self._id("span_id", SPAN_ID, "SpanID", 8)
        yield self._integers("flags", _fixed(self.buffer, self.fields[FLAGS], self.rows, "<u4").astype(np.int64))
        yield self._integers("dropped_attributes_count", self._varints(DROPPED, np.uint32))
        yield self._text("event_name", EVENT_NAME)
        yield self._integers("observed_timestamp", self.observed)

    def _varints(self, number: int, dtype: type[np.int32] | type[np.uint32]) -> Ints:
        column = np.zeros(self.rows, np.int64)
        places = self.fields[number]
        column[places.row] = self.buffer.varints(places).astype(dtype)
        return column

    def _integers(self, name: str, values: Ints) -> Pairs:
        rows = np.flatnonzero(values)
        return _pairs(name, rows, pa.array(values[rows]).cast(pa.string()))

    def _text(self, name: str, number: int) -> Pairs:
        start, end = self.fields[number].last(self.rows)
        rows = np.flatnonzero(start < end)
        texts = utf8(self.buffer.binary(start[rows], end[rows]), lambda index: f"{name} of record {rows[index]}")
        return _pairs(name, rows, texts)

    def _id(self, name: str, number: int, kind: str, width: int) -> Pairs:
        """Lower-case hex; an id of zeros is none."""
        start, end = self.fields[number].last(self.rows)
        rows = np.flatnonzero(start < end)
        if (end[rows] - start[rows] != width).any():
            raise MalformedBody(f"invalid length for {kind}")
        raw = self.buffer.array[start[rows, None] + np.arange(width)]
        given = raw.any(axis=1)
        return _pairs(name, rows[given], _hex(raw[given]))


def _pairs(name: str, rows: Ints, values: pa.Array) -> Pairs:
    return Pairs(rows, np.zeros(len(rows), np.int64), np.arange(len(rows), dtype=np.int64), (name,), values)


def _hex(raw: npt.NDArray[np.uint8]) -> pa.Array:
    digits = np.empty((len(raw), 2 * raw.shape[1]), np.uint8)
    digits[:, 0::2], digits[:, 1::2] = _HEX[raw >> 4], _HEX[raw & 15]
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * digits.shape[1]
    return pa.Array.from_buffers(pa.string(), len(raw), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])


def _times(buffer: Buffer, places: Places, rows: int, name: str) -> Ints:
    column = _fixed(buffer, places, rows, "<u8")
    if (column > np.uint64(TS_NS_MAX)).any():
        row = int(np.flatnonzero(column > np.uint64(TS_NS_MAX))[0])
        raise MalformedBody(f"{name} of record {row} is out of range: {column[row]}")
    return column.astype(np.int64)


def _fixed(buffer: Buffer, places: Places, rows: int, dtype: str) -> npt.NDArray[np.unsignedinteger]:
    column = np.zeros(rows, dtype)
    column[places.row] = buffer.fixed(places, dtype)
    return column

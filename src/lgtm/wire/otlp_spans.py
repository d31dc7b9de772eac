"""OTLP spans to columns: `ExportTraceServiceRequest` in protobuf or JSON.

ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1 }
ResourceSpans { resource = 1; repeated ScopeSpans scope_spans = 2; schema_url = 3 }
ScopeSpans    { scope = 1; repeated Span spans = 2; schema_url = 3 }
"""

from __future__ import annotations

from array import array

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.errors import BadRequest
from lgtm.model.attributes import EVENT, LINK, SPAN
from lgtm.model.labels import Labels
from lgtm.model.signal import SPANS
from lgtm.model.window import TS_NS_MAX
from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyStreams
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.otlp_json import spans_to_protobuf
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, Ints, Places, tag
from lgtm.wire.span_columns import Sparse, finish, lists, read_attributes
from lgtm.wire.span_series import series_labels
from lgtm.wire.text import utf8

_HEAD, _SCHEMA = tag(1, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_TRACE, _SPAN, _STATE, _PARENT, _NAME = (tag(n, LENGTH_DELIMITED) for n in (1, 2, 3, 4, 5))
_KIND, _START, _END = tag(6, VARINT), tag(7, FIXED64), tag(8, FIXED64)
_ATTRIBUTES, _EVENTS, _LINKS, _STATUS = (tag(n, LENGTH_DELIMITED) for n in (9, 11, 13, 15))
_DROPPED, _DROPPED_EVENTS, _DROPPED_LINKS, _FLAGS = tag(10, VARINT), tag(12, VARINT), tag(14, VARINT), tag(16, FIXED32)
_READ_FIRST = (_TRACE, _SPAN, _STATE, _PARENT, _NAME, _KIND, _START, _END, _ATTRIBUTES, _EVENTS, _LINKS, _STATUS)
_READ = (*_READ_FIRST, _DROPPED, _DROPPED_EVENTS, _DROPPED_LINKS, _FLAGS)
_TEXT_2, _CODE = tag(2, LENGTH_DELIMITED), tag(3, VARINT)
_EVENT_TIME, _ATTRIBUTES_3, _DROPPED_4 = tag(1, FIXED64), tag(3, LENGTH_DELIMITED), tag(4, VARINT)
_ATTRIBUTES_4, _DROPPED_5, _FLAGS_6 = tag(4, LENGTH_DELIMITED), tag(5, VARINT), tag(6, FIXED32)


class InvalidTraceId(BadRequest):
    def __init__(self, size: int) -> None:
        self.size = size

    def __str__(self) -> str:
        return f"trace ids must be 128 bit, received {8 * self.size} bits"


class InvalidSpanId(BadRequest):
    def __init__(self, size: int) -> None:
        self.size = size

    def __str__(self) -> str:
        return f"span ids must be 64 bit and not all zero, received {8 * self.size} bits"


def decode_otlp_spans(data: bytes, *, json: bool, bounds: BodyBounds = BOUNDS) -> DecodedSpans:
    """Pure. A request without spans has no rows. Raises MalformedBody, InvalidTraceId, InvalidSpanId and BodyTooLarge kinds."""
    data = spans_to_protobuf(data, bounds) if json else data
    buffer = Buffer(data)
    series: list[Labels] = []
    counts: list[int] = []
    starts, ends = array("q"), array("q")
    resources = buffer.messages(1, most=bounds.rows_max)
    for start, end in zip(resources.starts, resources.ends, strict=True):
        scopes = buffer.messages(2, start, end, most=bounds.rows_max)
        for scope_start, scope_end in zip(scopes.starts, scopes.ends, strict=True):
            spans = buffer.messages(2, scope_start, scope_end, most=bounds.rows_max - len(starts))
            if not spans.starts:
                continue
            places = (scopes.others.get(_HEAD), spans.others.get(_HEAD), scopes.others.get(_SCHEMA), spans.others.get(_SCHEMA))
            series.append(series_labels(*(data[slice(*place)] if place else b"" for place in places)))
            counts.append(len(spans.starts))
            starts += spans.starts
            ends += spans.ends
            if len(series) > bounds.streams_max:
                raise TooManyStreams(bounds.streams_max)
    of_rows = np.repeat(np.arange(len(series), dtype=np.uint32), counts)
    return DecodedSpans(tuple(series), _Rows(buffer, np.array(starts, np.int64), np.array(ends, np.int64)).batch(of_rows, bounds), "otlp")


class _Messages:
    """Fields of equal messages as columns; absent and zero are the same."""

    def __init__(self, buffer: Buffer, starts: Ints, ends: Ints, *wanted: int) -> None:
        self.buffer, self.count = buffer, len(starts)
        self.fields = buffer.fields(starts, ends, *wanted)

    def texts(self, number: int, what: str) -> pa.Array:
        return utf8(self.buffer.binary(*self.fields[number].last(self.count)), lambda row: f"{what} {row}")

    def varints(self, number: int) -> Ints:
        column = np.zeros(self.count, np.int64)
        places = self.fields[number]
        column[places.row] = self.buffer.varints(places).view(np.int64)
        return column

    def counts(self, number: int) -> pa.Array:
        return pa.array((self.varints(number) & 0xFFFF_FFFF).astype(np.uint32))

    def times(self, number: int) -> Ints:
        column = np.zeros(self.count, np.uint64)
        places = self.fields[number]
        column[places.row] = self.buffer.fixed(places, "<u8")
        return np.minimum(column, np.uint64(TS_NS_MAX)).astype(np.int64)

    def flags(self, number: int) -> pa.Array:
        column = np.zeros(self.count, np.uint32)
        places = self.fields[number]
        column[places.row] = self.buffer.fixed(places, "<u4")
        return pa.array(column)

    def ids(self, number: int, width: int, error: type[InvalidTraceId] | type[InvalidSpanId], *, zero: bool, absent: bool) -> pa.Array:
        """zero: an id of zeros is one; absent: an empty one is null."""
        start, end = self.fields[number].last(self.count)
        size = end - start
        wrong = np.flatnonzero((size != width) & ~((size == 0) & absent))
        if len(wrong):
            raise error(int(size[wrong[0]]))
        given = size == width
        raw = np.zeros((self.count, width), np.uint8)
        raw[given] = self.buffer.array[start[given, None] + np.arange(width)]
        none = ~raw.any(axis=1)
        if not zero and not absent and none.any():
            raise error(width)
        values = pa.Array.from_buffers(pa.binary(width), self.count, [None, pa.py_buffer(raw)])
        if not (absent and none.any()):
            return values
        return values.take(pa.array(np.arange(self.count), mask=none))


class _Rows(_Messages):
    def __init__(self, buffer: Buffer, starts: Ints, ends: Ints) -> None:
        super().__init__(buffer, starts, ends, *_READ)

    def batch(self, series: np.typing.NDArray[np.uint32], bounds: BodyBounds) -> pa.RecordBatch:
        start, end = self.times(_START), self.times(_END)
        status = _Messages(self.buffer, *self.fields[_STATUS].last(self.count), _TEXT_2, _CODE)
        columns = {
            "series": pa.array(series),
            "ts": pa.array(start),
            "trace_id": self.ids(_TRACE, 16, InvalidTraceId, zero=True, absent=False),
            "span_id": self.ids(_SPAN, 8, InvalidSpanId, zero=False, absent=False),
            "parent_id": self.ids(_PARENT, 8, InvalidSpanId, zero=False, absent=True),
            "duration_ns": pa.array(end - start),
            "name": self.texts(_NAME, "name of span"),
            "kind": pa.array(_enum(self.varints(_KIND))),
            "status": pa.array(_enum(status.varints(_CODE))),
            "status_message": _given(status.texts(_TEXT_2, "status of span")),
            "trace_state": _given(self.texts(_STATE, "trace state of span")),
            "flags": _given(self.flags(_FLAGS)),
            "dropped_attributes": _given(self.counts(_DROPPED)),
            "dropped_events": _given(self.counts(_DROPPED_EVENTS)),
            "dropped_links": _given(self.counts(_DROPPED_LINKS)),
        }
        attributes = read_attributes(self.buffer, self.fields[_ATTRIBUTES], SPAN)
        attributes += self._events(columns) + self._links(columns)
        fixed = [field for field in SPANS.columns if not field.nullable or columns.get(field.name, _NONE).null_count < self.count]
        fixed = [field for field in fixed if field.name in columns]
        fields, arrays = finish(attributes, self.count, bounds.metadata_bytes_max)
        return pa.RecordBatch.from_arrays([*(columns[f.name] for f in fixed), *arrays], schema=pa.schema([*fixed, *fields]))

    def _events(self, columns: dict[str, pa.Array]) -> list[Sparse]:
        places, lengths = self._children(_EVENTS)
        events = _Messages(self.buffer, places.start, places.end, _EVENT_TIME, _TEXT_2, _ATTRIBUTES_3, _DROPPED_4)
        columns["event_time_ns"] = lists(pa.array(events.times(_EVENT_TIME)), lengths)
        columns["event_name"] = lists(events.texts(_TEXT_2, "name of event"), lengths)
        dropped = events.counts(_DROPPED_4)
        if any_given(dropped):
            columns["event_dropped_attributes"] = lists(dropped, lengths)
        return read_attributes(self.buffer, events.fields[_ATTRIBUTES_3], EVENT, lengths)

    def _links(self, columns: dict[str, pa.Array]) -> list[Sparse]:
        places, lengths = self._children(_LINKS)
        links = _Messages(self.buffer, places.start, places.end, _TRACE, _SPAN, _STATE, _ATTRIBUTES_4, _DROPPED_5, _FLAGS_6)
        columns["link_trace_id"] = lists(links.ids(_TRACE, 16, InvalidTraceId, zero=True, absent=False), lengths)
        columns["link_span_id"] = lists(links.ids(_SPAN, 8, InvalidSpanId, zero=True, absent=False), lengths)
        more = {"trace_state": links.texts(_STATE, "trace state of link"), "flags": links.flags(_FLAGS_6)}
        for name, values in {**more, "dropped_attributes": links.counts(_DROPPED_5)}.items():
            if any_given(values):
                columns[f"link_{name}"] = lists(values, lengths)
        return read_attributes(self.buffer, links.fields[_ATTRIBUTES_4], LINK, lengths)

    def _children(self, number: int) -> tuple[Places, Ints]:
        """The messages in order of their spans, and how many each span has."""
        places = self.fields[number]
        order = np.argsort(places.row, kind="stable")
        return Places(places.row[order], places.start[order], places.end[order]), np.bincount(places.row, minlength=self.count)


_NONE = pa.nulls(0)


def _enum(numbers: Ints) -> np.typing.NDArray[np.int8]:
    """Numbers that no version of OTLP knows stay what they are as far as a byte holds them."""
    return np.clip(numbers, -128, 127).astype(np.int8)


def any_given(values: pa.Array) -> bool:
    """Whether any value is not empty or 0."""
    return bool(_given(values).null_count < len(values))


def _given(values: pa.Array) -> pa.Array:
    """Null for "" and 0."""
    empty = pc.equal(values, pa.scalar("" if pa.types.is_string(values.type) else 0, values.type))
    return pc.if_else(empty, pa.scalar(None, values.type), values)

"""OTLP spans to columns: `ExportTraceServiceRequest` in protobuf or JSON.

ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1 }
ResourceSpans { resource = 1; repeated ScopeSpans scope_spans = 2; schema_url = 3 }
ScopeSpans    { scope = 1; repeated Span spans = 2; schema_url = 3 }
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.errors import BadRequest
from lgtm.model.attributes import EVENT, LINK, SPAN
from lgtm.model.labels import Labels
from lgtm.model.signal import SPANS
from lgtm.wire.arrays import Flags, Lists, Pool, Slice, numbers
from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyStreams
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.fields import Bytes, Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.otlp_json import spans_to_protobuf
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag
from lgtm.wire.span_columns import AttributeReader, Elements, finish
from lgtm.wire.span_series import series_labels

_HEAD, _SCHEMA = tag(1, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_TRACE, _SPAN, _STATE, _PARENT, _NAME = (tag(n, LENGTH_DELIMITED) for n in (1, 2, 3, 4, 5))
_KIND, _START, _END = tag(6, VARINT), tag(7, FIXED64), tag(8, FIXED64)
_ATTRIBUTES, _EVENTS, _LINKS, _STATUS = (tag(n, LENGTH_DELIMITED) for n in (9, 11, 13, 15))
_DROPPED, _DROPPED_EVENTS, _DROPPED_LINKS, _FLAGS = tag(10, VARINT), tag(12, VARINT), tag(14, VARINT), tag(16, FIXED32)
_SINGLE = (_TRACE, _SPAN, _STATE, _PARENT, _NAME, _KIND, _START, _END, _STATUS, _DROPPED, _DROPPED_EVENTS, _DROPPED_LINKS, _FLAGS)
_TEXT_2, _CODE = tag(2, LENGTH_DELIMITED), tag(3, VARINT)
_EVENT_TIME, _ATTRIBUTES_3, _DROPPED_4 = tag(1, FIXED64), tag(3, LENGTH_DELIMITED), tag(4, VARINT)
_ATTRIBUTES_4, _DROPPED_5, _FLAGS_6 = tag(4, LENGTH_DELIMITED), tag(5, VARINT), tag(6, FIXED32)

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
_TRACE_ID_TYPE, _SPAN_ID_TYPE = pa.binary(TRACE_ID_BYTES), pa.binary(SPAN_ID_BYTES)
_UINT32_MAX = 0xFFFF_FFFF
_COUNTS = {"dropped_attributes": _DROPPED, "dropped_events": _DROPPED_EVENTS, "dropped_links": _DROPPED_LINKS}
_FIXED = {field.name: field for field in SPANS.columns}
_TEXTS_OR_NULL = ("status_message", "trace_state")
"""Columns in which an empty text is none."""


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
    """Pure. A request without spans has no rows. Raises MalformedBody, InvalidTraceId, InvalidSpanId and BodyTooLarge kinds.

    The ids of a span and its parent must have their lengths, or nothing of the request counts. A link with an id of another length could not be
    kept in its column; as in Tempo it does no harm to its span: it is left out, and counted in the span's `dropped_links`.
    """
    buffer, found = Buffer(spans_to_protobuf(data, bounds) if json else data), _Found()
    resources = buffer.messages(1, 0, buffer.size, most=bounds.rows_max)
    for start, end in zip(resources.starts, resources.ends, strict=True):
        found.add_resource(buffer, start, end, bounds)
    series = np.arange(len(found.series), dtype=np.uint32).repeat(found.counts)
    rows = _Rows(buffer, np.array(found.starts, np.int64), np.array(found.ends, np.int64)).batch(series, bounds)
    return DecodedSpans(tuple(found.series), rows, "otlp")


@dataclass(slots=True)
class _Found:
    """Where the spans of a request lie, and how many there are of each series, in order."""

    series: list[Labels] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))

    def add_resource(self, buffer: Buffer, start: int, end: int, bounds: BodyBounds) -> None:
        """The spans of the message ResourceSpans in [start, end)."""
        scopes = buffer.messages(2, start, end, most=bounds.rows_max)
        for scope_start, scope_end in zip(scopes.starts, scopes.ends, strict=True):
            first = len(self.starts)
            of_scope = buffer.add_messages(self.starts, self.ends, 2, scope_start, scope_end, most=bounds.rows_max)
            if len(self.starts) == first:
                continue
            places = (scopes.others.get(_HEAD), of_scope.get(_HEAD), scopes.others.get(_SCHEMA), of_scope.get(_SCHEMA))
            self.series.append(series_labels(*[buffer.data[place[0] : place[1]] if place else b"" for place in places]))
            self.counts.append(len(self.starts) - first)
            if len(self.series) > bounds.streams_max:
                raise TooManyStreams(bounds.streams_max)


class _Rows(MessageColumns):
    def __init__(self, buffer: Buffer, starts: Ints, ends: Ints) -> None:
        super().__init__(buffer, starts, ends, *_SINGLE)
        self._links_refused: Ints | None = None
        self._texts, self._binary = Pool(pa.string()), Pool(pa.binary())
        self._of_texts: dict[str, tuple[Slice, Lists | None]] = {}
        """Columns that are made when the texts are read."""

    def batch(self, series: npt.NDArray[np.uint32], bounds: BodyBounds) -> pa.RecordBatch:
        columns = self._own(series)
        spans = Elements(SPAN, self.count, self.fields.places(_ATTRIBUTES))
        parts = [spans, *self._events(columns), *self._links(columns)]
        attributes = AttributeReader(self.buffer, self._texts, self._binary).read(parts)
        self._add_counts(columns)
        self._texts.read(self.buffer)
        self._binary.read(self.buffer)
        for name, (values, lists) in self._of_texts.items():
            columns[name] = lists.of(values.array()) if lists else values.array(empty_is_null=name in _TEXTS_OR_NULL)
        fixed = [name for name in _FIXED if name in columns]
        fields, arrays = finish(attributes, self.count, bounds.metadata_bytes_max)
        schema = pa.schema([*map(_FIXED.__getitem__, fixed), *fields])
        return pa.RecordBatch.from_arrays([*map(columns.__getitem__, fixed), *arrays], schema=schema)

    def _own(self, series: npt.NDArray[np.uint32]) -> dict[str, pa.Array]:
        """Columns from the fields of spans themselves. Nullable ones are there only if some span has a value."""
        start, end = self.times(_START), self.times(_END)
        status = MessageColumns(self.buffer, *self.place(_STATUS), _TEXT_2, _CODE)
        columns = {
            "series": numbers(series, pa.uint32()),
            "ts": numbers(start, pa.int64()),
            "trace_id": numbers(self._trace_ids(), _TRACE_ID_TYPE),
            "span_id": numbers(self._span_ids(), _SPAN_ID_TYPE),
            "duration_ns": numbers(end - start, pa.int64()),
            "kind": numbers(_enum(self.varints(_KIND)), pa.int8()),
            "status": numbers(_enum(status.varints(_CODE)), pa.int8()),
        }
        self._add_parents(columns)
        self._of_texts["name"] = self.texts(self._texts, _NAME, "name of span"), None
        if status.sizes(_TEXT_2).any():
            self._of_texts["status_message"] = status.texts(self._texts, _TEXT_2, "status of span"), None
        if self.has(_STATE) and self.sizes(_STATE).any():
            self._of_texts["trace_state"] = self.texts(self._texts, _STATE, "trace state of span"), None
        return columns

    def _trace_ids(self) -> Bytes:
        _check_sizes(self.sizes(_TRACE) == TRACE_ID_BYTES, self.sizes(_TRACE), InvalidTraceId)
        found = self.ids(_TRACE, TRACE_ID_BYTES)
        _check_given(np.asarray(found.view(np.uint64).any(axis=1)), InvalidTraceId)
        return found

    def _span_ids(self) -> Bytes:
        sizes = self.sizes(_SPAN)
        _check_sizes(sizes == SPAN_ID_BYTES, sizes, InvalidSpanId)
        found = self.ids(_SPAN, SPAN_ID_BYTES)
        _check_given(found.view(np.uint64)[:, 0] != 0, InvalidSpanId)
        return found

    def _add_parents(self, columns: dict[str, pa.Array]) -> None:
        sizes = self.sizes(_PARENT)
        given = sizes == SPAN_ID_BYTES
        _check_sizes(given | (sizes == 0), sizes, InvalidSpanId)
        found = self.ids(_PARENT, SPAN_ID_BYTES, given=given)
        given = found.view(np.uint64)[:, 0] != 0
        if given.any():
            columns["parent_id"] = numbers(found, _SPAN_ID_TYPE, given)

    def _add_counts(self, columns: dict[str, pa.Array]) -> None:
        """Columns of uint32 that most requests lack."""
        found = {name: self.counts(number) for name, number in _COUNTS.items() if self.has(number)}
        if self._links_refused is not None:
            already = found.get("dropped_links", np.uint32(0))
            found["dropped_links"] = np.minimum(self._links_refused + already, _UINT32_MAX).astype(np.uint32)
        if self.has(_FLAGS):
            found["flags"] = self.flags(_FLAGS)
        for name, values in found.items():
            if values.any():
                columns[name] = numbers(values, pa.uint32(), values != 0)

    def _events(self, columns: dict[str, pa.Array]) -> Iterator[Elements]:
        if not self.has(_EVENTS):
            return
        places, lists = self._children(self.fields.places(_EVENTS))
        events = MessageColumns(self.buffer, places.start, places.end, _EVENT_TIME, _TEXT_2, _DROPPED_4)
        columns["event_time_ns"] = lists.of(numbers(events.times(_EVENT_TIME), pa.int64()))
        self._of_texts["event_name"] = events.texts(self._texts, _TEXT_2, "name of event"), lists
        if events.has(_DROPPED_4) and (dropped := events.counts(_DROPPED_4)).any():
            columns["event_dropped_attributes"] = lists.of(numbers(dropped, pa.uint32()))
        yield Elements(EVENT, events.count, events.fields.places(_ATTRIBUTES_3), lists)

    def _links(self, columns: dict[str, pa.Array]) -> Iterator[Elements]:
        if not self.has(_LINKS):
            return
        links, lists = self._good_links()
        if not links.count:
            return
        columns["link_trace_id"] = lists.of(numbers(links.ids(_TRACE, TRACE_ID_BYTES), _TRACE_ID_TYPE))
        columns["link_span_id"] = lists.of(numbers(links.ids(_SPAN, SPAN_ID_BYTES), _SPAN_ID_TYPE))
        if links.sizes(_STATE).any():
            self._of_texts["link_trace_state"] = links.texts(self._texts, _STATE, "trace state of link"), lists
        for name, values in (("link_flags", links.flags(_FLAGS_6)), ("link_dropped_attributes", links.counts(_DROPPED_5))):
            if values.any():
                columns[name] = lists.of(numbers(values, pa.uint32()))
        yield Elements(LINK, links.count, links.fields.places(_ATTRIBUTES_4), lists)

    def _good_links(self) -> tuple[MessageColumns, Lists]:
        """Links with ids of the right length; counts the others of each span."""
        places = self.fields.places(_LINKS)
        while True:
            of_spans, lists = self._children(places)
            links = MessageColumns(self.buffer, of_spans.start, of_spans.end, _TRACE, _SPAN, _STATE, _DROPPED_5, _FLAGS_6)
            good = (links.sizes(_TRACE) == TRACE_ID_BYTES) & (links.sizes(_SPAN) == SPAN_ID_BYTES)
            if good.all():
                return links, lists
            self._links_refused = np.bincount(of_spans.row[~good], minlength=self.count)
            places = Places(of_spans.row[good], of_spans.start[good], of_spans.end[good])

    def _children(self, places: Places) -> tuple[Places, Lists]:
        """The messages in order of their spans, and how many each span has."""
        order = places.row.argsort(kind="stable")
        lengths = np.bincount(places.row, minlength=self.count)
        return Places(places.row[order], places.start[order], places.end[order]), Lists(lengths)


def _check_sizes(right: Flags, sizes: Ints, error: type[InvalidTraceId] | type[InvalidSpanId]) -> None:
    if not right.all():
        raise error(int(sizes[np.argmin(right)]))


def _check_given(given: Flags, error: type[InvalidTraceId] | type[InvalidSpanId]) -> None:
    """An id of zeros is none."""
    if not given.all():
        raise error(0)


def _enum(values: Ints) -> npt.NDArray[np.int8]:
    """Numbers that no version of OTLP knows stay what they are as far as a byte holds them."""
    return np.minimum(np.maximum(values, -128), 127).astype(np.int8)

"""How many bytes each span of a table had as a protobuf message, from its columns: they are not kept when spans become rows.

Exact for messages as encoders write them: no unknown fields, nothing that is empty or 0 written out.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.rest import Pairs, pairs_of
from lgtm.model.attribute_text import dynamic_type, from_text
from lgtm.model.attributes import EVENT, LINK, SPAN, AttributeName
from lgtm.model.signal import REST
from lgtm.spanmetrics.span_table import SpanTable
from lgtm.vectors.matrix import I64

_TRACE_ID_BYTES, _SPAN_ID_BYTES, _FIXED64_BYTES, _FLAGS_BYTES = 18, 10, 9, 6
"""Of a field with its tag; the tag of `flags` in a span has two bytes."""
_LINK_FLAGS_BYTES = 5
_KEY_VALUE_FRAME_BYTES = 2
"""Of the tag and length of a value in its KeyValue, and of those of the KeyValue, when the latter is short."""
_ONE_BYTE_MAX = 0x7F
"""The greatest number that a varint of one byte holds."""


def span_bytes(spans: SpanTable) -> I64:
    """The size of each span's message, without the tag and length in front of it."""
    sizes = np.full(len(spans), _TRACE_ID_BYTES + _SPAN_ID_BYTES, np.int64)
    sizes += _SPAN_ID_BYTES * spans.has_parent
    sizes += _FIXED64_BYTES * (spans.start_ns != 0) + _FIXED64_BYTES * (spans.end_ns != 0)
    sizes += _varints(spans.kind)
    sizes += _framed_if_any(_lengths(spans.rows.column("name")))
    status = _varints(spans.status) + _framed_if_any(_lengths(_column(spans, "status_message", pa.string())))
    sizes += _framed_if_any(status)
    if "trace_state" in spans.names:
        sizes += _framed_if_any(_lengths(spans.rows.column("trace_state")))
    for name in spans.names & {"dropped_attributes", "dropped_events", "dropped_links"}:
        sizes += _varints(_numbers(spans.rows.column(name)))
    if "flags" in spans.names:
        sizes += _FLAGS_BYTES * (_numbers(spans.rows.column("flags")) != 0)
    children = {EVENT: _Children.events(spans), LINK: _Children.links(spans)}
    for name in spans.rows.schema.names:
        attribute = AttributeName.parse(name)
        if attribute is not None and attribute.scope == SPAN:
            _add_attribute(sizes, attribute, spans.rows.column(name))
        elif attribute is not None and attribute.scope in children:
            _add_attribute(children[attribute.scope].sizes, attribute, spans.rows.column(name).flatten())
    if REST in spans.names:
        _add_rest(sizes, children, pairs_of(spans.rows.column(REST)))
    for of_scope in children.values():
        of_scope.add_to(sizes)
    return sizes


class _Children:
    """Events or links of all spans. sizes: of each child; lengths: how many each span has."""

    def __init__(self, lengths: I64, sizes: I64) -> None:
        self.lengths, self.sizes = lengths, sizes

    @classmethod
    def events(cls, spans: SpanTable) -> _Children:
        times = _column(spans, "event_time_ns", pa.list_(pa.int64()))
        sizes = _FIXED64_BYTES * (_numbers(times.flatten()) != 0)
        if len(sizes):
            sizes += _framed_if_any(_lengths(_flat(spans, "event_name", pa.string(), len(sizes))))
            sizes += _varints(_numbers(_flat(spans, "event_dropped_attributes", pa.uint32(), len(sizes))))
        return cls(_counts(times), sizes)

    @classmethod
    def links(cls, spans: SpanTable) -> _Children:
        ids = _column(spans, "link_trace_id", pa.list_(pa.binary(16)))
        sizes = np.full(len(ids.flatten()), _TRACE_ID_BYTES + _SPAN_ID_BYTES, np.int64)
        if len(sizes):
            sizes += _framed_if_any(_lengths(_flat(spans, "link_trace_state", pa.string(), len(sizes))))
            sizes += _varints(_numbers(_flat(spans, "link_dropped_attributes", pa.uint32(), len(sizes))))
            sizes += _LINK_FLAGS_BYTES * (_numbers(_flat(spans, "link_flags", pa.uint32(), len(sizes))) != 0)
        return cls(_counts(ids), sizes)

    def add_to(self, sizes: I64) -> None:
        if len(self.sizes):
            np.add.at(sizes, np.repeat(np.arange(len(sizes)), self.lengths), _framed(self.sizes))


def _add_attribute(sizes: I64, name: AttributeName, values: pa.Array) -> None:
    """Adds the field with a KeyValue to each element that has a value."""
    if values.null_count == len(values):
        return
    of_key = _framed_if_any(np.array([len(name.key.encode("utf-8", "surrogatepass"))], np.int64))
    of_value = _value_bytes(name.type, values)
    if of_value.max() + of_key[0] + _KEY_VALUE_FRAME_BYTES <= _ONE_BYTE_MAX:
        whole = of_value + (of_key[0] + 2 * _KEY_VALUE_FRAME_BYTES)
    else:
        whole = _framed(_framed(of_value) + of_key)
    sizes += whole * _is_valid(values) if values.null_count else whole


def _value_bytes(kind: str, values: pa.Array) -> I64:
    """Of each message AnyValue, anything for null; a single number where all are equal."""
    if kind == "":
        return _framed(_lengths(values))
    if kind == "any":
        return _lengths(values)
    if kind == "int":
        return 1 + _varint_bytes(_numbers(values).view(np.uint64))
    return np.array([2 if kind == "bool" else _FIXED64_BYTES], np.int64)


def _add_rest(sizes: I64, children: dict[str, _Children], pairs: Pairs) -> None:
    """The attributes that are no columns, name by name."""
    encoded = pairs.names.dictionary_encode()
    numbers = encoded.indices.to_numpy()
    for number, text in enumerate(encoded.dictionary.to_pylist()):
        name = AttributeName.parse(text)
        if name is None or name.scope not in (SPAN, *children):
            continue
        at = np.flatnonzero(numbers == number)
        values = from_text(pairs.values.take(pa.array(at)), dynamic_type(text))
        if name.scope == SPAN:
            found = np.zeros(len(at), np.int64)
            _add_attribute(found, name, values)
            sizes[pairs.rows[at]] += found
        else:
            _add_to_children(children[name.scope], name, pairs.rows[at], values)


def _add_to_children(children: _Children, name: AttributeName, rows: I64, lists: pa.Array) -> None:
    lengths = children.lengths[rows]
    first = (np.cumsum(children.lengths) - children.lengths)[rows]
    flat = lists.flatten()
    at = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(len(flat))
    found = np.zeros(len(flat), np.int64)
    _add_attribute(found, name, flat)
    children.sizes[at] += found


def _column(spans: SpanTable, name: str, kind: pa.DataType) -> pa.Array:
    return spans.rows.column(name) if name in spans.names else pa.nulls(len(spans), kind)


def _flat(spans: SpanTable, name: str, kind: pa.DataType, count: int) -> pa.Array:
    return spans.rows.column(name).flatten() if name in spans.names else pa.nulls(count, kind)


def _counts(lists: pa.Array) -> I64:
    return _numbers(pc.list_value_length(lists))


def _numbers(values: pa.Array) -> I64:
    """0 for null."""
    filled = pc.fill_null(values, 0) if values.null_count else values
    numbers: I64 = filled.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _lengths(values: pa.Array) -> I64:
    """In bytes; 0 for null. Out of the offsets: Arrow's own function costs ten times as much for a small batch."""
    _, offsets, _ = values.buffers()
    if offsets is None:
        return np.zeros(len(values), np.int64)
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    lengths: I64 = np.subtract(ends[1:], ends[:-1], dtype=np.int64)
    return lengths * _is_valid(values) if values.null_count else lengths


def _is_valid(values: pa.Array) -> np.typing.NDArray[np.uint8]:
    """1 where there is a value. values: with nulls."""
    bits = np.frombuffer(values.buffers()[0], np.uint8)
    return np.unpackbits(bits, bitorder="little")[values.offset : values.offset + len(values)]


def _framed(lengths: I64) -> I64:
    """With a tag of one byte and the length in front."""
    if not len(lengths) or int(lengths.max()) <= _ONE_BYTE_MAX:
        return lengths + 2
    return 1 + _varint_bytes(lengths.astype(np.uint64)) + lengths


def _framed_if_any(lengths: I64) -> I64:
    return np.where(lengths > 0, _framed(lengths), 0)


def _varints(numbers: I64) -> I64:
    """Of a field with a tag of one byte; nothing for 0."""
    return np.where(numbers != 0, 1 + _varint_bytes(numbers.view(np.uint64)), 0)


def _varint_bytes(numbers: np.typing.NDArray[np.uint64]) -> I64:
    if not len(numbers) or int(numbers.max()) <= _ONE_BYTE_MAX:
        return np.ones(len(numbers), np.int64)
    return 1 + np.searchsorted(_VARINT_ENDS, numbers, side="right").astype(np.int64)


_VARINT_ENDS = np.array([1 << bits for bits in range(7, 64, 7)], np.uint64)
"""The least numbers that need 2, 3, … bytes."""

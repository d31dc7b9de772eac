"""Native histograms as stored (`io.prometheus.write.v2.Histogram`) to columns of plain numbers.

Histogram  { oneof count { uint64 count_int = 1; double count_float = 2 }; double sum = 3; sint32 schema = 4; double zero_threshold = 5;
             oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7 }
             repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10
             repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13
             ResetHint reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17 }
BucketSpan { sint32 offset = 1; uint32 length = 2 }

A histogram with count_float has counts, any other has deltas. The offset of the first span is the index of its first bucket, that of a later one
is the gap to the span before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.fields import Ints
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.native_histograms import CUSTOM_BUCKETS
from lgtm.wire.number_lists import F64, double_lists, varint_lists, zigzag
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag

_COUNT_INT, _COUNT_FLOAT = tag(1, VARINT), tag(2, FIXED64)
_SUM, _SCHEMA, _ZERO_THRESHOLD = tag(3, FIXED64), tag(4, VARINT), tag(5, FIXED64)
_ZERO_INT, _ZERO_FLOAT = tag(6, VARINT), tag(7, FIXED64)
_NEGATIVE, _POSITIVE = 8, 11
"""Numbers of the spans of each side; those of its deltas and counts follow."""
_HINT, _CUSTOM = tag(14, VARINT), 16
_OFFSET, _LENGTH = tag(1, VARINT), tag(2, VARINT)

I32 = npt.NDArray[np.int32]


@dataclass(slots=True, frozen=True, eq=False)
class BucketArrays:
    """Buckets of histogram h are offsets[h]:offsets[h+1]; index is absolute and ascending, counts are not deltas."""

    offsets: Ints
    index: Ints
    counts: F64


@dataclass(slots=True, frozen=True, eq=False)
class HistogramArrays:
    """One entry per histogram. custom_offsets and custom_bounds: upper bounds of custom buckets, CSR as well. hint: 0 to 3, as on the wire.
    is_float: counts are floats, which need not add up."""

    schema: I32
    count: F64
    sum: F64
    zero_count: F64
    zero_threshold: F64
    hint: I32
    positive: BucketArrays
    negative: BucketArrays
    custom_offsets: Ints
    custom_bounds: F64
    is_float: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.schema)


def histogram_arrays(messages: pa.Array) -> HistogramArrays:
    """messages: binary without nulls, such as the column `histogram` where it has values.

    Raises MalformedBody where a message does not hold together, or its spans and its buckets do not agree. Whether the counts make sense is not
    looked at.
    """
    columns, is_float = _columns(messages)
    return HistogramArrays(
        _schemas(columns),
        _either(columns, _COUNT_INT, _COUNT_FLOAT),
        columns.doubles(_SUM),
        _either(columns, _ZERO_INT, _ZERO_FLOAT),
        columns.doubles(_ZERO_THRESHOLD),
        (columns.varints(_HINT) & 3).astype(np.int32),
        _buckets(columns, _POSITIVE, is_float),
        _buckets(columns, _NEGATIVE, is_float),
        *double_lists(columns.buffer, columns.fields, _CUSTOM),
        is_float,
    )


def span_faults(messages: pa.Array) -> dict[int, str]:
    """Of each histogram whose spans and buckets do not agree its number, and what is wrong, in Prometheus' words. `histogram_arrays` takes the rest.

    Custom buckets are those of their bounds and one more, so that their spans may begin no earlier and end no later. Raises MalformedBody where
    a message does not hold together.
    """
    columns, is_float = _columns(messages)
    is_custom = _schemas(columns) == CUSTOM_BUCKETS
    found: dict[int, str] = {}
    for side, number in (("negative", _NEGATIVE), ("positive", _POSITIVE)):
        spans, have = _Spans.of(columns, number), np.diff(_counts(columns, number, is_float)[0])
        for at in (spans.backwards | (spans.gaps < 0) & is_custom[spans.row]).nonzero()[0].tolist():
            row = int(spans.row[at])
            which = at - int(np.searchsorted(spans.row, row)) + 1
            text = f"span number {which} with offset {int(spans.gaps[at])}: histogram has a span whose offset is negative"
            found.setdefault(row, f"{_where(is_custom[row], side)}: {text}")
        need = spans.buckets(columns.count)
        for row in (need != have).nonzero()[0].tolist():
            text = f"spans need {int(need[row])} buckets, have {int(have[row])} buckets"
            found.setdefault(row, f"{_where(is_custom[row], side)}: {text}: histogram spans specify different number of buckets than provided")
        if number == _POSITIVE and is_custom.any():
            reach = np.bincount(spans.row, spans.gaps + spans.lengths, columns.count)
            bounds = np.diff(double_lists(columns.buffer, columns.fields, _CUSTOM)[0])
            for row in (is_custom & (reach > bounds + 1)).nonzero()[0].tolist():
                text = f"only {bounds[row]} custom bounds defined which is insufficient to cover total span length of {int(reach[row])}"
                found.setdefault(row, f"custom buckets: {text}: histogram custom bounds are too few")
    return found


def _where(is_custom: bool, side: str) -> str:
    return "custom buckets" if is_custom else f"{side} side"


def _columns(messages: pa.Array) -> tuple[MessageColumns, npt.NDArray[np.bool_]]:
    """The fields, and which of the histograms have counts instead of deltas."""
    _, offsets, data = messages.buffers()
    bounds = np.frombuffer(offsets, np.int32)[messages.offset : messages.offset + len(messages) + 1].astype(np.int64) if len(messages) else _ZERO
    buffer = Buffer(data.slice(bounds[0], bounds[-1] - bounds[0]).to_pybytes() if data else b"")
    bounds -= bounds[0]
    columns = MessageColumns(buffer, bounds[:-1], bounds[1:], _SUM, _SCHEMA, _ZERO_THRESHOLD, _HINT)
    return columns, columns.fields.last_of(_COUNT_INT, _COUNT_FLOAT)[0] == _COUNT_FLOAT


_ZERO = np.zeros(1, np.int64)


def _schemas(columns: MessageColumns) -> I32:
    return zigzag(columns.varints(_SCHEMA).view(np.uint64)).astype(np.int32)


def _either(columns: MessageColumns, varint: int, double: int) -> F64:
    """The value of a oneof of two numbers; 0 where absent."""
    found, start, _ = columns.fields.last_of(varint, double)
    values = np.zeros(columns.count)
    for number, read in ((varint, columns.buffer.varints_at), (double, columns.buffer.doubles_at)):
        at = (found == number).nonzero()[0]
        if len(at):
            values[at] = read(start[at])
    return values


def _buckets(columns: MessageColumns, number: int, is_float: npt.NDArray[np.bool_]) -> BucketArrays:
    """The side whose spans are the field `number`."""
    offsets, counts = _counts(columns, number, is_float)
    spans = _Spans.of(columns, number)
    if (spans.buckets(columns.count) != np.diff(offsets)).any():
        raise MalformedBody("spans of a histogram do not have as many buckets as there are")
    if spans.backwards.any():
        raise MalformedBody("a span of a histogram begins before the one before it ends")
    ends = _sums_within(spans.gaps + spans.lengths, spans.row)
    index = np.arange(len(counts)) + (ends - spans.lengths.cumsum()).repeat(spans.lengths)
    return BucketArrays(offsets, index, counts)


@dataclass(slots=True, frozen=True, eq=False)
class _Spans:
    """Of one side of all histograms, one entry a span. row: of which histogram."""

    row: Ints
    gaps: Ints
    lengths: Ints

    @classmethod
    def of(cls, columns: MessageColumns, number: int) -> _Spans:
        places = columns.fields.merged(tag(number, LENGTH_DELIMITED))
        parts = MessageColumns(columns.buffer, places.start, places.end, _OFFSET, _LENGTH)
        gaps = zigzag((parts.varints(_OFFSET) & 0xFFFF_FFFF).view(np.uint64))
        return cls(places.row, gaps, parts.varints(_LENGTH) & 0xFFFF_FFFF)

    @property
    def backwards(self) -> npt.NDArray[np.bool_]:
        """Which begin before the one before them ends; the first of a histogram may begin anywhere."""
        found: npt.NDArray[np.bool_] = (self.gaps < 0) & (np.diff(self.row, prepend=-1) == 0)
        return found

    def buckets(self, count: int) -> F64:
        """How many each of the `count` histograms has by its spans."""
        return np.bincount(self.row, self.lengths, count).astype(np.float64)


def _counts(columns: MessageColumns, number: int, is_float: npt.NDArray[np.bool_]) -> tuple[Ints, F64]:
    """(offsets, counts) of one side: deltas of integer histograms summed up, counts of the others as they are."""
    offsets, deltas = varint_lists(columns.buffer, columns.fields, number + 1)
    rows = np.arange(columns.count).repeat(np.diff(offsets))
    counts = _sums_within(zigzag(deltas), rows).astype(np.float64)
    if not is_float.any():
        return offsets, counts
    float_offsets, float_counts = double_lists(columns.buffer, columns.fields, number + 2)
    if is_float.all():
        return float_offsets, float_counts
    starts = np.where(is_float, float_offsets[:-1] + len(counts), offsets[:-1])
    lengths = np.where(is_float, np.diff(float_offsets), np.diff(offsets))
    ends = lengths.cumsum()
    picked = np.arange(ends[-1]) + (starts - ends + lengths).repeat(lengths)
    return np.concatenate((_ZERO, ends)), np.concatenate((counts, float_counts))[picked]


def _sums_within(values: npt.NDArray[Any], row: Ints) -> Ints:
    """Running sums that begin anew with each row; rows ascend."""
    sums = values.cumsum()
    first = np.flatnonzero(np.diff(row, prepend=-1))
    before = np.concatenate((_ZERO, sums))[first]
    sums -= before.repeat(np.diff(first, append=len(row)))
    return sums

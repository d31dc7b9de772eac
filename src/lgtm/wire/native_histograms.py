"""Native histograms as bytes: the message `io.prometheus.write.v2.Histogram`, without a timestamp, of many histograms at once.

Histogram { count_int = 1; sum = 3; sint32 schema = 4; zero_threshold = 5; zero_count_int = 6; negative_spans = 8; negative_deltas = 9;
            positive_spans = 11; positive_deltas = 12; reset_hint = 14; custom_values = 16 }
BucketSpan { sint32 offset = 1; uint32 length = 2 }

Buckets without observations are left out: runs of others are spans, and a gap of up to two empty buckets costs less within a span than a new
one. Counts are deltas from bucket to bucket.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lgtm.wire.arrays import Flags
from lgtm.wire.fields import Ints
from lgtm.wire.packed import Lists, Words, encoded_varints, varint_bytes, within
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, tag

SCHEMA_MIN, SCHEMA_MAX, CUSTOM_BUCKETS = -4, 8, -53
HINT_UNKNOWN, HINT_GAUGE = 0, 3
COUNT_MAX = 2**63 - 1
"""Of all observations of a histogram: differences of counts are signed."""

_GAP_MAX = 2
_COUNT, _SUM, _SCHEMA, _ZERO_THRESHOLD, _ZERO_COUNT = tag(1, VARINT), tag(3, FIXED64), tag(4, VARINT), tag(5, FIXED64), tag(6, VARINT)
_NEGATIVE, _POSITIVE = (tag(8, LENGTH_DELIMITED), tag(9, LENGTH_DELIMITED)), (tag(11, LENGTH_DELIMITED), tag(12, LENGTH_DELIMITED))
_HINT, _CUSTOM_VALUES = tag(14, VARINT), b"\x82\x01"
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1
_F64 = struct.Struct("<d")

Floats = npt.NDArray[np.float64]


class Buckets(NamedTuple):
    """One side of many histograms: counts of neighbouring buckets, the first of which has the index `first`."""

    first: Ints
    counts: Lists

    def total(self) -> Words:
        """Observations of each histogram, modulo 2**64."""
        sums = np.zeros(len(self.first), np.uint64)
        np.add.at(sums, _owners(self.counts), self.counts.values)
        return sums

    def sane(self) -> Flags:
        """Whether indices and counts of a histogram are within what the message can hold."""
        sums = np.bincount(_owners(self.counts), self.counts.values.astype(np.float64), len(self.first))
        last = self.first + self.counts.lengths
        return (sums < COUNT_MAX) & (self.first >= _INT32_MIN) & (last <= _INT32_MAX)


@dataclass(slots=True, frozen=True, eq=False)
class Histograms:
    """Columns of histograms. custom: upper bounds of custom buckets as bits of float64; None where buckets are exponential."""

    schema: Ints
    count: Words
    sum: Floats
    zero_threshold: Floats
    zero_count: Words
    positive: Buckets
    negative: Buckets
    hint: Ints
    custom: Lists | None = None

    def encoded(self) -> list[bytes]:
        """One message each. Only of histograms that are sane, all of them."""
        positive, negative = _encoded_side(self.positive, *_POSITIVE), _encoded_side(self.negative, *_NEGATIVE)
        custom = [b""] * len(self.schema) if self.custom is None else _encoded_bounds(self.custom)
        columns = (self.count, self.sum, self.schema, self.zero_threshold, self.zero_count)
        heads = map(_head, *(column.tolist() for column in columns))
        hints = (_varint_field(_HINT, hint) if hint else b"" for hint in self.hint.tolist())
        return [b"".join(parts) for parts in zip(heads, negative, positive, hints, custom, strict=True)]


def coarser(first: Ints, counts: Lists, steps: Ints) -> Buckets:
    """The same with pairs of neighbouring buckets joined `steps` times; index i becomes ((i - 1) >> steps) + 1."""
    if not steps.any():
        return Buckets(first, counts)
    shift = np.minimum(steps, 62)
    owner = _owners(counts)
    index = ((first[owner] - 1 + within(counts.lengths)) >> shift[owner]) + 1
    new_first = ((first - 1) >> shift) + 1
    last = ((first - 2 + counts.lengths) >> shift) + 1
    lengths = np.where(counts.lengths > 0, last - new_first + 1, 0)
    joined = np.zeros(int(lengths.sum()), np.uint64)
    np.add.at(joined, (lengths.cumsum() - lengths)[owner] + index - new_first[owner], counts.values)
    return Buckets(new_first, Lists(joined, lengths))


def _owners(counts: Lists) -> Ints:
    return np.arange(len(counts.lengths)).repeat(counts.lengths)


def _head(count: int, total: float, schema: int, zero_threshold: float, zero_count: int) -> bytes:
    """Fields before the buckets. Numbers that are zero are left out, except those that say of which kind the histogram is."""
    return b"".join(
        (
            _varint_field(_COUNT, count),
            _double_field(_SUM, total),
            _varint_field(_SCHEMA, _zigzag(schema)) if schema else b"",
            _double_field(_ZERO_THRESHOLD, zero_threshold),
            _varint_field(_ZERO_COUNT, zero_count),
        )
    )


def _encoded_side(buckets: Buckets, spans_tag: int, deltas_tag: int) -> list[bytes]:
    """The spans and the deltas of each histogram."""
    histograms = len(buckets.first)
    owner = _owners(buckets.counts)
    given = buckets.counts.values.nonzero()[0]
    if not len(given):
        return [b""] * histograms
    index = (buckets.first[owner] + within(buckets.counts.lengths))[given]
    owner, counts = owner[given], buckets.counts.values[given]
    same = np.concatenate(([False], owner[1:] == owner[:-1]))
    gap = np.concatenate(([0], np.diff(index) - 1))
    fill = np.where(same & (gap <= _GAP_MAX), gap, 0)
    at = np.arange(len(given)) + fill.cumsum()
    deltas, ends = _encoded_deltas(counts, at, ~same)
    new_span = ~same | (gap > _GAP_MAX)
    spans = _encoded_spans(spans_tag, np.where(same, gap, index)[new_span], np.diff(np.append(at[new_span], at[-1] + 1)))
    first_of_owner = owner[~same].tolist()
    return _joined(histograms, first_of_owner, (spans, owner[new_span].tolist()), (deltas_tag, deltas, ends))


def _encoded_deltas(counts: Words, at: Ints, first: Flags) -> tuple[bytes, list[int]]:
    """counts: of buckets at the places `at`, with zeros between; first: where histograms begin. Returns where those of each end, too."""
    dense = np.zeros(int(at[-1]) + 1, np.int64)
    dense[at] = counts.view(np.int64)
    deltas = np.diff(dense, prepend=0)
    deltas[at[first]] = dense[at[first]]
    data, offsets = encoded_varints(((deltas << 1) ^ (deltas >> 63)).view(np.uint64))
    return data, offsets[np.append(at[first][1:], len(dense))].tolist()


def _encoded_spans(spans_tag: int, offsets: Ints, lengths: Ints) -> list[bytes]:
    found = []
    for offset, length in zip(offsets.tolist(), lengths.tolist(), strict=True):
        content = (_varint_field(8, _zigzag(offset)) if offset else b"") + _varint_field(16, length)
        found.append(_length_delimited(spans_tag, content))
    return found


def _joined(histograms: int, owners: list[int], spans: tuple[list[bytes], list[int]], deltas: tuple[int, bytes, list[int]]) -> list[bytes]:
    """owners: histograms that have buckets, in order; those of each span stand beside the spans."""
    found = [b""] * histograms
    for message, owner in zip(*spans, strict=True):
        found[owner] += message
    deltas_tag, data, ends = deltas
    start = 0
    for owner, end in zip(owners, ends, strict=True):
        found[owner] += _length_delimited(deltas_tag, data[start:end])
        start = end
    return found


def _encoded_bounds(bounds: Lists) -> list[bytes]:
    data, found, start = bounds.values.tobytes(), [], 0
    for length in (8 * bounds.lengths).tolist():
        found.append(_CUSTOM_VALUES + varint_bytes(length) + data[start : start + length] if length else b"")
        start += length
    return found


def _varint_field(key: int, value: int) -> bytes:
    return bytes((key,)) + varint_bytes(value)


def _double_field(key: int, value: float) -> bytes:
    packed = _F64.pack(value)
    return bytes((key,)) + packed if any(packed) else b""


def _length_delimited(key: int, content: bytes) -> bytes:
    return bytes((key,)) + varint_bytes(len(content)) + content


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1

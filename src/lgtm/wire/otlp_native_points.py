"""Points of OTLP metrics that become native histograms.

ExponentialHistogramDataPoint { attributes = 1; fixed64 count = 4; optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7;
                                Buckets positive = 8; Buckets negative = 9; flags = 10; exemplars = 11; double zero_threshold = 14 }
Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 }

OTLP counts buckets from their lower bounds and Prometheus from their upper ones, so that an index is one more there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lgtm.wire.arrays import Flags
from lgtm.wire.decoded_samples import Loss
from lgtm.wire.fields import Ints
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.native_histograms import COUNT_MAX, CUSTOM_BUCKETS, HINT_GAUGE, HINT_UNKNOWN, SCHEMA_MAX, SCHEMA_MIN, Buckets, Histograms, coarser
from lgtm.wire.otlp_metric_points import COUNT, SUM, FoundPoints, Points
from lgtm.wire.otlp_metric_samples import Request, add_single, bucket_lists
from lgtm.wire.packed import Lists, Words, varint_lists, within
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, tag
from lgtm.wire.sample_rows import Floats, stale_where

ZERO_THRESHOLD = 1e-128
"""Where a point says none: as good as only zero itself."""
BUCKETS_OF_ROW = 4
"""Bytes of bucket counts that a request may have for each row it may have."""

_SCALE, _ZERO_COUNT, _ZERO_THRESHOLD = tag(6, VARINT), tag(7, FIXED64), tag(14, FIXED64)
_POSITIVE, _NEGATIVE, _OFFSET = tag(8, LENGTH_DELIMITED), tag(9, LENGTH_DELIMITED), tag(1, VARINT)


def add_exponential(request: Request, found: FoundPoints) -> None:
    single = (COUNT, SUM, _SCALE, _ZERO_COUNT, _POSITIVE, _NEGATIVE, _ZERO_THRESHOLD)
    points = Points(request.buffer, found, attributes=1, flags=10, exemplars=11, single=single)
    scale = unzigzag(points.varints(_SCALE))
    steps = np.maximum(scale - SCHEMA_MAX, 0)
    threshold = points.doubles(_ZERO_THRESHOLD)
    histograms = Histograms(
        schema=np.minimum(scale, SCHEMA_MAX),
        count=points.words(COUNT),
        sum=points.doubles(SUM),
        zero_threshold=np.where(threshold == 0, ZERO_THRESHOLD, threshold),
        zero_count=points.words(_ZERO_COUNT),
        positive=_side(points, _POSITIVE, steps, request),
        negative=_side(points, _NEGATIVE, steps, request),
        hint=_hints(points),
    )
    threshold_ok = np.isfinite(threshold) & (threshold >= 0)
    _add(request, points, histograms, (scale >= SCHEMA_MIN) & threshold_ok)


def add_custom(request: Request, found: FoundPoints) -> None:
    """Histograms with explicit bounds as native ones with custom buckets. A point without buckets has one of everything."""
    points = Points(request.buffer, found, attributes=9, flags=10, exemplars=8, single=(COUNT, SUM))
    counts, bounds = bucket_lists(points, request.rows.rows_max)
    none = np.zeros(points.count, np.int64)
    bare = (counts.lengths == 0) & (bounds.lengths == 0)
    histograms = Histograms(
        schema=np.full(points.count, CUSTOM_BUCKETS),
        count=points.words(COUNT),
        sum=points.doubles(SUM),
        zero_threshold=np.zeros(points.count),
        zero_count=none.view(np.uint64),
        positive=Buckets(none, _with_counts_of(bare, counts, points.words(COUNT))),
        negative=Buckets(none, Lists(none[:0].view(np.uint64), none)),
        hint=_hints(points),
        custom=bounds,
    )
    _add(request, points, histograms, _good_bounds(bounds) & (bare | (counts.lengths == bounds.lengths + 1)))


def unzigzag(values: Ints) -> Ints:
    """Of sint32: negative numbers stand between the others."""
    low = values & 0xFFFF_FFFF
    return (low >> 1) ^ -(low & 1)


def _side(points: Points, number: int, steps: Ints, request: Request) -> Buckets:
    sides = MessageColumns(points.buffer, *points.place(number), _OFFSET)
    counts = varint_lists(points.buffer, sides.fields, 2, most=BUCKETS_OF_ROW * request.rows.rows_max)
    return coarser(unzigzag(sides.varints(_OFFSET)) + 1, counts, steps)


def _hints(points: Points) -> Ints:
    """Of deltas nobody may tell a reset."""
    of_groups = np.array([HINT_GAUGE if group.family.delta else HINT_UNKNOWN for group in points.found.groups], np.int64)
    return of_groups[points.group]


def _add(request: Request, points: Points, histograms: Histograms, good: Flags) -> None:
    """A point that says that there is no value is good whatever else it says: of it only the marker is kept."""
    right = good & _consistent(histograms)
    kept = right | points.stale
    request.losses.add(Loss.INVALID_HISTOGRAM, int((~kept).sum()), "histogram's scale, bounds, buckets and count do not fit together")
    value = stale_where(histograms.sum, points.stale)
    encoded = _selected(replace(histograms, sum=value), kept, points.stale).encoded()
    add_single(request, points, kept, value, points.start, encoded)


def _consistent(histograms: Histograms) -> Flags:
    """Buckets hold as many observations as there were; a sum that is no number says that some were none and are in no bucket."""
    positive, negative = histograms.positive, histograms.negative
    held: Words = positive.total() + negative.total() + histograms.zero_count
    missing = histograms.count - held
    counts_ok = (held <= histograms.count) & ((missing == 0) | np.isnan(histograms.sum))
    small = (histograms.count <= COUNT_MAX) & (histograms.zero_count <= COUNT_MAX)
    sane: Flags = counts_ok & small & positive.sane() & negative.sane()
    return sane


def _selected(histograms: Histograms, kept: Flags, stale: Flags) -> Histograms:
    """Those that are kept; those that are stale have no observations."""
    if kept.all() and not stale.any():
        return histograms
    at, full = kept.nonzero()[0], kept & ~stale
    custom = histograms.custom and _lists_of(histograms.custom, kept, full)
    schema = np.where(full | (histograms.schema == CUSTOM_BUCKETS), histograms.schema, 0)
    return Histograms(
        schema=schema[at],
        count=np.where(full, histograms.count, 0)[at].astype(np.uint64),
        sum=histograms.sum[at],
        zero_threshold=np.where(full, histograms.zero_threshold, 0)[at],
        zero_count=np.where(full, histograms.zero_count, 0)[at].astype(np.uint64),
        positive=Buckets(histograms.positive.first[at], _lists_of(histograms.positive.counts, kept, full)),
        negative=Buckets(histograms.negative.first[at], _lists_of(histograms.negative.counts, kept, full)),
        hint=histograms.hint[at],
        custom=custom,
    )


def _lists_of(lists: Lists, kept: Flags, full: Flags) -> Lists:
    """Of those that are kept; empty where they are not full."""
    return Lists(lists.values[full.repeat(lists.lengths)], np.where(full, lists.lengths, 0)[kept])


def _good_bounds(bounds: Lists) -> Flags:
    """Finite and ascending."""
    values: Floats = bounds.values.view(np.float64)
    owner = np.arange(len(bounds.lengths)).repeat(bounds.lengths)
    wrong = ~np.isfinite(values)
    with np.errstate(invalid="ignore"):
        wrong[1:] |= (owner[1:] == owner[:-1]) & ~(values[1:] > values[:-1])
    good = np.ones(len(bounds.lengths), np.bool_)
    good[owner[wrong]] = False
    return good


def _with_counts_of(bare: Flags, counts: Lists, total: Words) -> Lists:
    """Counts of buckets, and the total in a single one where there are none."""
    if not bare.any():
        return counts
    lengths = counts.lengths + bare
    values = np.empty(int(lengths.sum()), np.uint64)
    first = lengths.cumsum() - lengths
    values[first[bare]] = total[bare]
    held = counts.lengths
    values[first.repeat(held) + within(held)] = counts.values
    return Lists(values, lengths)

"""Quantiles and fractions of classic histograms, one series for each cumulative bucket: all histograms and steps at once.

Arrays are histograms × buckets × steps. Histograms with fewer buckets than others are padded at the end; the loops are over the buckets of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.vectors.matrix import F64, I64, Bool

_SMALL = 1e-12
"""Relative differences up to here are rounding, and no reason for an info."""


@dataclass(slots=True, frozen=True, eq=False)
class Cumulative:
    """bounds: histograms × buckets, ascending and all different, NaN where padded. counts: never falling where present."""

    bounds: F64
    counts: F64
    present: Bool

    @property
    def total(self) -> F64:
        """Observations, histograms × steps; NaN where the bucket up to +Inf is missing."""
        return _last(np.where(self.present & np.isposinf(self.bounds)[:, :, None], self.counts, np.nan))

    @property
    def sizes(self) -> I64:
        return np.asarray(np.count_nonzero(self.present, axis=1))


@dataclass(slots=True, frozen=True, eq=False)
class Forced:
    """Where counts fell, histograms × steps: whether at all, by how much at most, and the lowest and highest bounds at which they did."""

    anywhere: Bool
    difference: F64
    lowest: F64
    highest: F64


def collect(bounds: F64, counts: F64, present: Bool, codes: I64, histograms: int) -> Cumulative:
    """From one row per bucket. codes: which histogram each belongs to. Buckets of equal bounds are added up."""
    order = np.lexsort((bounds, codes))
    sorted_codes, sorted_bounds = codes[order], bounds[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(sorted_codes) != 0) | (np.diff(np.where(np.isinf(sorted_bounds), np.copysign(1e308, sorted_bounds), sorted_bounds)) != 0)
    starts = np.flatnonzero(fresh)
    rows, steps = sorted_codes[starts], counts.shape[1]
    sizes = np.bincount(rows, minlength=histograms)
    places = np.arange(len(starts)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shape = (histograms, int(sizes.max(initial=0)))
    table = Cumulative(np.full(shape, np.nan), np.zeros((*shape, steps)), np.zeros((*shape, steps), dtype=bool))
    table.bounds[rows, places] = sorted_bounds[starts]
    table.counts[rows, places] = np.add.reduceat(np.where(present, counts, 0.0)[order], starts, axis=0)
    table.present[rows, places] = np.logical_or.reduceat(present[order], starts, axis=0)
    return table


def ensure_monotonic(buckets: Cumulative) -> tuple[Cumulative, Forced]:
    """Counts that fell are raised to the one before."""
    counts = buckets.counts.copy()
    shape = (len(counts), counts.shape[2])
    previous = np.full(shape, np.nan)
    forced = Forced(np.zeros(shape, dtype=bool), np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf))
    for place in range(counts.shape[1]):
        here, bound, current = buckets.present[:, place], buckets.bounds[:, place, None], counts[:, place]
        with np.errstate(invalid="ignore"):
            near = np.abs(current - previous) <= _SMALL * np.maximum(np.abs(current), np.abs(previous))
            falls = here & ~near & (current < previous)
        forced.anywhere[falls] = True
        np.copyto(forced.difference, np.maximum(forced.difference, previous - current), where=falls)
        np.copyto(forced.lowest, np.minimum(forced.lowest, bound), where=falls)
        np.copyto(forced.highest, np.maximum(forced.highest, bound), where=falls)
        counts[:, place] = np.where(here & (near | falls), previous, current)
        previous = np.where(here, counts[:, place], previous)
    return Cumulative(buckets.bounds, counts, buckets.present), forced


def quantile_of(phis: F64, buckets: Cumulative) -> F64:
    """phis: one per step. Linear within a bucket, whose lower bound is 0 when it is the first and its upper bound is positive."""
    total = buckets.total
    with np.errstate(all="ignore"):
        rank = phis * total
        finite = buckets.present & np.isfinite(buckets.bounds)[:, :, None]
        edge = _edge(buckets, finite & (buckets.counts >= rank[:, None, :]))
        inside = edge.lower + (edge.upper - edge.lower) * ((rank - edge.below) / (edge.count - edge.below))
    first_below_zero = edge.is_first & (edge.upper <= 0)
    values = np.where(edge.found, np.where(first_below_zero, edge.upper, inside), _last(np.where(finite, buckets.bounds[:, :, None], np.nan)))
    values = np.where((buckets.sizes < 2) | np.isnan(total) | (total == 0), np.nan, values)
    outside = np.where(phis < 0, -np.inf, np.where(phis > 1, np.inf, np.nan))
    return np.where((phis >= 0) & (phis <= 1), values, outside)


def fraction_of(lower: F64, upper: F64, buckets: Cumulative) -> F64:
    """The share of observations between two values, one of each per step."""
    total = buckets.total
    with np.errstate(all="ignore"):
        ranks = [np.minimum(_rank(value, buckets, total), total) for value in (lower, upper)]
        share = np.where(lower >= upper, 0.0, (ranks[1] - ranks[0]) / total)
    return np.where(np.isnan(lower) | np.isnan(upper) | np.isnan(total) | (total == 0), np.nan, share)


def _rank(values: F64, buckets: Cumulative, total: F64) -> F64:
    """How many observations lie below the value. Of a bucket without a lower end all do, of one without an upper end none."""
    edge = _edge(buckets, buckets.present & (buckets.bounds[:, :, None] >= values))
    lower = np.where(edge.is_first & ~(edge.upper > 0), -np.inf, edge.lower)
    inside = edge.below + (edge.count - edge.below) * (values - lower) / (edge.upper - lower)
    inside = np.where(values <= lower, edge.below, np.where(np.isposinf(edge.upper), edge.below, np.where(np.isinf(lower), edge.count, inside)))
    return np.where(edge.found, np.where(edge.upper == values, edge.count, inside), total)


@dataclass(slots=True, frozen=True, eq=False)
class _Edge:
    """One bucket of each histogram and step: its bounds, its count and the count below it; lower and below are 0 for the first one."""

    found: Bool
    is_first: Bool
    lower: F64
    upper: F64
    below: F64
    count: F64


def _edge(buckets: Cumulative, wanted: Bool) -> _Edge:
    """The first bucket that is wanted."""
    shape = (len(wanted), wanted.shape[2])
    edge = _Edge(np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool), *(np.zeros(shape) for _ in range(4)))
    for place in range(wanted.shape[1]):
        here, bound, count = buckets.present[:, place], buckets.bounds[:, place, None], buckets.counts[:, place]
        takes = wanted[:, place] & ~edge.found
        passes = here & ~takes & ~edge.found
        np.copyto(edge.upper, bound, where=takes)
        np.copyto(edge.count, count, where=takes)
        np.copyto(edge.lower, bound, where=passes)
        np.copyto(edge.below, count, where=passes)
        edge.is_first[passes] = False
        edge.found[takes] = True
    return edge


def _last(table: F64) -> F64:
    """The last number along the buckets that is not NaN."""
    result = np.full((len(table), table.shape[2]), np.nan)
    for place in range(table.shape[1]):
        result = np.where(np.isnan(table[:, place]), result, table[:, place])
    return result

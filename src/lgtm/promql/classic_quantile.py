"""Quantiles and fractions of classic histograms, one series for each cumulative bucket: whole columns of histograms and steps at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.vectors.matrix import F64, I64, Bool

_SMALL = 1e-12
"""Relative differences up to here are rounding, and no reason for an info."""


@dataclass(slots=True, frozen=True, eq=False)
class Cumulative:
    """Buckets of one group: bounds ascending, all different; counts: buckets × steps; present likewise."""

    bounds: F64
    counts: F64
    present: Bool


@dataclass(slots=True, frozen=True, eq=False)
class Fixed:
    """counts: never falling. For each step whether they had to be forced, by how much at most, and between which buckets."""

    counts: F64
    forced: Bool
    difference: F64
    lowest: F64
    highest: F64


def merge_bounds(bounds: F64, counts: F64, present: Bool) -> Cumulative:
    """Sorts buckets by their bound and adds up those of equal bounds."""
    order = np.argsort(bounds, kind="stable")
    distinct, starts = np.unique(bounds[order], return_index=True)
    merged = np.add.reduceat(np.where(present, counts, 0.0)[order], starts, axis=0)
    return Cumulative(distinct, merged, np.logical_or.reduceat(present[order], starts, axis=0))


def ensure_monotonic(buckets: Cumulative) -> Fixed:
    """Counts that fell are raised to the one before."""
    steps = buckets.counts.shape[1]
    counts = buckets.counts.copy()
    previous = np.full(steps, np.nan)
    forced, difference = np.zeros(steps, dtype=bool), np.zeros(steps)
    lowest, highest = np.full(steps, np.inf), np.full(steps, -np.inf)
    for row, bound in enumerate(buckets.bounds.tolist()):
        here = buckets.present[row]
        current = counts[row]
        near = np.abs(current - previous) <= _SMALL * np.maximum(np.abs(current), np.abs(previous))
        falls = here & ~near & (current < previous)
        forced |= falls
        difference = np.where(falls, np.maximum(difference, previous - current), difference)
        lowest, highest = np.where(falls, np.minimum(lowest, bound), lowest), np.where(falls, np.maximum(highest, bound), highest)
        counts[row] = np.where(here & (near | falls), previous, current)
        previous = np.where(here, counts[row], previous)
    return Fixed(counts, forced, difference, lowest, highest)


def quantile_of(phi: F64, buckets: Cumulative) -> F64:
    """Linear within a bucket, whose lower bound is 0 when it is the first and its upper bound is positive. phi: one per step."""
    return np.array([_at_step(float(phi[step]), buckets, step) for step in range(buckets.counts.shape[1])])


def _at_step(phi: float, buckets: Cumulative, step: int) -> float:
    held = buckets.present[:, step]
    bounds, counts = buckets.bounds[held], buckets.counts[held, step]
    if np.isnan(phi):
        return np.nan
    if phi < 0 or phi > 1:
        return float(np.copysign(np.inf, phi - 0.5))
    if not len(bounds) or bounds[-1] != np.inf or len(bounds) < 2:
        return np.nan
    observations = counts[-1]
    if observations == 0 or np.isnan(observations):
        return np.nan
    rank = phi * observations
    at = int(np.searchsorted(counts[:-1], rank))
    if at == len(bounds) - 1:
        return float(bounds[-2])
    if at == 0 and bounds[0] <= 0:
        return float(bounds[0])
    lower, below = (float(bounds[at - 1]), float(counts[at - 1])) if at else (0.0, 0.0)
    return float(lower + (bounds[at] - lower) * ((rank - below) / (counts[at] - below)))


def fraction_of(lower: F64, upper: F64, buckets: Cumulative) -> F64:
    return np.array([_fraction_at(float(lower[step]), float(upper[step]), buckets, step) for step in range(buckets.counts.shape[1])])


def _fraction_at(lower: float, upper: float, buckets: Cumulative, step: int) -> float:
    held = buckets.present[:, step]
    bounds, counts = buckets.bounds[held], buckets.counts[held, step]
    if not len(bounds) or bounds[-1] != np.inf or counts[-1] == 0 or np.isnan([lower, upper, counts[-1]]).any():
        return np.nan
    if lower >= upper:
        return 0.0
    ranks = [_rank(value, bounds, counts) for value in (lower, upper)]
    return float((min(ranks[1], counts[-1]) - min(ranks[0], counts[-1])) / counts[-1])


def _rank(value: float, bounds: F64, counts: F64) -> float:
    """How many observations lie below the value."""
    at = int(np.searchsorted(bounds, value))
    if at >= len(bounds):
        return float(counts[-1])
    below = float(counts[at - 1]) if at else 0.0
    if bounds[at] == value:
        return float(counts[at])
    lower = float(bounds[at - 1]) if at else (0.0 if bounds[0] > 0 else -np.inf)
    if value <= lower or bounds[at] == np.inf:
        return below
    if lower == -np.inf:
        return float(counts[at])
    return below + (float(counts[at]) - below) * (value - lower) / (float(bounds[at]) - lower)


def rows_of_groups(codes: I64, count: int) -> list[I64]:
    """The rows of each group."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))

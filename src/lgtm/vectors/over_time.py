"""Functions over time: one number from the samples of each window.

Each takes the samples' values, sorted by group and time, and the windows' `Bounds`, and answers groups × steps; the answer means nothing for
a window without samples. Cost is the number of samples times how many windows each lies in; nothing loops per series or per window.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.vectors.matrix import F64, I64
from lgtm.vectors.windows import Bounds

EXPANDED_MAX = 1 << 20
"""Samples that are laid out window by window at a time, where a function cannot be folded in place."""


def reduce_windows(ufunc: np.ufunc, values: F64, bounds: Bounds) -> F64:
    """Folds the samples of each window. `np.add`, and `np.fmin`, `np.fmax`, which heed NaN only when there is nothing else."""
    pairs = np.empty((bounds.lo.size, 2), dtype=np.int64)
    pairs[:, 0], pairs[:, 1] = bounds.lo.ravel(), bounds.hi.ravel()
    # reduceat folds from each index to the next, so every other result is a window. An index at the very end needs something to stand on.
    folded = ufunc.reduceat(np.append(values, 0.0), pairs.ravel())[::2] if pairs.size else np.empty(0)
    return np.asarray(folded, dtype=np.float64).reshape(bounds.lo.shape)


def sum_over(values: F64, bounds: Bounds) -> F64:
    return np.where(bounds.present, reduce_windows(np.add, values, bounds), 0.0)


def sum_integers_over(values: I64, bounds: Bounds) -> I64:
    """Exact, and no dearer for long windows: differences of running totals, which only integers allow."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals[bounds.hi] - totals[bounds.lo]


def min_over(values: F64, bounds: Bounds) -> F64:
    return reduce_windows(np.fmin, values, bounds)


def max_over(values: F64, bounds: Bounds) -> F64:
    return reduce_windows(np.fmax, values, bounds)


def avg_over(values: F64, bounds: Bounds) -> F64:
    with np.errstate(invalid="ignore"):
        return reduce_windows(np.add, values, bounds) / np.maximum(bounds.counts, 1)


def first_over(values: F64, bounds: Bounds) -> F64:
    return np.append(values, np.nan)[bounds.lo]


def last_over(values: F64, bounds: Bounds) -> F64:
    return np.append(values, np.nan)[bounds.hi - 1]


def stdvar_over(values: F64, bounds: Bounds) -> F64:
    """Population variance. In two passes, because the shortcut over sums of squares loses all digits of large, close values.

    Seen from the first value, so that the variance of a constant is exactly 0.
    """
    first = first_over(values, bounds).ravel()
    squares = np.zeros(first.shape)
    counts = np.maximum(bounds.counts.ravel(), 1)
    with np.errstate(invalid="ignore", over="ignore"):
        for windows, samples, owners in expand(bounds):
            size = windows.stop - windows.start
            distances = values[samples] - first[windows][owners]
            means = np.bincount(owners, weights=distances, minlength=size) / counts[windows]
            squares[windows] = np.bincount(owners, weights=(distances - means[owners]) ** 2, minlength=size)
        return (squares / counts).reshape(bounds.lo.shape)


def stddev_over(values: F64, bounds: Bounds) -> F64:
    return np.sqrt(stdvar_over(values, bounds))


def quantile_over(quantile: float, values: F64, bounds: Bounds) -> F64:
    """Linear between the two samples around rank quantile × (n - 1). Below 0 it is -Inf, above 1 +Inf; NaN sorts first."""
    shape = bounds.lo.shape
    if np.isnan(quantile) or quantile < 0 or quantile > 1:
        return np.full(shape, quantile if np.isnan(quantile) else np.copysign(np.inf, quantile - 0.5))
    answer = np.full(bounds.lo.size, np.nan)
    ascending = np.argsort(np.where(np.isnan(values), -np.inf, values))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[ascending] = np.arange(len(values))
    for windows, samples, owners in expand(bounds):
        # Sorting whole numbers that say both window and rank takes a tenth of sorting floats by window.
        ranked = np.sort(owners * len(values) + ranks[samples]) % len(values)
        counts = np.bincount(owners, minlength=windows.stop - windows.start)
        answer[windows] = _between_ranks(quantile, values[ascending[ranked]], counts)
    return answer.reshape(shape)


def _between_ranks(quantile: float, sorted_values: F64, counts: I64) -> F64:
    held = np.flatnonzero(counts)
    starts, last = (np.cumsum(counts) - counts)[held], counts[held] - 1
    rank = quantile * last
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(lower + 1, last)
    weight = rank - lower
    result = np.full(len(counts), np.nan)
    with np.errstate(invalid="ignore"):
        result[held] = sorted_values[starts + lower] * (1 - weight) + sorted_values[starts + upper] * weight
    return result


def counter_increase_over(values: F64, bounds: Bounds) -> F64:
    """Last minus first sample, plus what was lost at each reset (a value below its predecessor)."""
    drops = np.zeros(len(values))
    drops[1:] = np.where(values[1:] < values[:-1], values[:-1], 0.0)
    after_first = Bounds(np.minimum(bounds.lo + 1, bounds.hi), bounds.hi)
    with np.errstate(invalid="ignore"):
        return last_over(values, bounds) - first_over(values, bounds) + sum_over(drops, after_first)


def extrapolated_rate(values: F64, ts_ns: I64, bounds: Bounds, *, starts_ns: I64, ends_ns: I64, is_counter: bool = True) -> F64:
    """Change a second over the whole window (starts_ns, ends_ns], as Prometheus estimates it; NaN with fewer than two samples.

    The change between first and last sample is stretched towards the window's ends: as far as they reach when a sample may be expected there
    (closer than 1.1 times the mean distance of samples), else by half that distance; and a counter not below zero.
    """
    change = counter_increase_over(values, bounds) if is_counter else last_over(values, bounds) - first_over(values, bounds)
    times = np.append(ts_ns, 0)
    first_ns, last_ns = times[bounds.lo], times[bounds.hi - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        sampled_s = (last_ns - first_ns) / NS_PER_S
        before_s, after_s = (first_ns - starts_ns) / NS_PER_S, (ends_ns - last_ns) / NS_PER_S
        apart_s = sampled_s / (bounds.counts - 1)
        before_s = np.where(before_s >= apart_s * 1.1, apart_s / 2, before_s)
        after_s = np.where(after_s >= apart_s * 1.1, apart_s / 2, after_s)
        if is_counter:
            to_zero_s = sampled_s * (first_over(values, bounds) / change)
            before_s = np.where((change > 0) & (first_over(values, bounds) >= 0), np.minimum(before_s, to_zero_s), before_s)
        rate = change * ((sampled_s + before_s + after_s) / sampled_s) / ((ends_ns - starts_ns) / NS_PER_S)
    return np.where(bounds.counts >= 2, rate, np.nan)


def expand(bounds: Bounds) -> Iterator[tuple[slice, I64, I64]]:
    """Runs of windows (by flat number), the index of each of their samples, and which window of the run owns it.

    A run holds about EXPANDED_MAX samples, or one window.
    """
    lo, counts = bounds.lo.ravel(), bounds.counts.ravel()
    ends = np.cumsum(counts)
    start = 0
    while start < len(lo):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + EXPANDED_MAX, side="right")))
        run = counts[start:stop]
        owners = np.repeat(np.arange(stop - start), run)
        samples = np.arange(len(owners)) - np.repeat(np.cumsum(run) - run - lo[start:stop], run)
        yield slice(start, stop), samples, owners
        start = stop

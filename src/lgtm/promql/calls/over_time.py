"""One value from all samples in the window: sum, min, quantile … over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lgtm.promql import annotations as texts
from lgtm.promql.columns import Objects
from lgtm.promql.frame import Frame, Value
from lgtm.promql.histogram import IncompatibleSchemas
from lgtm.promql.histogram_sums import total
from lgtm.promql.position import Position
from lgtm.promql.syntax import Call
from lgtm.promql.value import Ranges, Vector, at_some_step
from lgtm.vectors import over_time as windows
from lgtm.vectors.compensated import sum_groups
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.vectors.windows import Bounds

Function = Callable[[F64, Bounds], F64]
Handler = Callable[[Call, Frame], Value]


def sum_over(values: F64, bounds: Bounds) -> F64:
    """Sums that lose no digits."""
    sums = np.zeros(bounds.lo.size)
    for run, samples, owners in windows.expand(bounds):
        counts = np.bincount(owners, minlength=run.stop - run.start)
        sums[run] = sum_groups(values[samples], counts)
    return sums.reshape(bounds.lo.shape)


def avg_over(values: F64, bounds: Bounds) -> F64:
    """Means that do not overflow where the sum would."""
    counts = np.maximum(bounds.counts, 1)
    sums = sum_over(values, bounds)
    with np.errstate(over="ignore", invalid="ignore"):
        means = sums / counts
        if np.isinf(sums).any():
            infinite = windows.max_over(np.abs(values), bounds) == np.inf
            shares = sum_over(values / len(values), bounds) * (len(values) / counts)
            means = np.where(np.isinf(sums) & ~infinite, shares, means)
    return means


def mad_over(values: F64, bounds: Bounds) -> F64:
    """The median distance from the median; NaN when any value is."""
    medians = windows.quantile_over(0.5, values, bounds).ravel()
    result = np.full(bounds.lo.size, np.nan)
    for run, samples, owners in windows.expand(bounds):
        distances = np.abs(values[samples] - medians[run][owners])
        ends = np.cumsum(np.bincount(owners, minlength=run.stop - run.start))
        inner = Bounds(np.concatenate([[0], ends[:-1]])[:, None], ends[:, None])
        spoiled = np.isnan(windows.reduce_windows(np.add, values[samples], inner))[:, 0]
        result[run] = np.where(spoiled, np.nan, windows.quantile_over(0.5, distances, inner)[:, 0])
    return result.reshape(bounds.lo.shape)


def time_of_extreme(ranges: Ranges, extreme: Function) -> F64:
    """Seconds of the last sample that has the extreme value; NaN is one only when there is nothing else."""
    values, bounds = ranges.floats.values, ranges.float_bounds
    wanted = extreme(values, bounds).ravel()
    times = np.zeros(bounds.lo.size)
    for run, samples, owners in windows.expand(bounds):
        target = wanted[run][owners]
        at = np.flatnonzero((values[samples] == target) | np.isnan(target))
        last = np.zeros(run.stop - run.start, dtype=np.int64)
        np.maximum.at(last, owners[at], samples[at])
        times[run] = np.append(ranges.floats.ts_ms, 0)[last] / 1_000
    return times.reshape(bounds.lo.shape)


def _of_floats(function: Function) -> Handler:
    """Histograms in between are passed over, which is worth an info."""

    def handler(call: Call, frame: Frame) -> Value:
        return _floats_only(frame.ranges(call.args[-1]), function, frame, call.args[-1].position)

    return handler


def _floats_only(ranges: Ranges, function: Function, frame: Frame, position: Position) -> Vector:
    note_ignored(ranges, frame, position)
    return ranges.vector(function(ranges.floats.values, ranges.float_bounds), ranges.float_counts > 0)


def note_ignored(ranges: Ranges, frame: Frame, position: Position) -> None:
    """An info for series of which a window holds both floats and histograms."""
    mixed = (ranges.float_counts > 0) & (ranges.histogram_counts > 0)
    for name in ranges.names(at_some_step(mixed)):
        frame.annotations.inform(texts.histograms_ignored_in_range(name), position)


def _aggregated(of_floats: Function, *, mean: bool) -> Handler:
    """Of floats or of histograms; a window with both has no answer."""

    def handler(call: Call, frame: Frame) -> Value:
        position = call.args[0].position
        ranges = frame.ranges(call.args[0])
        mixed = refuse_mixed(ranges, frame, position)
        values = of_floats(ranges.floats.values, ranges.float_bounds)
        histograms = np.full(values.shape, None, dtype=object) if ranges.histograms is not None else None
        for row, step, window in histogram_windows(ranges, ~mixed):
            assert histograms is not None
            try:
                result = total(window.tolist(), mean=mean)
            except IncompatibleSchemas:
                frame.annotations.warn(texts.mixed_schemas(ranges.names(np.array([row]))[0]), position)
                continue
            result.annotate(frame, position)
            histograms[row, step] = result.histogram.compact()
        return ranges.vector(values, (ranges.float_counts > 0) & ~mixed, histograms)

    return handler


def refuse_mixed(ranges: Ranges, frame: Frame, position: Position) -> Bool:
    """Where a window holds both floats and histograms, with a warning for those series."""
    mixed = (ranges.float_counts > 0) & (ranges.histogram_counts > 0)
    for name in ranges.names(at_some_step(mixed)):
        frame.annotations.warn(texts.mixed_types(name), position)
    return mixed


def histogram_windows(ranges: Ranges, wanted: Bool) -> Iterator[tuple[int, int, Objects]]:
    """Row, step and histograms of each window that is wanted and holds some."""
    if ranges.histograms is None or ranges.histogram_bounds is None:
        return
    rows, steps = np.nonzero(wanted & (ranges.histogram_counts > 0))
    lo, hi = ranges.histogram_bounds.lo[rows, steps].tolist(), ranges.histogram_bounds.hi[rows, steps].tolist()
    for row, step, first, end in zip(rows.tolist(), steps.tolist(), lo, hi, strict=True):
        yield row, step, ranges.histograms.histograms[first:end]


def _count(call: Call, frame: Frame) -> Value:
    ranges = frame.ranges(call.args[0])
    counts = ranges.float_counts + ranges.histogram_counts
    return ranges.vector(counts.astype(np.float64), counts > 0)


def _present(call: Call, frame: Frame) -> Value:
    ranges = frame.ranges(call.args[0])
    counts = ranges.float_counts + ranges.histogram_counts
    return ranges.vector(np.ones(counts.shape), counts > 0)


def _edge_samples(ranges: Ranges, *, last: bool) -> tuple[I64, I64, Bool]:
    """Indices of the first or last float and histogram of each window, and whether the float is the one nearer to that edge."""

    def edge(bounds: Bounds) -> I64:
        return np.maximum(bounds.hi - 1, 0) if last else bounds.lo

    floats = edge(ranges.float_bounds)
    if ranges.histograms is None or ranges.histogram_bounds is None:
        return floats, np.zeros_like(floats), ranges.float_counts > 0
    histograms = edge(ranges.histogram_bounds)
    float_times, histogram_times = np.append(ranges.floats.ts_ms, 0)[floats], np.append(ranges.histograms.ts_ms, 0)[histograms]
    nearer = float_times > histogram_times if last else float_times < histogram_times
    return floats, histograms, (ranges.float_counts > 0) & (nearer | (ranges.histogram_counts == 0))


def _edge(*, last: bool) -> Handler:
    """The first or last sample itself, which keeps its name."""

    def handler(call: Call, frame: Frame) -> Value:
        ranges = frame.ranges(call.args[0])
        floats, histograms, is_float = _edge_samples(ranges, last=last)
        found: Objects | None = None
        if ranges.histograms is not None:
            found = np.full(is_float.shape, None, dtype=object)
            held = (ranges.histogram_counts > 0) & ~is_float
            found[held] = ranges.histograms.histograms[histograms[held]]
        return ranges.vector(np.append(ranges.floats.values, 0.0)[floats], is_float, found, keeps_name=True)

    return handler


def _edge_time(*, last: bool) -> Handler:
    def handler(call: Call, frame: Frame) -> Value:
        ranges = frame.ranges(call.args[0])
        floats, histograms, is_float = _edge_samples(ranges, last=last)
        times = np.append(ranges.floats.ts_ms, 0)[floats]
        if ranges.histograms is not None:
            times = np.where(is_float, times, np.append(ranges.histograms.ts_ms, 0)[histograms])
        return ranges.vector(times / 1_000, ranges.float_counts + ranges.histogram_counts > 0)

    return handler


def _extreme_time(extreme: Function) -> Handler:
    def handler(call: Call, frame: Frame) -> Value:
        ranges = frame.ranges(call.args[0])
        note_ignored(ranges, frame, call.args[0].position)
        return ranges.vector(time_of_extreme(ranges, extreme), ranges.float_counts > 0)

    return handler


def _quantile(call: Call, frame: Frame) -> Value:
    quantiles, ranges = frame.scalar(call.args[0]), frame.ranges(call.args[1])
    note_ignored(ranges, frame, call.args[1].position)
    values = np.zeros(ranges.float_counts.shape)
    for quantile in np.unique(quantiles).tolist():
        if not 0 <= quantile <= 1:
            frame.annotations.warn(texts.quantile_out_of_range(quantile), call.args[0].position)
        steps = np.flatnonzero((quantiles == quantile) | (np.isnan(quantiles) & np.isnan(quantile)))
        bounds = Bounds(ranges.float_bounds.lo[:, steps], ranges.float_bounds.hi[:, steps])
        values[:, steps] = windows.quantile_over(quantile, ranges.floats.values, bounds)
    return ranges.vector(values, ranges.float_counts > 0)


HANDLERS: dict[str, Handler] = {
    "sum_over_time": _aggregated(sum_over, mean=False),
    "avg_over_time": _aggregated(avg_over, mean=True),
    "min_over_time": _of_floats(windows.min_over),
    "max_over_time": _of_floats(windows.max_over),
    "stddev_over_time": _of_floats(windows.stddev_over),
    "stdvar_over_time": _of_floats(windows.stdvar_over),
    "mad_over_time": _of_floats(mad_over),
    "quantile_over_time": _quantile,
    "count_over_time": _count,
    "present_over_time": _present,
    "first_over_time": _edge(last=False),
    "last_over_time": _edge(last=True),
    "ts_of_first_over_time": _edge_time(last=False),
    "ts_of_last_over_time": _edge_time(last=True),
    "ts_of_min_over_time": _extreme_time(windows.min_over),
    "ts_of_max_over_time": _extreme_time(windows.max_over),
}

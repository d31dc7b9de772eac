"""Functions that fit a line or a smoothed curve through the floats of a window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lgtm.promql.calls.over_time import note_ignored
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call
from lgtm.promql.value import Ranges
from lgtm.vectors import over_time as windows
from lgtm.vectors.compensated import sum_groups
from lgtm.vectors.matrix import F64, I64


def fit_line(ranges: Ranges, centres_ms: I64) -> tuple[F64, F64]:
    """Slope per second and value at `centres_ms` of the least-squares line through each window, series × steps."""
    values, bounds = ranges.floats.values, ranges.float_bounds
    centres = np.broadcast_to(centres_ms, bounds.lo.shape).ravel()
    slopes, intercepts = np.zeros(bounds.lo.size), np.zeros(bounds.lo.size)
    for run, samples, owners in windows.expand(bounds):
        counts = np.bincount(owners, minlength=run.stop - run.start)
        x, y = (ranges.floats.ts_ms[samples] - centres[run][owners]) / 1_000, values[samples]
        with np.errstate(all="ignore"):
            sum_x, sum_y, sum_xy, sum_xx = sum_groups(np.stack([x, y, x * y, x * x], axis=1), counts).T
            slope = (sum_xy - sum_x * sum_y / counts) / (sum_xx - sum_x * sum_x / counts)
            slopes[run], intercepts[run] = slope, sum_y / counts - slope * sum_x / counts
    return _flat_where_constant(ranges, slopes.reshape(bounds.lo.shape), intercepts.reshape(bounds.lo.shape))


def _flat_where_constant(ranges: Ranges, slopes: F64, intercepts: F64) -> tuple[F64, F64]:
    """Exactly: rounding must not make a slope of a constant. Infinite constants have none."""
    values, bounds = ranges.floats.values, ranges.float_bounds
    first = windows.first_over(values, bounds)
    constant = (windows.min_over(values, bounds) == first) & (windows.max_over(values, bounds) == first)
    constant &= windows.reduce_windows(np.add, np.isnan(values).astype(np.float64), bounds) == 0
    flat = np.where(np.isinf(first), np.nan, 0.0)
    return np.where(constant, flat, slopes), np.where(constant, np.where(np.isinf(first), np.nan, first), intercepts)


def _deriv(call: Call, frame: Frame) -> Value:
    ranges = frame.ranges(call.args[0])
    note_ignored(ranges, frame, call.args[0].position)
    # Seen from the first sample, so that large timestamps do not drown the differences.
    slopes, _ = fit_line(ranges, np.append(ranges.floats.ts_ms, 0)[ranges.float_bounds.lo])
    return ranges.vector(slopes, ranges.float_counts >= 2)


def _predict_linear(call: Call, frame: Frame) -> Value:
    ranges, ahead = frame.ranges(call.args[0]), frame.scalar(call.args[1])
    note_ignored(ranges, frame, call.args[0].position)
    slopes, intercepts = fit_line(ranges, frame.steps_ms)
    with np.errstate(all="ignore"):
        return ranges.vector(slopes * ahead + intercepts, ranges.float_counts >= 2)


def _double_exponential_smoothing(call: Call, frame: Frame) -> Value:
    """Holt's method: a level and a trend, each a moving average. One pass for each place in the longest window, over all windows at once."""
    ranges = frame.ranges(call.args[0])
    level_factor, trend_factor = frame.scalar(call.args[1]), frame.scalar(call.args[2])
    note_ignored(ranges, frame, call.args[0].position)
    enough = ranges.float_counts >= 2
    if not len(ranges):
        return ranges.vector(np.zeros(enough.shape), enough)
    for factors, what in ((level_factor, "smoothing"), (trend_factor, "trend")):
        wrong = factors[(factors <= 0) | (factors >= 1)]
        if len(wrong):
            raise EvaluationError(f"invalid {what} factor. Expected: 0 < {what[0]}f < 1, got: {wrong[0]:f}")
    values, lo, counts = np.append(ranges.floats.values, [0.0, 0.0]), ranges.float_bounds.lo, ranges.float_counts
    level = values[lo]
    with np.errstate(all="ignore"):
        trend = np.where(enough, values[lo + 1 - (lo + 1 >= len(values))] - level, 0.0)
        for place in range(1, int(counts.max(initial=0))):
            reached = place < counts
            current = values[np.where(reached, lo + place, 0)]
            smoothed = level_factor * current + (1 - level_factor) * (level + trend)
            new_trend = trend_factor * (smoothed - level) + (1 - trend_factor) * trend
            level, trend = np.where(reached, smoothed, level), np.where(reached, new_trend, trend)
    return ranges.vector(level, enough)


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "deriv": _deriv,
    "predict_linear": _predict_linear,
    "double_exponential_smoothing": _double_exponential_smoothing,
}

"""How often values changed, and how often counters were reset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lgtm.promql.counters import follows, histogram_was_reset, was_reset
from lgtm.promql.extended import with_anchor
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call
from lgtm.promql.value import FloatSamples, HistogramSamples, Ranges
from lgtm.vectors import over_time as windows
from lgtm.vectors.matrix import F64, Bool
from lgtm.vectors.windows import Bounds


def changed(samples: FloatSamples) -> Bool:
    """Whether each sample differs from its predecessor; NaN after NaN does not."""
    result = np.zeros(len(samples.values), dtype=bool)
    now, before = samples.values[1:], samples.values[:-1]
    result[1:] = (now != before) & ~(np.isnan(now) & np.isnan(before)) & follows(samples.series)[1:]
    return result


def histogram_changed(samples: HistogramSamples) -> Bool:
    result = np.zeros(len(samples.ts_ms), dtype=bool)
    for at in np.flatnonzero(follows(samples.series)).tolist():
        result[at] = not samples.histograms[at].equals(samples.histograms[at - 1])
    return result


def _counted(of_floats: Callable[[FloatSamples], Bool], of_histograms: Callable[[HistogramSamples], Bool]) -> Callable[[Call, Frame], Value]:
    def handler(call: Call, frame: Frame) -> Value:
        ranges = frame.ranges(call.args[0])
        if ranges.anchored:
            ranges = with_anchor(ranges, frame.query.lookback_ms)
        float_flags = of_floats(ranges.floats)
        counts = _count_inside(float_flags, ranges.float_bounds)
        if ranges.histograms is not None and ranges.histogram_bounds is not None:
            histogram_flags = of_histograms(ranges.histograms)
            counts = counts + _count_inside(histogram_flags, ranges.histogram_bounds)
            _recount_mixed(ranges, float_flags, histogram_flags, counts)
        return ranges.vector(counts, ranges.float_counts + ranges.histogram_counts > 0)

    return handler


def _count_inside(flags: Bool, bounds: Bounds) -> F64:
    """Flags of the samples behind the first one of each window."""
    inner = Bounds(np.minimum(bounds.lo + 1, bounds.hi), bounds.hi)
    return windows.sum_integers_over(flags.astype(np.int64), inner).astype(np.float64)


def _recount_mixed(ranges: Ranges, float_flags: Bool, histogram_flags: Bool, counts: F64) -> None:
    """In windows with both kinds every switch between them counts, and two of a kind only where they are neighbours."""
    assert ranges.histograms is not None
    assert ranges.histogram_bounds is not None
    for row, step in np.argwhere((ranges.float_counts > 0) & (ranges.histogram_counts > 0)).tolist():
        floats = slice(ranges.float_bounds.lo[row, step], ranges.float_bounds.hi[row, step])
        histograms = slice(ranges.histogram_bounds.lo[row, step], ranges.histogram_bounds.hi[row, step])
        order = np.argsort(np.concatenate([ranges.floats.ts_ms[floats], ranges.histograms.ts_ms[histograms]]), kind="stable")
        is_float = order < floats.stop - floats.start
        flags = np.concatenate([float_flags[floats], histogram_flags[histograms]])[order]
        counts[row, step] = np.count_nonzero(np.where(is_float[1:] == is_float[:-1], flags[1:], True))


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "changes": _counted(changed, histogram_changed),
    "resets": _counted(was_reset, histogram_was_reset),
}

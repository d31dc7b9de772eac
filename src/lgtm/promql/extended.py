"""`anchored` and `smoothed`: windows whose ends are samples beside them, or points on the line between samples, and nothing is extrapolated.

anchored: a window begins with the last sample at or before its left end, if the lookback reaches it. smoothed: values at both ends are interpolated
between the samples around them. Selections of such selectors reach further to the left, and for smoothed to the right (prepare.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lgtm.promql import annotations as texts
from lgtm.promql.columns import Objects, Selected
from lgtm.promql.counters import follows
from lgtm.promql.frame import Frame
from lgtm.promql.histogram import Histogram, IncompatibleSchemas, ResetHint
from lgtm.promql.position import Position
from lgtm.promql.select import ranges_of_selected
from lgtm.promql.syntax import Call, VectorSelector
from lgtm.promql.value import NAME, FloatSamples, HistogramSamples, Ranges, Vector, at_some_step
from lgtm.vectors import over_time as windows
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.vectors.windows import Bounds


@dataclass(slots=True, frozen=True, eq=False)
class _Neighbours:
    """Samples beside each window: the last one not after its left end, the first one after its right end, and whether the lookback reaches them."""

    before: I64
    has_before: Bool
    after: I64
    has_after: Bool


def _neighbours(samples: FloatSamples | HistogramSamples, bounds: Bounds, starts_ms: I64, ends_ms: I64, lookback_ms: int) -> _Neighbours:
    # One sample of no series at either end lets every index be looked up.
    series, times = np.concatenate([samples.series, [-1, -1]]), np.concatenate([samples.ts_ms, [0, 0]])
    rows = np.arange(len(bounds.lo))[:, None]
    before, after = bounds.lo - 1, bounds.hi
    has_before = (series[before] == rows) & (times[before] > starts_ms - lookback_ms)
    has_after = (series[after] == rows) & (times[after] <= ends_ms + lookback_ms)
    return _Neighbours(before, has_before, after, has_after)


def with_anchor(ranges: Ranges, lookback_ms: int) -> Ranges:
    """Windows that hold a sample begin with the one before them, whether that is a float or a histogram."""
    held = ranges.float_counts + ranges.histogram_counts > 0
    floats = _neighbours(ranges.floats, ranges.float_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
    take_float = floats.has_before & held
    histogram_bounds = ranges.histogram_bounds
    if ranges.histograms is not None and histogram_bounds is not None:
        histograms = _neighbours(ranges.histograms, histogram_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
        float_ms = np.append(ranges.floats.ts_ms, 0)[floats.before]
        histogram_ms = np.append(ranges.histograms.ts_ms, 0)[histograms.before]
        take_histogram = histograms.has_before & held & (~floats.has_before | (histogram_ms > float_ms))
        take_float &= ~take_histogram
        histogram_bounds = _from_before(histogram_bounds, take_histogram)
    return replace(ranges, float_bounds=_from_before(ranges.float_bounds, take_float), histogram_bounds=histogram_bounds)


def _from_before(bounds: Bounds, taken: Bool) -> Bounds:
    """Windows that hold nothing of this kind are moved to the sample in front, which then is all they hold."""
    return Bounds(bounds.lo - taken, bounds.hi)


def extended_rate(call: Call, ranges: Ranges, frame: Frame, *, is_counter: bool, per_second: bool) -> Vector:
    """rate, increase or delta of anchored or smoothed windows."""
    position, lookback_ms = call.args[0].position, frame.query.lookback_ms
    seconds = float(ranges.ends_ms[0] - ranges.starts_ms[0]) / 1_000 if per_second else 1.0
    beside = _neighbours(ranges.floats, ranges.float_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
    edges = _Edges(ranges, ranges.floats, ranges.float_bounds, beside)
    mixed = np.zeros(edges.known.shape, dtype=bool)
    histograms: Objects | None = None
    if ranges.histograms is not None and ranges.histogram_bounds is not None:
        beside = _neighbours(ranges.histograms, ranges.histogram_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
        of_histograms = _Edges(ranges, ranges.histograms, ranges.histogram_bounds, beside)
        mixed = edges.known & of_histograms.known
        for name in ranges.names(at_some_step(mixed)):
            frame.annotations.warn(texts.mixed_types(name), position)
        histograms = _histogram_changes(ranges, of_histograms, ~mixed, frame, position, is_counter=is_counter, seconds=seconds)
    values = _float_changes(ranges.floats, edges, is_counter=is_counter)
    return ranges.vector(values / seconds, edges.known & ~mixed, histograms)


class _Edges:
    """Between which samples each end of each window lies.

    known: whether there is an answer at all. left, right: indices of the samples at the ends. left_next, right_previous: where a share of the way
    (left_share, right_share) from `left` to `left_next`, or from `right_previous` to `right`, is the end; the share is 0, or 1, for no interpolation.
    inner_lo, inner_hi: samples strictly inside.
    """

    def __init__(self, ranges: Ranges, samples: FloatSamples | HistogramSamples, bounds: Bounds, beside: _Neighbours) -> None:
        times = np.concatenate([samples.ts_ms, [0, 0]])
        starts, ends = ranges.starts_ms, ranges.ends_ms
        held = bounds.counts > 0
        has_after = beside.has_after & ranges.smoothed
        self.known: Bool = held | (beside.has_before & has_after)
        self.left: I64 = np.where(beside.has_before, beside.before, bounds.lo)
        self.left_next: I64 = bounds.lo
        self.interpolates_left: Bool = beside.has_before & (times[self.left] < starts) & ranges.smoothed & self.known
        self.left_is_beside: Bool = beside.has_before & ~self.interpolates_left
        at_end = held & (times[bounds.hi - 1] == ends)
        self.interpolates_right: Bool = has_after & ~at_end & self.known
        self.right: I64 = np.where(self.interpolates_right, beside.after, bounds.hi - 1)
        self.right_previous: I64 = bounds.hi - 1
        self.left_share = _share(times, self.left, self.left_next, starts, self.interpolates_left)
        self.right_share = _share(times, self.right_previous, self.right, ends, self.interpolates_right)
        self.inner = Bounds(bounds.lo, np.maximum(bounds.hi - at_end, bounds.lo))
        self.right_is_inner: Bool = held & ~at_end & ~self.interpolates_right


def _share(times: I64, one: I64, other: I64, at_ms: I64, wanted: Bool) -> F64:
    distance = np.where(wanted, times[other] - times[one], 1)
    return np.where(wanted, (at_ms - times[one]) / np.where(distance == 0, 1, distance), 0.0)


def _float_changes(samples: FloatSamples, edges: _Edges, *, is_counter: bool) -> F64:
    values = np.concatenate([samples.values, [0.0, 0.0]])
    with np.errstate(invalid="ignore"):
        left = np.where(
            edges.interpolates_left,
            _between(values[edges.left], values[edges.left_next], edges.left_share, is_counter=is_counter),
            values[edges.left],
        )
        right = np.where(
            edges.interpolates_right,
            _between(values[edges.right_previous], values[edges.right], edges.right_share, is_counter=is_counter),
            values[edges.right],
        )
        change = right - left
        if not is_counter:
            return change
        lost = np.zeros(len(samples.values))
        dropped = (samples.values[1:] < samples.values[:-1]) & follows(samples.series)[1:]
        lost[1:] = np.where(dropped, samples.values[:-1], 0.0)
        inner = edges.inner
        some = inner.counts > 0
        first, last = values[inner.lo], values[inner.hi - 1]
        change = change + np.where(some, windows.sum_over(lost, Bounds(np.minimum(inner.lo + 1, inner.hi), inner.hi)), 0.0)
        change = change + np.where(some & (first < left), left, 0.0) + np.where(some & (right < last), last, 0.0)
        return np.asarray(change + np.where(~some & (right < left), left, 0.0))


def _between(one: F64, other: F64, share: F64, *, is_counter: bool) -> F64:
    """A counter that fell is taken to have started again from zero at the earlier sample."""
    begin = np.where(other < one, 0.0, one) if is_counter else one
    return np.asarray(begin + (other - begin) * share)


def _histogram_changes(ranges: Ranges, edges: _Edges, wanted: Bool, frame: Frame, position: Position, *, is_counter: bool, seconds: float) -> Objects:
    assert ranges.histograms is not None
    result = np.full(edges.known.shape, None, dtype=object)
    names = ranges.labels.strings(NAME)
    for row, step in np.argwhere(edges.known & wanted).tolist():
        window = _HistogramWindow(ranges.histograms.histograms, edges, row, step, is_counter=is_counter)
        window.note_hints(frame, position, str(names[row]))
        try:
            change = window.change()
        except IncompatibleSchemas:
            frame.annotations.warn(texts.mixed_schemas(str(names[row])), position)
            continue
        result[row, step] = change.with_hint(ResetHint.GAUGE).divided_by(seconds).compact()
    return result


class _HistogramWindow:
    """One window of one series."""

    def __init__(self, histograms: Objects, edges: _Edges, row: int, step: int, *, is_counter: bool) -> None:
        self._is_counter = is_counter
        self._edges, self._at = edges, (row, step)
        self._left: Histogram = histograms[edges.left[row, step]]
        self._left_next: Histogram | None = histograms[edges.left_next[row, step]] if edges.interpolates_left[row, step] else None
        self._right: Histogram = histograms[edges.right[row, step]]
        self._right_previous: Histogram | None = histograms[edges.right_previous[row, step]] if edges.interpolates_right[row, step] else None
        self._inner: list[Histogram] = histograms[edges.inner.lo[row, step] : edges.inner.hi[row, step]].tolist()

    def note_hints(self, frame: Frame, position: Position, name: str) -> None:
        if self._is_counter and any(h.hint is ResetHint.GAUGE for h in (self._left, *self._inner, self._right)):
            frame.annotations.warn(texts.not_a_counter(name), position)
        if not self._is_counter and not (self._left.hint is self._right.hint is ResetHint.GAUGE):
            frame.annotations.warn(texts.not_a_gauge(name), position)

    def change(self) -> Histogram:
        """Raises IncompatibleSchemas."""
        left, right = self._left, self._right
        if self._left_next is not None:
            left = interpolate(left, self._left_next, float(self._edges.left_share[self._at]), is_counter=self._is_counter)
        if self._right_previous is not None:
            right = interpolate(self._right_previous, right, float(self._edges.right_share[self._at]), is_counter=self._is_counter)
        change = right.plus(left, -1.0)
        if any(histogram.custom != change.custom for histogram in self._inner):
            raise IncompatibleSchemas
        for lost in self._lost(left, right) if self._is_counter else ():
            change = change.plus(lost)
        return change

    def _lost(self, left: Histogram, right: Histogram) -> list[Histogram]:
        """What was counted before each reset. An interpolated end has paid for the reset it lies on."""
        lost: list[Histogram] = []
        previous = left
        for at, histogram in enumerate(self._inner):
            if (at or self._edges.left_is_beside[self._at]) and histogram.resets_after(previous):
                lost.append(previous)
            previous = histogram
        both_on_one_line = not self._inner and self._left_next is not None
        if not self._edges.right_is_inner[self._at] and not both_on_one_line and right is not left and right.resets_after(previous):
            lost.append(previous)
        return lost


def interpolate(one: Histogram, other: Histogram, share: float, *, is_counter: bool) -> Histogram:
    """Raises IncompatibleSchemas."""
    if one.custom != other.custom:
        raise IncompatibleSchemas
    if is_counter and other.resets_after(one):
        return other.times(share)
    return one.plus(other.plus(one, -1.0).times(share)).with_hint(one.hint)


def smoothed_vector(selector: VectorSelector, selected: Selected, times_ms: I64, frame: Frame) -> Vector:
    """`selector smoothed`: on the line between the samples around each time; the last one where nothing follows."""
    lookback_ms = frame.query.lookback_ms
    ranges = ranges_of_selected(selected, times_ms, lookback_ms)
    held, histograms = ranges.float_counts > 0, None
    floats = _neighbours(ranges.floats, ranges.float_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
    values = np.concatenate([ranges.floats.values, [0.0, 0.0]])
    times = np.concatenate([ranges.floats.ts_ms, [0, 0]])
    last = ranges.float_bounds.hi - 1
    onwards = held & floats.has_after & (times[last] < times_ms)
    share = _share(times, last, floats.after, times_ms, onwards)
    with np.errstate(invalid="ignore"):
        numbers = np.where(onwards, values[last] + (values[floats.after] - values[last]) * share, values[last])
    mixed = np.zeros(held.shape, dtype=bool)
    if ranges.histograms is not None and ranges.histogram_bounds is not None:
        beside = _neighbours(ranges.histograms, ranges.histogram_bounds, ranges.starts_ms, ranges.ends_ms, lookback_ms)
        mixed = (held | floats.has_after) & ((ranges.histogram_counts > 0) | beside.has_after)
        for name in ranges.names(at_some_step(mixed)):
            frame.annotations.warn(texts.mixed_types(name), selector.position)
        histograms = _smoothed_histograms(ranges, beside, ~mixed, times_ms, frame, selector.position)
    return Vector(ranges.labels, numbers, held & ~mixed, histograms, ranges.unnamed).tidy()


def _smoothed_histograms(ranges: Ranges, beside: _Neighbours, wanted: Bool, times_ms: I64, frame: Frame, position: Position) -> Objects:
    assert ranges.histograms is not None
    assert ranges.histogram_bounds is not None
    samples, result = ranges.histograms, np.full(wanted.shape, None, dtype=object)
    for row, step in np.argwhere(wanted & (ranges.histogram_counts > 0)).tolist():
        last = int(ranges.histogram_bounds.hi[row, step]) - 1
        found: Histogram = samples.histograms[last]
        if beside.has_after[row, step] and samples.ts_ms[last] < times_ms[step]:
            after: Histogram = samples.histograms[last + 1]
            share = float(times_ms[step] - samples.ts_ms[last]) / float(samples.ts_ms[last + 1] - samples.ts_ms[last])
            try:
                found = interpolate(found, after, share, is_counter=found.hint is not ResetHint.GAUGE)
            except IncompatibleSchemas:
                frame.annotations.warn(texts.mixed_schemas(str(ranges.labels.strings(NAME)[row])), position)
                continue
        result[row, step] = found
    return result

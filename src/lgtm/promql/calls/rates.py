"""rate, increase, delta, irate and idelta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lgtm.promql import annotations as texts
from lgtm.promql.calls.over_time import refuse_mixed
from lgtm.promql.columns import NO_START, Objects
from lgtm.promql.counters import histogram_was_reset, started_anew, starts_overlap, was_reset
from lgtm.promql.extended import extended_rate
from lgtm.promql.extrapolation import Window, stretch
from lgtm.promql.frame import Frame, Value
from lgtm.promql.histogram_rate import histogram_change, instant_change
from lgtm.promql.position import Position
from lgtm.promql.syntax import Call
from lgtm.promql.value import NAME, FloatSamples, HistogramSamples, Ranges, Vector, at_some_step, is_some
from lgtm.vectors import over_time as windows
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.vectors.windows import Bounds

_COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")
_CELLS_MAX = 1 << 17
"""Windows that are worked on at a time: temporary arrays of about a megabyte stay in the cache, which is four times faster than whole tables."""
_COUNTER_TYPES = ("counter", "histogram")


def _extrapolated(*, is_counter: bool, per_second: bool) -> Callable[[Call, Frame], Value]:
    def handler(call: Call, frame: Frame) -> Value:
        position, ranges = call.args[0].position, _known_starts(frame.ranges(call.args[0]), frame)
        if ranges.anchored or ranges.smoothed:
            result = extended_rate(call, ranges, frame, is_counter=is_counter, per_second=per_second)
            if is_counter:
                note_no_counter(result, frame, position)
            return result
        mixed = refuse_mixed(ranges, frame, position)
        seconds = (ranges.ends_ms[0] - ranges.starts_ms[0]) / 1_000 if per_second else 1.0
        values, known = _floats(ranges, is_counter=is_counter)
        histograms = _histograms(ranges, ~mixed, frame, position, is_counter=is_counter, seconds=float(seconds))
        result = ranges.vector(values / seconds, known & ~mixed, histograms)
        if is_counter:
            note_overlaps(ranges, frame, position)
            note_no_counter(result, frame, position)
        return result

    return handler


def _known_starts(ranges: Ranges, frame: Frame) -> Ranges:
    """Without start timestamps where the language is to pay no heed to them."""
    if frame.features.start_timestamps:
        return ranges
    histograms = None if ranges.histograms is None else replace(ranges.histograms, starts_ms=None)
    return replace(ranges, floats=replace(ranges.floats, starts_ms=None), histograms=histograms)


def _floats(ranges: Ranges, *, is_counter: bool) -> tuple[F64, Bool]:
    """The change over the whole of each window, and whether there is one."""
    samples, bounds = ranges.floats, ranges.float_bounds
    lost = _lost_at_resets(samples) if is_counter else None
    values, known = np.zeros(bounds.lo.shape), np.zeros(bounds.lo.shape, dtype=bool)
    rows_max = max(1, _CELLS_MAX // max(1, ranges.steps))
    for start in range(0, len(ranges), rows_max):
        rows = slice(start, start + rows_max)
        held = slice(int(bounds.lo[rows].min()), int(bounds.hi[rows].max()))
        inner = Bounds(bounds.lo[rows] - held.start, bounds.hi[rows] - held.start)
        values[rows], known[rows] = _float_rows(ranges, samples.part(held), inner, None if lost is None else lost[held])
    return values, known


def _float_rows(ranges: Ranges, samples: FloatSamples, bounds: Bounds, lost: F64 | None) -> tuple[F64, Bool]:
    """lost: what counters lost at each sample; None for gauges."""
    is_counter = lost is not None
    first = windows.first_over(samples.values, bounds)
    with np.errstate(all="ignore"):
        change = windows.last_over(samples.values, bounds) - first
        if lost is not None and len(lost):
            change = change + windows.sum_over(lost, Bounds(np.minimum(bounds.lo + 1, bounds.hi), bounds.hi))
        window = _window(ranges, samples, bounds, first, change)
        inside = window.starts_inside & is_counter
        window = replace(window, change=np.where(inside, change + first, change))
        return window.change * stretch(window, is_counter=is_counter), (bounds.counts >= 2) | ((bounds.counts == 1) & inside)


def _lost_at_resets(samples: FloatSamples) -> F64:
    """For each sample the value before it, if it is the first after a reset; empty when there is no reset."""
    resets = was_reset(samples)
    if not resets.any():
        return np.empty(0)
    return np.where(resets, np.concatenate([[0.0], samples.values[:-1]]), 0.0)


def _window(ranges: Ranges, samples: FloatSamples | HistogramSamples, bounds: Bounds, first: F64, change: F64) -> Window:
    times = np.append(samples.ts_ms, 0)
    starts = None if samples.starts_ms is None else np.append(samples.starts_ms, NO_START)
    last: I64 = bounds.hi - 1
    return Window(
        ranges.starts_ms,
        ranges.ends_ms,
        bounds.counts,
        times[bounds.lo],
        times[last],
        np.full(bounds.lo.shape, NO_START) if starts is None else starts[bounds.lo],
        first,
        change,
    )


def _histograms(ranges: Ranges, wanted: Bool, frame: Frame, position: Position, *, is_counter: bool, seconds: float) -> Objects | None:
    """As for floats, with the number of observations deciding how far to stretch."""
    samples, bounds = ranges.histograms, ranges.histogram_bounds
    if samples is None or bounds is None:
        return None
    result = np.full(bounds.lo.shape, None, dtype=object)
    if not len(samples.ts_ms):
        return result
    blank = np.zeros(bounds.lo.shape)
    inside = _window(ranges, samples, bounds, blank, blank).starts_inside & is_counter
    resets = histogram_was_reset(samples) if is_counter else np.zeros(len(samples.ts_ms), dtype=bool)
    first, change = blank.copy(), blank.copy()
    for row, step in np.argwhere(wanted & ((bounds.counts >= 2) | ((bounds.counts == 1) & inside))).tolist():
        held = slice(bounds.lo[row, step], bounds.hi[row, step])
        name = str(ranges.labels.strings(NAME)[row])
        found = histogram_change(samples.histograms[held], resets[held], frame, position, name, is_counter=is_counter, from_zero=inside[row, step])
        if found is not None:
            result[row, step] = found
            first[row, step], change[row, step] = samples.histograms[held.start].count, found.count
    factor = stretch(_window(ranges, samples, bounds, first, change), is_counter=is_counter) / seconds
    for row, step in np.argwhere(is_some(result)).tolist():
        result[row, step] = result[row, step].times(float(factor[row, step]))
    return result


def note_overlaps(ranges: Ranges, frame: Frame, position: Position) -> None:
    for samples, bounds in ((ranges.floats, ranges.float_bounds), (ranges.histograms, ranges.histogram_bounds)):
        if samples is None or bounds is None or samples.starts_ms is None:
            continue
        inner = Bounds(np.minimum(bounds.lo + 1, bounds.hi), bounds.hi)
        found = windows.sum_integers_over(starts_overlap(samples).astype(np.int64), inner) > 0
        for name in ranges.names(at_some_step(found)):
            frame.annotations.warn(texts.start_overlaps(name), position)


def note_no_counter(result: Vector, frame: Frame, position: Position) -> None:
    """An info for series that gave a float but are not named, or typed, as counters."""
    rows = at_some_step(result.floats)
    if frame.features.type_and_unit_labels:
        if any(kind not in _COUNTER_TYPES for kind in result.labels.distinct("__type__", rows)):
            frame.annotations.inform('metric might not be a counter, __type__ label is not set to "counter" or "histogram"', position)
        return
    for name in result.metric_names(rows):
        if name and not name.endswith(_COUNTER_ENDINGS):
            frame.annotations.inform(texts.maybe_no_counter(name), position)


def _instant(*, is_rate: bool) -> Callable[[Call, Frame], Value]:
    """From the last two samples only."""

    def handler(call: Call, frame: Frame) -> Value:
        position, ranges = call.args[0].position, _known_starts(frame.ranges(call.args[0]), frame)
        last, previous = _last_two(ranges)
        result = np.full(last.from_float.shape, None, dtype=object) if ranges.histograms is not None else None
        mixed = last.known & (last.from_float != previous.from_float)
        for name in ranges.names(at_some_step(mixed)):
            frame.annotations.warn(texts.mixed_types(name), position)
        both = last.known & ~mixed & last.from_float
        values = _instant_floats(ranges.floats, np.where(both, last.index, 0), np.where(both, previous.index, 0), is_rate=is_rate)
        seconds = (last.times_ms - previous.times_ms) / 1_000 if is_rate else np.ones(last.times_ms.shape)
        for row, step in np.argwhere(last.known & ~mixed & ~last.from_float).tolist():
            assert result is not None
            assert ranges.histograms is not None
            name = str(ranges.labels.strings(NAME)[row])
            at, before = last.index[row, step], previous.index[row, step]
            found = instant_change(ranges.histograms, int(at), int(before), frame, position, name, is_rate=is_rate)
            if found is not None:
                result[row, step] = found.divided_by(float(seconds[row, step]))
        with np.errstate(all="ignore"):
            return ranges.vector(values / seconds, both, result)

    return handler


class _Place:
    """The last, or last but one, sample of each window: whether there is one, whether it is a float, its index and time."""

    def __init__(self, ranges: Ranges, back: int) -> None:
        floats = ranges.float_counts
        self.known = floats + ranges.histogram_counts > back
        self.index = np.maximum(ranges.float_bounds.hi - 1 - back, 0)
        self.from_float = floats > back
        self.times_ms = np.append(ranges.floats.ts_ms, 0)[self.index]


def _last_two(ranges: Ranges) -> tuple[_Place, _Place]:
    last, previous = _Place(ranges, 0), _Place(ranges, 1)
    last.known = previous.known
    if ranges.histograms is None or ranges.histogram_bounds is None:
        return last, previous
    times, hi = np.append(ranges.histograms.ts_ms, 0), ranges.histogram_bounds.hi
    for row, step in np.argwhere(last.known & (ranges.histogram_counts > 0)).tolist():
        count = int(ranges.histogram_counts[row, step])
        newest = [(int(times[hi[row, step] - 1 - back]), False, int(hi[row, step] - 1 - back)) for back in range(min(2, count))]
        end = int(ranges.float_bounds.hi[row, step])
        held = min(2, int(ranges.float_counts[row, step]))
        newest += [(int(ranges.floats.ts_ms[end - 1 - back]), True, end - 1 - back) for back in range(held)]
        for place, (time_ms, from_float, index) in zip((last, previous), sorted(newest, reverse=True)[:2], strict=True):
            place.times_ms[row, step], place.from_float[row, step], place.index[row, step] = time_ms, from_float, index
    return last, previous


def _instant_floats(samples: FloatSamples, last: I64, previous: I64, *, is_rate: bool) -> F64:
    values = np.append(samples.values, np.nan)
    with np.errstate(invalid="ignore"):
        change = values[last] - values[previous]
    if not is_rate:
        return np.asarray(change)
    anew = np.append(started_anew(samples), False)
    return np.where((values[last] < values[previous]) | anew[last], values[last], change)


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {
    "rate": _extrapolated(is_counter=True, per_second=True),
    "increase": _extrapolated(is_counter=True, per_second=False),
    "delta": _extrapolated(is_counter=False, per_second=False),
    "irate": _instant(is_rate=True),
    "idelta": _instant(is_rate=False),
}

"""From the samples of a selection to vectors: the newest sample of each series at each step, or all samples in the window of each step."""

from __future__ import annotations

import numpy as np

from lgtm.promql.columns import Objects, Selected, is_stale
from lgtm.promql.histogram import ResetHint
from lgtm.promql.runs import VectorSamples
from lgtm.promql.value import FloatSamples, HistogramSamples, Ranges, Vector
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import I64, Bool
from lgtm.vectors.windows import Bounds, WindowGrid


def newest(selected: Selected, times_ms: I64, lookback_ms: int) -> tuple[I64, Bool]:
    """The last sample of each series not after each time, series × times, and whether it counts: younger than the lookback, and no stale marker."""
    bounds = window_bounds(selected.series_of_samples(), selected.ts_ms, len(selected.labels), times_ms, lookback_ms)
    last = np.maximum(bounds.hi - 1, 0)
    if not len(selected.ts_ms):
        return last, np.zeros(last.shape, dtype=bool)
    return last, bounds.present & ~is_stale(selected.values)[last]


def window_bounds(series: I64, ts_ms: I64, count: int, ends_ms: I64, range_ms: int) -> Bounds:
    """Which samples lie in (end - range, end], series × ends. Samples are sorted by series and time; ends are evenly spaced."""
    if len(ends_ms) == 1 and len(ts_ms) and ts_ms.min() > ends_ms[0] - range_ms and ts_ms.max() <= ends_ms[0]:
        # All of them, as it is where only those of one window were asked for.
        offsets = np.searchsorted(series, np.arange(count + 1))
        return Bounds(offsets[:-1, None], offsets[1:, None])
    grid = WindowGrid(ends_ms, range_ns=range_ms)
    keys = grid.intervals_of(ts_ms)
    keys += series * grid.intervals
    return grid.bounds(keys, count)


def instant_vector(selected: Selected, times_ms: I64, lookback_ms: int, *, detects_resets: bool = False) -> Vector:
    last, counts = newest(selected, times_ms, lookback_ms)
    floats, histograms = counts, None
    if selected.histogram_rows is not None and len(selected.ts_ms):
        has_histogram = counts & (selected.histogram_rows[last] >= 0)
        floats = counts & ~has_histogram
        if has_histogram.any():
            decoded = _Decoder(selected, detects_resets=detects_resets)
            histograms = np.full(last.shape, None, dtype=object)
            histograms[has_histogram] = decoded(last[has_histogram])
    values = np.where(floats, selected.values[last], 0.0) if len(selected.ts_ms) else np.zeros(last.shape)
    return Vector(selected.labels, values, floats, histograms, np.zeros(len(selected.labels), dtype=bool)).without_empty_series()


class _Decoder:
    """Histograms of samples; with reset hints told from their predecessors where the caller looks at nothing but counts and sums."""

    def __init__(self, selected: Selected, *, detects_resets: bool) -> None:
        self._selected = selected
        self._hints: dict[int, ResetHint] = _detected_hints(selected) if detects_resets else {}

    def __call__(self, samples: I64) -> Objects:
        found = self._selected.histogram_at(samples)
        for place, sample in enumerate(samples.tolist() if self._hints else ()):
            found[place] = found[place].with_hint(self._hints.get(sample, found[place].hint))
        return found


def _detected_hints(selected: Selected) -> dict[int, ResetHint]:
    assert selected.histogram_rows is not None
    live = np.flatnonzero((selected.histogram_rows >= 0) & ~is_stale(selected.values))
    series = selected.series_of_samples()[live]
    histograms = selected.histogram_at(live)
    hints: dict[int, ResetHint] = {}
    for at in range(1, len(live)):
        if series[at] == series[at - 1] and histograms[at].hint is not ResetHint.GAUGE:
            reset = histograms[at].resets_after(histograms[at - 1])
            hints[int(live[at])] = ResetHint.RESET if reset else ResetHint.NOT_RESET
    return hints


def ranges_of_selected(selected: Selected, ends_ms: I64, range_ms: int, *, detects_resets: bool = False) -> Ranges:
    series = selected.series_of_samples()
    live = ~is_stale(selected.values)
    is_float = live if selected.histogram_rows is None else live & (selected.histogram_rows < 0)
    starts = selected.start_ms
    floats = FloatSamples(series, selected.ts_ms, selected.values, starts)
    if not is_float.all():
        floats = floats.part(is_float)
    histograms = None
    if selected.histogram_rows is not None and (rows := np.flatnonzero(live & ~is_float)).size:
        decoded = _Decoder(selected, detects_resets=detects_resets)(rows)
        histograms = HistogramSamples(series[rows], selected.ts_ms[rows], decoded, None if starts is None else starts[rows])
    return _ranges(selected.labels, np.zeros(len(selected.labels), dtype=bool), floats, histograms, ends_ms, range_ms)


def ranges_of_samples(samples: VectorSamples, ends_ms: I64, range_ms: int) -> Ranges:
    """The range vector of a subquery from what its inside was evaluated to."""
    return _ranges(samples.labels, samples.unnamed, samples.floats, samples.histograms, ends_ms, range_ms)


def _ranges(labels: LabelTable, unnamed: Bool, floats: FloatSamples, histograms: HistogramSamples | None, ends_ms: I64, range_ms: int) -> Ranges:
    count = len(labels)
    histogram_bounds = None
    if histograms is not None:
        histogram_bounds = window_bounds(histograms.series, histograms.ts_ms, count, ends_ms, range_ms)
    float_bounds = window_bounds(floats.series, floats.ts_ms, count, ends_ms, range_ms)
    return Ranges(labels, unnamed, ends_ms - range_ms, ends_ms, floats, float_bounds, histograms, histogram_bounds)

"""Many steps as several runs of some, so that what is held at a time is bounded by the samples that there are, and not by series × steps.

A node is evaluated at all steps of a run at once, on arrays of series × steps. Of a run that is done only the samples are kept that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np

from lgtm.promql.histogram import ResetHint
from lgtm.promql.value import FloatSamples, HistogramSamples, Vector, is_some
from lgtm.vectors.label_table import LabelTable, concatenate
from lgtm.vectors.matrix import I64, Bool

CELLS_MAX = 2 * 1024 * 1024
"""Of series × steps at a time: 16 MB for a column of numbers, and some tenths of a second for most operators."""


def steps_at_once(series: int, *, samples_max: int, one_for_each_value: bool = False) -> int:
    """How many steps a run has when so many series are read. one_for_each_value: whether samples may become series of their own."""
    cells = min(CELLS_MAX, samples_max) // max(1, series)
    return max(1, isqrt(cells) if one_for_each_value else cells)


@dataclass(slots=True, frozen=True, eq=False)
class VectorSamples:
    """The samples of a vector one by one, sorted by series and time."""

    labels: LabelTable
    unnamed: Bool
    floats: FloatSamples
    histograms: HistogramSamples | None

    def __len__(self) -> int:
        return len(self.floats.series) + (0 if self.histograms is None else len(self.histograms.series))


def samples_of(vector: Vector, times_ms: I64) -> VectorSamples:
    """Of the vector at these times. Its histograms know nothing of resets any more."""
    series, steps = np.nonzero(vector.floats)
    floats = FloatSamples(series, times_ms[steps], vector.values[series, steps])
    histograms = None
    if vector.histograms is not None:
        rows, columns = np.nonzero(is_some(vector.histograms))
        unknown = np.empty(len(rows), dtype=object)
        for place, histogram in enumerate(vector.histograms[rows, columns]):
            unknown[place] = histogram if histogram.hint is ResetHint.GAUGE else histogram.with_hint(ResetHint.UNKNOWN)
        histograms = HistogramSamples(rows, times_ms[columns], unknown)
    return VectorSamples(vector.labels, vector.unnamed, floats, histograms)


def join_samples(parts: Sequence[VectorSamples]) -> VectorSamples:
    """Of runs that follow each other."""
    if len(parts) == 1:
        return parts[0]
    labels, unnamed, numbers = _united([part.labels for part in parts], [part.unnamed for part in parts])
    series = np.concatenate([of[part.floats.series] for of, part in zip(numbers, parts, strict=True)])
    order = np.argsort(series, kind="stable")
    ts_ms, values = (np.concatenate([getattr(part.floats, name) for part in parts]).take(order) for name in ("ts_ms", "values"))
    return VectorSamples(labels, unnamed, FloatSamples(series.take(order), ts_ms, values), _histograms(parts, numbers))


def _histograms(parts: Sequence[VectorSamples], numbers: Sequence[I64]) -> HistogramSamples | None:
    held = [(of, part.histograms) for of, part in zip(numbers, parts, strict=True) if part.histograms is not None]
    if not held:
        return None
    series = np.concatenate([of[histograms.series] for of, histograms in held])
    order = np.argsort(series, kind="stable")
    ts_ms, found = (np.concatenate([getattr(histograms, name) for _, histograms in held])[order] for name in ("ts_ms", "histograms"))
    return HistogramSamples(series[order], ts_ms, found)


def _united(tables: Sequence[LabelTable], unnamed: Sequence[Bool]) -> tuple[LabelTable, Bool, list[I64]]:
    """Each series once, in the order of their labels, whether its name is to go, and of each table the numbers of its series among them.

    One whose name is to go is another. In which run a series comes first is no order: `limitk` would choose others when runs are longer.
    """
    labels, marks = concatenate(tables), np.concatenate(unnamed)
    _, first, codes = np.unique(labels.number()[0] * 2 + marks, return_index=True, return_inverse=True)
    order = labels.take(first).order()
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    ends = np.cumsum([len(table) for table in tables])
    return labels.take(first[order]), marks[first[order]], np.split(places[codes], ends[:-1])

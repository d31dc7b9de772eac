"""Series in memory, and the columns that a selection of them gives."""

from __future__ import annotations

import numpy as np

from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers, matches_all
from lgtm.promql.columns import STALE as STALE_VALUE
from lgtm.promql.columns import HistogramColumns, Selected, offsets_of
from lgtm.promql.evaluate import evaluate
from lgtm.promql.features import Features
from lgtm.promql.histogram import Histogram
from lgtm.promql.parser import parse
from lgtm.promql.prepare import Selection, prepare, require_range_kind
from lgtm.promql.result import Result
from lgtm.promql.times import Times
from lgtm.vectors.label_table import LabelTable
from promql.notation import Sample, Stale, items, series


class Memory:
    """Later samples of a series replace earlier ones of the same time."""

    def __init__(self) -> None:
        self._series: dict[Labels, dict[int, Sample]] = {}

    @classmethod
    def of(cls, text: str, *, step_ms: int = 60_000) -> Memory:
        """From lines such as `up{job="a"} 1 1 0`."""
        memory = cls()
        for line in text.strip().splitlines():
            labels, rest = series(line.strip())
            memory.add({labels: [Sample(place * step_ms, value) for place, value in enumerate(items(rest)) if value is not None]})
        return memory

    def add(self, loaded: dict[Labels, list[Sample]]) -> None:
        for labels, samples in loaded.items():
            self._series.setdefault(labels, {}).update({sample.ts_ms: sample for sample in samples})

    def label_sets(self, start_ms: int, end_ms: int) -> list[Labels]:
        """Of the series that have a sample from start_ms to end_ms."""
        return [labels for labels, held in self._series.items() if any(start_ms <= ts <= end_ms for ts in held)]

    def delete(self, matchers: Matchers, start_ms: int, end_ms: int) -> None:
        for labels, held in self._series.items():
            if matches_all(matchers, labels):
                self._series[labels] = {ts: sample for ts, sample in held.items() if not start_ms <= ts <= end_ms}

    def select(self, selection: Selection) -> Selected:
        labels, counts, samples = [], [], []
        for label_set, held in self._series.items():
            found = [held[ts] for ts in sorted(held) if selection.start_ms < ts <= selection.end_ms]
            if found and matches_all(selection.matchers, label_set):
                labels.append(label_set)
                counts.append(len(found))
                samples += found
        histograms = [sample.value for sample in samples if isinstance(sample.value, Histogram)]
        is_histogram = np.array([isinstance(sample.value, Histogram) for sample in samples], dtype=bool)
        rows = np.where(is_histogram, np.cumsum(is_histogram) - 1, -1)
        starts = np.array([sample.start_ms for sample in samples], dtype=np.int64)
        return Selected(
            LabelTable.of(labels),
            offsets_of(counts),
            np.array([sample.ts_ms for sample in samples], dtype=np.int64),
            np.array([_number(sample) for sample in samples], dtype=np.float64),
            rows if histograms else None,
            HistogramColumns.from_histograms(histograms) if histograms else None,
            starts if starts.any() else None,
        )

    def query(self, text: str, times: Times, features: Features | None = None) -> Result:
        """Raises what is wrong with the query."""
        expr = parse(text, features)
        if times.step_ms:
            require_range_kind(expr)
        prepared = prepare(expr, times)
        return evaluate(prepared, [self.select(selection) for selection in prepared.selections], features=features)


def _number(sample: Sample) -> float:
    if isinstance(sample.value, Stale):
        return STALE_VALUE
    return sample.value.sum if isinstance(sample.value, Histogram) else sample.value

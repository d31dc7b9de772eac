"""The answer to a query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.model.labels import Labels
from lgtm.promql.annotations import Annotations
from lgtm.promql.columns import Objects
from lgtm.promql.functions import Kind
from lgtm.promql.prepare import Prepared
from lgtm.promql.statistics import SampleStatistics
from lgtm.promql.syntax import kind_of
from lgtm.promql.value import Ranges, Vector, is_some
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import F64, I64


@dataclass(slots=True, frozen=True, eq=False)
class Points:
    """Samples of one kind, ascending in time."""

    ts_ms: I64
    values: F64 | Objects


@dataclass(slots=True, frozen=True, eq=False)
class Result:
    """kind: of the value; a scalar has one number per step, in `scalar`.

    A vector is series × steps in `vector`: rows in the order of the answer (sorted by labels in a range query), columns at `steps_ms`. The range
    vector of an instant query is in `ranges`, and so is the vector of a range query that has been evaluated run by run.
    """

    kind: Kind
    steps_ms: I64
    warnings: list[str]
    infos: list[str]
    statistics: SampleStatistics
    vector: Vector | None = None
    scalar: F64 | None = None
    string: str | None = None
    ranges: Ranges | None = None

    @property
    def labels(self) -> LabelTable:
        source = self.vector or self.ranges
        return LabelTable.unlabelled(0) if source is None else source.labels

    def series(self) -> list[tuple[Labels, Points, Points]]:
        """Labels, floats and histograms of each series."""
        rows = self.labels.rows()
        return [(labels, *self._points(row)) for row, labels in enumerate(rows)]

    def _points(self, row: int) -> tuple[Points, Points]:
        if self.vector is not None:
            floats = self.vector.floats[row]
            histograms = np.empty(0, dtype=object) if self.vector.histograms is None else self.vector.histograms[row]
            held = is_some(histograms)
            times = self.steps_ms[held] if len(held) else self.steps_ms[:0]
            return Points(self.steps_ms[floats], self.vector.values[row, floats]), Points(times, histograms[held])
        assert self.ranges is not None
        window = slice(self.ranges.float_bounds.lo[row, 0], self.ranges.float_bounds.hi[row, 0])
        found = Points(self.ranges.floats.ts_ms[window], self.ranges.floats.values[window])
        if self.ranges.histograms is None or self.ranges.histogram_bounds is None:
            return found, Points(self.steps_ms[:0], np.empty(0, dtype=object))
        window = slice(self.ranges.histogram_bounds.lo[row, 0], self.ranges.histogram_bounds.hi[row, 0])
        return found, Points(self.ranges.histograms.ts_ms[window], self.ranges.histograms.histograms[window])


def result_of(value: Vector | Ranges | F64 | str, prepared: Prepared, annotations: Annotations, statistics: SampleStatistics) -> Result:
    steps_ms, warnings, infos = prepared.times.steps_ms, annotations.warnings, annotations.infos
    kind = kind_of(prepared.expr)
    if isinstance(value, Vector):
        vector = value.tidy()
        if prepared.times.step_ms:
            vector = vector.take(vector.labels.order())
        return Result(kind, steps_ms, warnings, infos, statistics, vector=vector)
    if isinstance(value, Ranges):
        return Result(kind, steps_ms, warnings, infos, statistics, ranges=value.held_sorted())
    if isinstance(value, str):
        return Result(kind, steps_ms, warnings, infos, statistics, string=value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return Result(kind, steps_ms, warnings, infos, statistics, scalar=value)

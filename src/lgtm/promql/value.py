"""Values of expressions while they are evaluated: vectors over all steps at once, and the samples of range vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lgtm.promql.columns import Objects
from lgtm.promql.errors import EvaluationError
from lgtm.vectors.label_table import LabelTable, concatenate
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.vectors.windows import Bounds

NAME = "__name__"
SAME_LABELS = "vector cannot contain metrics with the same labelset"


@dataclass(slots=True, frozen=True, eq=False)
class Vector:
    """An instant vector at every step.

    values: series × steps; floats tells where one is a sample. histograms: series × steps, None where there is none; None for the whole when
    no series has any. unnamed: series whose name is to go when the query is done, because something was done to their values.
    """

    labels: LabelTable
    values: F64
    floats: Bool
    histograms: Objects | None
    unnamed: Bool

    def __post_init__(self) -> None:
        assert self.values.shape == self.floats.shape
        assert len(self.values) == len(self.labels) == len(self.unnamed)
        assert self.histograms is None or self.histograms.shape == self.values.shape

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of_floats(cls, labels: LabelTable, values: F64, floats: Bool | None = None, unnamed: Bool | None = None) -> Vector:
        floats = np.ones(values.shape, dtype=bool) if floats is None else floats
        return cls(labels, values, floats, None, np.zeros(len(labels), dtype=bool) if unnamed is None else unnamed)

    @classmethod
    def empty(cls, steps: int) -> Vector:
        return cls.of_floats(LabelTable.unlabelled(0), np.empty((0, steps)))

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])

    @property
    def has_histogram(self) -> Bool:
        return np.zeros(self.values.shape, dtype=bool) if self.histograms is None else is_some(self.histograms)

    @property
    def present(self) -> Bool:
        return self.floats if self.histograms is None else self.floats | is_some(self.histograms)

    def take(self, rows: I64 | Bool) -> Vector:
        histograms = None if self.histograms is None else self.histograms[rows]
        return Vector(self.labels.take(rows), self.values[rows], self.floats[rows], histograms, self.unnamed[rows])

    def at(self, steps: I64 | slice) -> Vector:
        histograms = None if self.histograms is None else self.histograms[:, steps]
        return Vector(self.labels, self.values[:, steps], self.floats[:, steps], histograms, self.unnamed)

    def with_labels(self, labels: LabelTable) -> Vector:
        return replace(self, labels=labels)

    def with_floats(self, values: F64, floats: Bool | None = None) -> Vector:
        """Other values for the same series, and no histograms."""
        return Vector(self.labels, values, self.floats if floats is None else floats, None, self.unnamed)

    def only(self, kept: Bool) -> Vector:
        """Without the samples where `kept` is false."""
        histograms = None
        if self.histograms is not None:
            histograms = self.histograms.copy()
            histograms[~kept] = None
        return replace(self, floats=self.floats & kept, histograms=histograms)

    def nameless(self) -> Vector:
        return replace(self, unnamed=np.ones(len(self), dtype=bool))

    def without_empty_series(self) -> Vector:
        some = at_some_step(self.present)
        return self if some.all() else self.take(some)

    def tidy(self) -> Vector:
        """Without series that have no sample, and without `histograms` where there are none left."""
        vector = self
        if vector.histograms is not None and not is_some(vector.histograms).any():
            vector = replace(vector, histograms=None)
        return vector.without_empty_series()

    def repeated(self, steps: int) -> Vector:
        """A vector of one step at many."""
        if self.steps == steps:
            return self
        histograms = None if self.histograms is None else np.repeat(self.histograms, steps, axis=1)
        return replace(self, values=np.repeat(self.values, steps, axis=1), floats=np.repeat(self.floats, steps, axis=1), histograms=histograms)

    def metric_names(self, rows: Bool | I64) -> list[str]:
        """The names of these series, each once."""
        return self.labels.distinct(NAME, rows)


def is_some(objects: Objects) -> Bool:
    """Where there is an object and not None."""
    return np.asarray(objects != np.array(None), dtype=bool)


def at_some_step(held: Bool) -> Bool:
    """Of a table of series × steps, the series for which it is true at any."""
    return np.asarray(held.any(axis=1))


def joined(vectors: Sequence[Vector]) -> Vector:
    """All series of all; nothing is merged."""
    histograms = None
    if any(vector.histograms is not None for vector in vectors):
        histograms = np.concatenate([np.full(v.values.shape, None, dtype=object) if v.histograms is None else v.histograms for v in vectors])
    return Vector(
        concatenate([vector.labels for vector in vectors]),
        np.concatenate([vector.values for vector in vectors]),
        np.concatenate([vector.floats for vector in vectors]),
        histograms,
        np.concatenate([vector.unnamed for vector in vectors]),
    )


def merged(vector: Vector, clash: str = SAME_LABELS) -> Vector:
    """Series of equal labels as one. Raises EvaluationError, worded as `clash`, where two of them have a sample at the same step."""
    codes, first = vector.labels.number()
    if len(first) == len(vector):
        return vector
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(first)))
    held = np.add.reduceat(vector.present[order].astype(np.int64), starts, axis=0)
    if (held > 1).any():
        raise EvaluationError(clash)
    values = np.add.reduceat(np.where(vector.floats, vector.values, 0.0)[order], starts, axis=0)
    floats = np.logical_or.reduceat(vector.floats[order], starts, axis=0)
    histograms = None
    if vector.histograms is not None:
        histograms = np.full(values.shape, None, dtype=object)
        rows, steps = np.nonzero(is_some(vector.histograms))
        histograms[codes[rows], steps] = vector.histograms[rows, steps]
    return Vector(vector.labels.take(first), values, floats, histograms, np.logical_and.reduceat(vector.unnamed[order], starts))


@dataclass(slots=True, frozen=True, eq=False)
class FloatSamples:
    """Floats of range vectors, sorted by series and time. starts_ms: start timestamps, or None when none is known."""

    series: I64
    ts_ms: I64
    values: F64
    starts_ms: I64 | None = None

    def part(self, held: slice | Bool) -> FloatSamples:
        starts_ms = None if self.starts_ms is None else self.starts_ms[held]
        return FloatSamples(self.series[held], self.ts_ms[held], self.values[held], starts_ms)


@dataclass(slots=True, frozen=True, eq=False)
class HistogramSamples:
    series: I64
    ts_ms: I64
    histograms: Objects
    starts_ms: I64 | None = None


@dataclass(slots=True, frozen=True, eq=False)
class Ranges:
    """A range vector at every step: all samples once, and which of them lie in the window of each series and step.

    Floats and histograms are apart. The window of step j is (starts_ms[j], ends_ms[j]]. Stale markers are gone.
    """

    labels: LabelTable
    unnamed: Bool
    starts_ms: I64
    ends_ms: I64
    floats: FloatSamples
    float_bounds: Bounds
    histograms: HistogramSamples | None
    histogram_bounds: Bounds | None
    anchored: bool = False
    smoothed: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def steps(self) -> int:
        return len(self.ends_ms)

    @property
    def float_counts(self) -> I64:
        return self.float_bounds.counts

    @property
    def histogram_counts(self) -> I64:
        return np.zeros_like(self.float_counts) if self.histogram_bounds is None else self.histogram_bounds.counts

    def names(self, rows: Bool | I64) -> list[str]:
        """The names of these series, each once."""
        return self.labels.distinct(NAME, rows)

    def repeated(self, steps: int) -> Ranges:
        """The windows of one step at many."""
        histogram_bounds = None if self.histogram_bounds is None else _repeated(self.histogram_bounds, steps)
        return replace(
            self,
            starts_ms=np.repeat(self.starts_ms, steps),
            ends_ms=np.repeat(self.ends_ms, steps),
            float_bounds=_repeated(self.float_bounds, steps),
            histogram_bounds=histogram_bounds,
        )

    def held_sorted(self) -> Ranges:
        """Of the series that have a sample in some window, in the order of their labels."""
        rows = self.labels.order()
        rows = rows[(self.float_counts + self.histogram_counts)[rows].any(axis=1)]
        histogram_bounds = None if self.histogram_bounds is None else Bounds(self.histogram_bounds.lo[rows], self.histogram_bounds.hi[rows])
        return replace(
            self,
            labels=self.labels.take(rows),
            unnamed=self.unnamed[rows],
            float_bounds=Bounds(self.float_bounds.lo[rows], self.float_bounds.hi[rows]),
            histogram_bounds=histogram_bounds,
        )

    def vector(self, values: F64, floats: Bool, histograms: Objects | None = None, *, keeps_name: bool = False) -> Vector:
        """What a function makes of it: one series for each."""
        unnamed = self.unnamed if keeps_name else np.ones(len(self), dtype=bool)
        return Vector(self.labels, values, floats, histograms, unnamed).tidy()


def _repeated(bounds: Bounds, steps: int) -> Bounds:
    return Bounds(np.repeat(bounds.lo, steps, axis=1), np.repeat(bounds.hi, steps, axis=1))

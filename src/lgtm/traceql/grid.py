"""Series × steps that grow as tables of spans are added, folded by addition, minimum or maximum."""

from __future__ import annotations

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import I64, AnyArray
from lgtm.vectors.matrix import F64, Matrix

FILL = {"sum": 0.0, "min": np.inf, "max": -np.inf}
_FOLDS: dict[str, np.ufunc] = {"sum": np.add, "min": np.minimum, "max": np.maximum}


class Grid:
    """fold: sum, min or max. Cells that nothing was added to hold its neutral number and a count of 0."""

    def __init__(self, steps: int, fold: str = "sum") -> None:
        self._steps, self._fold = steps, fold
        self._rows: dict[Labels, int] = {}
        self._values = np.empty((0, steps))
        self._counts = np.empty((0, steps))

    def add(self, labels: list[Labels], series: I64, step: I64, values: AnyArray | None = None) -> None:
        """One element a span: the number of its labels in `labels`, its step, and its value; no values count spans."""
        if not len(series):
            return
        rows = np.array([self._rows.setdefault(each, len(self._rows)) for each in labels], dtype=np.int64)
        self._grow()
        cells = rows[series] * self._steps + step
        size = self._values.size
        self._counts += np.bincount(cells, minlength=size).reshape(-1, self._steps)
        if values is None:
            return
        if self._fold == "sum":
            self._values += np.bincount(cells, weights=values, minlength=size).reshape(-1, self._steps)
        else:
            _FOLDS[self._fold].at(self._values.reshape(-1), cells, values)

    def _grow(self) -> None:
        missing = len(self._rows) - len(self._values)
        if missing > 0:
            self._values = np.concatenate((self._values, np.full((missing, self._steps), FILL[self._fold])))
            self._counts = np.concatenate((self._counts, np.zeros((missing, self._steps))))

    @property
    def labels(self) -> list[Labels]:
        return list(self._rows)

    @property
    def counts(self) -> F64:
        """How many spans were added to each cell."""
        return self._counts

    @property
    def values(self) -> F64:
        return self._values

    def matrix(self, moments_ns: I64, values: F64, *, everywhere: bool) -> Matrix:
        """everywhere: whether cells without spans have a sample too."""
        present = np.ones(values.shape, dtype=bool) if everywhere else self._counts > 0
        return Matrix(self.labels, moments_ns, values, present)

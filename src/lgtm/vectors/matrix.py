"""A matrix: the value of each series at each step, and whether it has one.

An instant vector is a matrix of one step. What a series lacks at a step is told by `present`, never by a special number: NaN is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lgtm.errors import BadRequest
from lgtm.model.labels import Labels

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

NO_LABELS: Labels = ()


class DuplicateSeries(BadRequest):
    """Two series of one vector have the same labels at the same step."""


@dataclass(slots=True, frozen=True, eq=False)
class Matrix:
    """labels: one set per series, all different. values, present: series × steps; a value means nothing where `present` is false."""

    labels: list[Labels]
    steps_ns: I64
    values: F64
    present: Bool

    def __post_init__(self) -> None:
        shape = (len(self.labels), len(self.steps_ns))
        assert self.values.shape == self.present.shape == shape, (self.values.shape, self.present.shape, shape)

    def __len__(self) -> int:
        """How many series there are."""
        return len(self.labels)

    @classmethod
    def empty(cls, steps_ns: I64) -> Matrix:
        shape = (0, len(steps_ns))
        return cls([], steps_ns, np.empty(shape), np.empty(shape, dtype=bool))

    @classmethod
    def constant(cls, value: float, steps_ns: I64) -> Matrix:
        """One series without labels that has the value at every step."""
        shape = (1, len(steps_ns))
        return cls([NO_LABELS], steps_ns, np.full(shape, value), np.ones(shape, dtype=bool))

    def take(self, rows: Sequence[int] | I64) -> Matrix:
        """The series at these indices, in this order."""
        index = np.asarray(rows, dtype=np.int64)
        return Matrix([self.labels[i] for i in index.tolist()], self.steps_ns, self.values[index], self.present[index])

    def with_values(self, values: F64, present: Bool | None = None) -> Matrix:
        return Matrix(self.labels, self.steps_ns, values, self.present if present is None else present)

    def without_absent(self) -> Matrix:
        """Leaves out series that have no value at any step."""
        some = self.present.any(axis=1)
        return self if some.all() else self.take(np.flatnonzero(some))

    def sorted_by_labels(self) -> Matrix:
        order = sorted(range(len(self)), key=self.labels.__getitem__)
        return self if order == list(range(len(self))) else self.take(order)


def number_label_sets(labels: Sequence[Labels]) -> tuple[I64, list[Labels]]:
    """A code per entry and the distinct sets in order of first appearance."""
    codes: dict[Labels, int] = {}
    numbered = np.fromiter((codes.setdefault(label_set, len(codes)) for label_set in labels), dtype=np.int64, count=len(labels))
    return numbered, list(codes)


def reduce_rows(ufunc: np.ufunc, table: npt.NDArray[Any], codes: I64, count: int) -> npt.NDArray[Any]:
    """Folds the rows that share a code: rows × steps becomes count × steps. Each code in 0..count-1 must occur."""
    if count == 0 or len(codes) == count == 1:
        return table
    if count == 1:
        return np.asarray(ufunc.reduce(table, axis=0, keepdims=True))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(count))
    return np.asarray(ufunc.reduceat(table[order], starts, axis=0))


def merge_equal_labels(labels: Sequence[Labels], steps_ns: I64, values: F64, present: Bool, clash: Exception | None = None) -> Matrix:
    """Joins rows of the same labels into one series. Raises `clash` (else DuplicateSeries) when two of them have a value at one step."""
    codes, distinct = number_label_sets(labels)
    if len(distinct) == len(labels):
        return Matrix(distinct, steps_ns, values, present)
    held = reduce_rows(np.add, present.astype(np.int64), codes, len(distinct))
    if (held > 1).any():
        raise clash or DuplicateSeries("vector cannot contain metrics with the same labelset")
    joined = reduce_rows(np.add, np.where(present, values, 0.0), codes, len(distinct))
    return Matrix(distinct, steps_ns, joined.astype(np.float64, copy=False), held > 0)


def join_steps(parts: Sequence[Matrix]) -> Matrix:
    """Matrices over consecutive runs of steps as one; a series that a part lacks is absent there."""
    if len(parts) == 1:
        return parts[0]
    codes, distinct = number_label_sets([label_set for part in parts for label_set in part.labels])
    steps_ns = np.concatenate([part.steps_ns for part in parts])
    values = np.zeros((len(distinct), len(steps_ns)))
    present = np.zeros(values.shape, dtype=bool)
    row, column = 0, 0
    for part in parts:
        rows = codes[row : row + len(part)]
        steps = slice(column, column + len(part.steps_ns))
        values[rows, steps], present[rows, steps] = part.values, part.present
        row, column = row + len(part), column + len(part.steps_ns)
    return Matrix(distinct, steps_ns, values, present)

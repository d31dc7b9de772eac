"""Aggregation over series: sum, avg, … of the groups that `by` or `without` makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lgtm.model.labels import Labels
from lgtm.vectors.matrix import F64, I64, Matrix, number_label_sets, reduce_rows


def group_label_sets(labels: Sequence[Labels], names: Sequence[str], *, without: bool) -> tuple[I64, list[Labels]]:
    """The group of each label set and the groups' own labels: only `names`, or all but `names`. Absent labels are left out."""
    if not names and not without:
        return np.zeros(len(labels), dtype=np.int64), [()] if labels else []
    chosen = frozenset(names)
    return number_label_sets([tuple(pair for pair in label_set if (pair[0] in chosen) != without) for label_set in labels])


def aggregate(op: str, matrix: Matrix, names: Sequence[str], *, without: bool) -> Matrix:
    """op: a key of AGGREGATIONS. A group is absent at steps where all of its series are."""
    codes, groups = group_label_sets(matrix.labels, names, without=without)
    counts = reduce_rows(np.add, matrix.present.astype(np.int64), codes, len(groups))
    with np.errstate(invalid="ignore", over="ignore"):
        values = AGGREGATIONS[op](matrix, codes, counts)
    return Matrix(groups, matrix.steps_ns, values, counts > 0)


def _sum(matrix: Matrix, codes: I64, counts: I64) -> F64:
    return _fold(np.add, np.where(matrix.present, matrix.values, 0.0), codes, counts)


def _avg(matrix: Matrix, codes: I64, counts: I64) -> F64:
    return _sum(matrix, codes, counts) / np.maximum(counts, 1)


def _count(_matrix: Matrix, _codes: I64, counts: I64) -> F64:
    return counts.astype(np.float64)


def _min(matrix: Matrix, codes: I64, counts: I64) -> F64:
    # fmin heeds NaN only when there is nothing else, which is the languages' rule and serves for absent ones too.
    return _fold(np.fmin, np.where(matrix.present, matrix.values, np.nan), codes, counts)


def _max(matrix: Matrix, codes: I64, counts: I64) -> F64:
    return _fold(np.fmax, np.where(matrix.present, matrix.values, np.nan), codes, counts)


def _stdvar(matrix: Matrix, codes: I64, counts: I64) -> F64:
    distance = matrix.values - _avg(matrix, codes, counts)[codes]
    return _fold(np.add, np.where(matrix.present, distance * distance, 0.0), codes, counts) / np.maximum(counts, 1)


def _stddev(matrix: Matrix, codes: I64, counts: I64) -> F64:
    return np.sqrt(_stdvar(matrix, codes, counts))


def _fold(ufunc: np.ufunc, table: F64, codes: I64, counts: I64) -> F64:
    return reduce_rows(ufunc, table, codes, len(counts))


AGGREGATIONS: dict[str, Callable[[Matrix, I64, I64], F64]] = {
    "sum": _sum,
    "avg": _avg,
    "count": _count,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "stdvar": _stdvar,
}

"""Choosing and ordering series by value: topk, bottomk, sort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.vectors.aggregate import group_label_sets
from lgtm.vectors.matrix import F64, Bool, Matrix


def choose_k(matrix: Matrix, k: int, names: Sequence[str], *, without: bool, largest: bool) -> Matrix:
    """At each step the k series of each group with the largest (or smallest) values, labels unchanged.

    NaN comes last either way; among equals the series listed first wins.
    """
    if k < 1 or not len(matrix):
        return Matrix.empty(matrix.steps_ns)
    codes, groups = group_label_sets(matrix.labels, names, without=without)
    if len(groups) == len(matrix):
        return matrix
    series, step = np.nonzero(matrix.present)
    value, group = matrix.values[series, step], codes[series]
    # Rank within (step, group): sort by those first, then count from where each run begins.
    order = np.lexsort((series, -value if largest else value, np.isnan(value), group, step))
    run = step[order] * len(groups) + group[order]
    begins = np.flatnonzero(np.diff(run, prepend=-1))
    rank = np.arange(len(run)) - np.repeat(begins, np.diff(begins, append=len(run)))
    chosen = order[rank < k]
    kept = np.zeros_like(matrix.present)
    kept[series[chosen], step[chosen]] = True
    return matrix.with_values(matrix.values, kept).without_absent()


def sort_by_value(matrix: Matrix, *, descending: bool) -> Matrix:
    """Series ordered by their value at the first step, NaN and absent ones last; equals keep their order."""
    if not len(matrix):
        return matrix
    values: F64 = matrix.values[:, 0]
    last: Bool = ~matrix.present[:, 0] | np.isnan(values)
    return matrix.take(np.lexsort((-values if descending else values, last)))

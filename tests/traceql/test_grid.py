"""Series that grow as spans are added, against a dictionary of lists."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels
from lgtm.traceql.grid import FILL, Grid

STEPS = 3
Spans = list[tuple[str, int, float]]
"""Series, step and value of each."""
SPANS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, STEPS - 1), st.sampled_from([-1.0, 0.0, 2.5])), max_size=6)
FOLDS: dict[str, Callable[[Sequence[float]], float]] = {"sum": math.fsum, "min": min, "max": max}


def labels_of(name: str) -> Labels:
    return (("x", name),)


def add(grid: Grid, spans: Spans, *, counting: bool = False) -> None:
    names = sorted({name for name, _, _ in spans})
    series = np.array([names.index(name) for name, _, _ in spans], np.int64)
    values = None if counting else np.array([value for _, _, value in spans])
    grid.add([labels_of(name) for name in names], series, np.array([step for _, step, _ in spans], np.int64), values)


@given(st.lists(SPANS, max_size=3), st.sampled_from(sorted(FOLDS)))
def test_cells_fold_what_every_table_added(tables: list[Spans], fold: str) -> None:
    grid, cells = Grid(STEPS, fold), defaultdict[tuple[str, int], list[float]](list)
    for spans in tables:
        add(grid, spans)
        for name, step, value in spans:
            cells[name, step].append(value)
    assert set(grid.labels) == {labels_of(name) for name, _ in cells}
    for at, ((_, name),) in enumerate(grid.labels):
        for step in range(STEPS):
            added = cells[name, step]
            assert grid.counts[at, step] == len(added)
            assert grid.values[at, step] == (FOLDS[fold](added) if added else FILL[fold])


@pytest.mark.parametrize("everywhere", [True, False])
def test_cells_without_spans_have_samples_where_that_is_wanted(everywhere: bool) -> None:
    grid = Grid(STEPS)
    add(grid, [("a", 1, 0.0), ("a", 1, 0.0)], counting=True)
    matrix = grid.matrix(np.arange(STEPS), grid.counts, everywhere=everywhere)
    assert matrix.values.tolist() == [[0.0, 2.0, 0.0]]
    assert matrix.present.tolist() == [[everywhere, True, everywhere]]

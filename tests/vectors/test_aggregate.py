"""Aggregation over series, against dictionaries."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels, labels_of
from lgtm.vectors.aggregate import AGGREGATIONS, aggregate
from lgtm.vectors.matrix import Matrix
from vectors.matrices import matrix, text

HOSTS = """
    {app="a", host="1"}  1  2  _
    {app="a", host="2"}  5  _  _
    {app="b", host="1"} 10 nan _
"""


@pytest.mark.parametrize(
    ("op", "names", "without", "expected"),
    [
        ("sum", (), False, ["{} 16 nan _"]),
        ("sum", ("app",), False, ['{app="a"} 6 2 _', '{app="b"} 10 nan _']),
        ("sum", ("host",), True, ['{app="a"} 6 2 _', '{app="b"} 10 nan _']),
        ("max", (), False, ["{} 10 2 _"]),
        ("min", ("app",), False, ['{app="a"} 1 2 _', '{app="b"} 10 nan _']),
        ("count", ("nosuch",), False, ["{} 3 2 _"]),
        ("avg", ("app",), False, ['{app="a"} 3 2 _', '{app="b"} 10 nan _']),
        ("stdvar", ("app",), False, ['{app="a"} 4 0 _', '{app="b"} 0 nan _']),
        ("stddev", (), True, ['{app="a", host="1"} 0 0 _', '{app="a", host="2"} 0 _ _', '{app="b", host="1"} 0 nan _']),
    ],
)
def test_groups_are_aggregated_at_each_step(op: str, names: tuple[str, ...], without: bool, expected: list[str]) -> None:
    assert text(aggregate(op, matrix(HOSTS), names, without=without)) == expected


@pytest.mark.parametrize("op", AGGREGATIONS)
def test_nothing_aggregates_to_nothing(op: str) -> None:
    assert text(aggregate(op, matrix("", steps=3), (), without=False)) == []


def variance(values: list[float]) -> float:
    return sum((v - sum(values) / len(values)) ** 2 for v in values) / len(values)


PLAIN: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "count": lambda values: float(len(values)),
    "min": min,
    "max": max,
    "stdvar": variance,
    "stddev": lambda values: math.sqrt(variance(values)),
}
cells = st.none() | st.floats(-1e6, 1e6, width=32)
tables = st.dictionaries(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")).map(labels_of), st.lists(cells, min_size=3, max_size=3), max_size=12
)


@pytest.mark.parametrize("op", PLAIN)
@given(table=tables, names=st.sets(st.sampled_from("abc")), without=st.booleans())
def test_an_aggregation_equals_the_plain_one_over_dictionaries(
    op: str, table: dict[Labels, list[float | None]], names: set[str], without: bool
) -> None:
    cells = np.array([[math.nan if v is None else v for v in row] for row in table.values()]).reshape(len(table), 3)
    present = np.array([[v is not None for v in row] for row in table.values()], dtype=bool).reshape(len(table), 3)
    got = aggregate(op, Matrix(list(table), np.arange(3), cells, present), sorted(names), without=without)
    expected: dict[tuple[Labels, int], list[float]] = {}
    for labels, row in table.items():
        group = tuple(pair for pair in labels if (pair[0] in names) != without)
        for step, value in enumerate(row):
            if value is not None:
                expected.setdefault((group, step), []).append(value)
    rows = {(labels, step): got.values[i, step] for i, labels in enumerate(got.labels) for step in range(3) if got.present[i, step]}
    assert rows.keys() == expected.keys()
    for key, values in expected.items():
        assert rows[key] == pytest.approx(PLAIN[op](values), rel=1e-9, abs=1e-3)

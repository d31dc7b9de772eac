"""What is done with counted series, against the same done number by number."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.parser import parse
from lgtm.traceql.second_stage import Answer, apply, number
from lgtm.traceql.series_labels import encode, named
from lgtm.traceql.syntax import MetricsFilter, MetricsOperation, TopK
from lgtm.traceql.types import Type
from lgtm.vectors.matrix import Matrix

STEPS = 3

Table = dict[str, list[float | None]]
"""The value of each series at each step, by its name."""

TABLES = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.none() | st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.0]), min_size=STEPS, max_size=STEPS), max_size=4
)


def answer(table: Table, label: Callable[[str], Labels] = lambda name: (("x", encode(name)),)) -> Answer:
    values = np.array([[0.0 if value is None else value for value in row] for row in table.values()], np.float64).reshape(-1, STEPS)
    present = np.array([[value is not None for value in row] for row in table.values()], bool).reshape(-1, STEPS)
    return Answer(Matrix([label(name) for name in table], np.arange(STEPS), values, present))


def listed(found: Answer) -> Table:
    matrix = found.matrix
    rows = zip(matrix.labels, matrix.values.tolist(), matrix.present.tolist(), strict=True)
    return {labels[0][1][1:]: [value if held else None for value, held in zip(*row, strict=True)] for labels, *row in rows}


def without_absent(table: Table) -> Table:
    return {name: row for name, row in table.items() if any(value is not None for value in row)}


def stage(text: str) -> TopK | MetricsFilter | MetricsOperation:
    return cast(TopK | MetricsFilter | MetricsOperation, parse(text).root)


@given(TABLES, st.integers(1, 5), st.booleans())
def test_topk_chooses_at_each_step_on_its_own(table: Table, limit: int, largest: bool) -> None:
    found = apply(stage(f"{{}} | rate() | {'topk' if largest else 'bottomk'}({limit})"), answer(table))
    expected: Table = {name: [None] * STEPS for name in table}
    for step in range(STEPS):
        ranked = sorted((name for name in table if table[name][step] is not None), reverse=not largest)
        ranked.sort(key=lambda name: cast(float, table[name][step]), reverse=largest)
        for name in ranked[:limit]:
            expected[name][step] = table[name][step]
    assert without_absent(listed(found)) == without_absent(expected)


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@given(TABLES, st.sampled_from(sorted(_COMPARISONS)), st.integers(-1, 3))
def test_a_filter_keeps_the_values_that_meet_it(table: Table, symbol: str, bound: int) -> None:
    found = apply(stage(f"{{}} | rate() {symbol} {bound}"), answer(table))
    kept = {name: [value if value is not None and _COMPARISONS[symbol](value, bound) else None for value in row] for name, row in table.items()}
    assert listed(found) == without_absent(kept)


def calculated(symbol: str, a: float | None, b: float | None) -> float | None:
    """None where either side has no value, and where the divisor is zero."""
    if a is None or b is None or (symbol == "/" and b == 0):
        return None
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1)}[symbol]


@given(TABLES, TABLES, st.sampled_from("+-*/"))
def test_series_with_equal_labels_meet(left: Table, right: Table, symbol: str) -> None:
    found = apply(stage(f"({{}} | rate()) {symbol} ({{}} | rate())"), answer(left), answer(right))
    both = {name: [calculated(symbol, *pair) for pair in zip(left[name], right[name], strict=True)] for name in left if name in right}
    assert listed(found) == without_absent(both)


@given(TABLES, st.sampled_from("+-*/"), st.integers(0, 3), st.booleans())
def test_a_number_meets_every_series(table: Table, symbol: str, value: int, first: bool) -> None:
    literal, query = Static(Type.INT, value), "({} | rate())"
    if first:
        found = apply(stage(f"{value} {symbol} {query}"), literal, answer(table))
        expected = {name: [calculated(symbol, value, each) for each in row] for name, row in table.items()}
    else:
        found = apply(stage(f"{query} {symbol} {value}"), answer(table), literal)
        expected = {name: [calculated(symbol, each, value) for each in row] for name, row in table.items()}
    assert listed(found) == without_absent(expected)


@given(TABLES, st.lists(st.sampled_from([1.0, 2.0]), min_size=STEPS, max_size=STEPS), st.sampled_from("+-*/"), st.booleans())
def test_a_series_without_labels_meets_every_other(table: Table, total: list[float], symbol: str, first: bool) -> None:
    single = answer({"rate": list(total)}, named)
    sides = (single, answer(table)) if first else (answer(table), single)
    found = apply(stage(f"({{}} | rate()) {symbol} ({{}} | rate())"), *sides)
    expected = {name: [calculated(symbol, *((b, a) if first else (a, b))) for a, b in zip(row, total, strict=True)] for name, row in table.items()}
    assert listed(found) == without_absent(expected)


def test_two_series_without_labels_are_one_that_is_named_after_both() -> None:
    found = apply(stage("({} | rate()) / ({} | rate())"), answer({"rate": [6.0] * STEPS}, named), answer({"count_over_time": [3.0] * STEPS}, named))
    assert found.matrix.labels == [named("(rate / count_over_time)")]
    assert found.matrix.values.tolist() == [[2.0] * STEPS]


@pytest.mark.parametrize(
    ("literal", "expected"),
    [(Static(Type.INT, 3), 3.0), (Static(Type.FLOAT, 0.5), 0.5), (Static(Type.DURATION, 1_500_000_000), 1.5)],
)
def test_durations_are_told_in_seconds(literal: Static, expected: float) -> None:
    assert number(literal) == expected


def test_what_is_not_a_number_is_no_value_of_an_operation() -> None:
    found = apply(stage("({} | rate()) + 1"), answer({"a": [math.nan, 1.0, None]}), Static(Type.INT, 1))
    assert listed(found) == {"a": [None, 2.0, None]}

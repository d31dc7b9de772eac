"""Comparisons of columns, against comparing value by value."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import constant, from_arrow
from lgtm.traceql.comparison import compare_columns, compare_literal
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.types import Type

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=~": lambda text, pattern: re.fullmatch(pattern, text, re.DOTALL) is not None,
    "!~": lambda text, pattern: re.fullmatch(pattern, text, re.DOTALL) is None,
}  # fmt: skip
PLAIN = ["=", "!=", "<", "<=", ">", ">="]
TEXTS = st.sampled_from(["", "a", "ab", "b", "a\nb", "ü"])
INTS = st.integers(-2, 2)


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | values, min_size=1, max_size=6)


def met(symbol: str, value: Any, other: Any) -> bool:
    """A list meets a condition when any member does, and nothing meets none."""
    if value is None or other is None:
        return False
    if isinstance(value, list):
        return any(met(symbol, member, other) for member in value)
    if isinstance(other, list):
        return any(met(symbol, value, member) for member in other)
    return OPERATORS[symbol](value, other)


@given(
    rows_of(TEXTS) | rows_of(st.lists(TEXTS, min_size=1, max_size=3)),
    st.sampled_from(sorted(OPERATORS)),
    st.sampled_from(["", "a", "a.*", ".", "b|ü"]),
)
def test_texts_meet_a_literal_row_by_row(values: list[Any], symbol: str, text: str) -> None:
    of = pa.list_(pa.string()) if any(isinstance(value, list) for value in values) else pa.string()
    found = compare_literal((from_arrow(pa.array(values, of)),), symbol, Static(Type.STRING, text), stored_type=True, rows=len(values))
    assert found.tolist() == [met(symbol, value, text) for value in values]


@given(rows_of(INTS) | rows_of(st.lists(INTS, min_size=1, max_size=3)), st.sampled_from(PLAIN), INTS)
def test_numbers_meet_a_literal_row_by_row(values: list[Any], symbol: str, number: int) -> None:
    of = pa.list_(pa.int64()) if any(isinstance(value, list) for value in values) else pa.int64()
    found = compare_literal((from_arrow(pa.array(values, of)),), symbol, Static(Type.INT, number), stored_type=True, rows=len(values))
    assert found.tolist() == [met(symbol, value, number) for value in values]


def _two(rows: int) -> st.SearchStrategy[tuple[list[Any], list[Any]]]:
    plain = st.lists(st.none() | INTS, min_size=rows, max_size=rows)
    lists = st.lists(st.none() | st.lists(INTS, min_size=1, max_size=3), min_size=rows, max_size=rows)
    return st.tuples(plain, plain) | st.tuples(lists, plain) | st.tuples(plain, lists)


@given(st.integers(1, 5).flatmap(_two), st.sampled_from(PLAIN))
def test_two_fields_meet_row_by_row(sides: tuple[list[Any], list[Any]], symbol: str) -> None:
    columns = [
        (from_arrow(pa.array(side, pa.list_(pa.int64()) if any(isinstance(value, list) for value in side) else pa.int64())),) for side in sides
    ]
    found = compare_columns(columns[0], symbol, columns[1], len(sides[0]))
    assert found.tolist() == [met(symbol, a, b) for a, b in zip(*sides, strict=True)]


@given(rows_of(TEXTS), TEXTS, st.sampled_from(PLAIN))
def test_two_texts_meet_row_by_row(values: list[Any], text: str, symbol: str) -> None:
    found = compare_columns((from_arrow(pa.array(values, pa.string())),), symbol, (constant(Type.STRING, text, len(values)),), len(values))
    assert found.tolist() == [met(symbol, value, text) for value in values]


@pytest.mark.parametrize(
    ("column", "literal", "stored", "calculated"),
    [
        (Type.INT, Static(Type.INT, 42), True, True),
        (Type.FLOAT, Static(Type.INT, 42), False, True),
        (Type.INT, Static(Type.FLOAT, 42.0), False, True),
        (Type.INT, Static(Type.DURATION, 42), True, True),
        (Type.FLOAT, Static(Type.DURATION, 42), True, True),
        (Type.DURATION, Static(Type.INT, 42), True, True),
        (Type.INT, Static(Type.STRING, "42"), False, False),
        (Type.INT, Static(Type.STATUS, 42), False, False),
    ],
)
def test_a_stored_number_meets_literals_of_its_own_type(column: Type, literal: Static, stored: bool, calculated: bool) -> None:
    columns = (constant(column, 42, 1),)
    assert compare_literal(columns, "=", literal, stored_type=True, rows=1).tolist() == [stored]
    assert compare_literal(columns, "=", literal, stored_type=False, rows=1).tolist() == [calculated]


@pytest.mark.parametrize("symbol", PLAIN)
def test_a_row_without_a_value_of_the_type_meets_nothing(symbol: str) -> None:
    columns = (from_arrow(pa.array(["x", None], pa.string())), from_arrow(pa.array([None, None], pa.int64())))
    assert not compare_literal(columns, symbol, Static(Type.INT, 1), stored_type=True, rows=2).any()

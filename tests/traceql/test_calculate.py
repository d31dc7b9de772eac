"""Arithmetic between columns, against Go's arithmetic on single numbers."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.calculate import calculate, negate
from lgtm.traceql.columns import Column, Columns, constant, from_arrow
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.folding import scalar
from lgtm.traceql.types import Type

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
EDGES = [0, 1, -1, 2, 3, -7, 10, 2**31, INT_MAX, INT_MIN]
INTS = st.sampled_from(EDGES) | st.integers(INT_MIN, INT_MAX)
ROWS = st.lists(st.tuples(st.none() | INTS, st.none() | INTS), min_size=1, max_size=6)


def wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def in_go(symbol: str, a: int, b: int) -> int | None:
    """Of 64 bits, wrapping around; None where the divisor is zero."""
    match symbol:
        case "+":
            return wrapped(a + b)
        case "-":
            return wrapped(a - b)
        case "*":
            return wrapped(a * b)
    if b == 0:
        return None
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return wrapped(quotient) if symbol == "/" else a - b * quotient


def ints(values: list[int | None]) -> Columns:
    return (from_arrow(pa.array(values, pa.int64())),)


def listed(columns: Columns, rows: int) -> list[object]:
    found: list[object] = [None] * rows
    for column in columns:
        for row in np.flatnonzero(column.held).tolist():
            assert found[row] is None
            found[row] = column.item(row)
    return found


@given(ROWS, st.sampled_from("+-*/%"))
def test_integers_calculate_as_in_go(pairs: list[tuple[int | None, int | None]], symbol: str) -> None:
    found = calculate(ints([a for a, _ in pairs]), symbol, ints([b for _, b in pairs]))
    assert listed(found, len(pairs)) == [None if a is None or b is None else in_go(symbol, a, b) for a, b in pairs]


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-4, 40)), min_size=1))
def test_a_power_is_an_integer_unless_the_exponent_is_negative(pairs: list[tuple[int, int]]) -> None:
    found = listed(calculate(ints([a for a, _ in pairs]), "^", ints([b for _, b in pairs])), len(pairs))
    for (a, b), value in zip(pairs, found, strict=True):
        if b >= 0:
            assert value == wrapped(a**b)
        else:
            assert value == (pytest.approx(a**b) if a else math.inf)


@pytest.mark.parametrize("symbol", "+-*/%")
@pytest.mark.parametrize("b", EDGES)
@pytest.mark.parametrize("a", EDGES)
def test_constants_are_computed_as_columns_are(a: int, b: int, symbol: str) -> None:
    folded = scalar(symbol, Static(Type.INT, a), Static(Type.INT, b))
    (found,) = listed(calculate((constant(Type.INT, a, 1),), symbol, (constant(Type.INT, b, 1),)), 1)
    assert (None if folded is None else folded.value) == found == in_go(symbol, a, b)


@pytest.mark.parametrize(
    ("left", "right", "of"),
    [
        (Type.INT, Type.INT, Type.INT),
        (Type.INT, Type.FLOAT, Type.FLOAT),
        (Type.DURATION, Type.INT, Type.DURATION),
        (Type.INT, Type.DURATION, Type.DURATION),
        (Type.DURATION, Type.FLOAT, Type.FLOAT),
    ],
)
def test_types_of_results(left: Type, right: Type, of: Type) -> None:
    (column,) = calculate((constant(left, 6, 1),), "+", (constant(right, 4, 1),))
    assert (column.type, column.item(0)) == (of, 10)


def test_a_float_divides_by_zero() -> None:
    (column,) = calculate((constant(Type.FLOAT, 1.0, 1),), "/", (constant(Type.INT, 0, 1),))
    assert column.item(0) == math.inf


def test_columns_of_each_type_meet_and_what_is_no_number_takes_no_part() -> None:
    lefts = (*ints([1, None, None]), from_arrow(pa.array([None, 0.5, None])), from_arrow(pa.array([None, None, "x"])))
    assert listed(calculate(lefts, "+", ints([1, 1, 1])), 3) == [2, 1.5, None]
    lists = Column(Type.INT, np.array([1, 2]), offsets=np.array([0, 1, 2]))
    assert calculate((lists,), "+", ints([1, 1])) == ()


@given(st.lists(INTS, min_size=1))
def test_a_negative_wraps_around(values: list[int]) -> None:
    assert listed(negate(ints(list(values))), len(values)) == [wrapped(-value) for value in values]

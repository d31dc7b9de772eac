"""Numbers for values, against dictionaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import from_arrow, gather_children
from lgtm.traceql.grouping import NO_VALUE, combine_numbers, number_distinct, number_values, single_valued

VALUES = st.one_of(
    st.none(),
    st.sampled_from(["", "1", "a"]),
    st.integers(-2, 2),
    st.booleans(),
    st.sampled_from([0.0, 1.0, -0.5]),
    st.lists(st.sampled_from(["a", "1"]), min_size=1, max_size=3),
)
_ARROW = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64(), list: pa.list_(pa.string())}


def first_seen(values: list[Any]) -> tuple[list[int], list[int]]:
    """The number of each in the order in which they first occur, and where."""
    places: dict[Any, int] = {}
    for at, value in enumerate(values):
        places.setdefault(value, at)
    order = list(places)
    return [order.index(value) for value in values], list(places.values())


def distinct(value: Any) -> Any:
    """1, 1.0, true and "1" are different values."""
    return type(value), str(value)


@given(st.lists(VALUES, max_size=12), st.data())
def test_rows_have_one_number_when_they_have_one_value(values: list[Any], data: st.DataObject) -> None:
    columns = tuple(from_arrow(pa.array([value if type(value) is of else None for value in values], arrow)) for of, arrow in _ARROW.items())
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=12)) if values else []
    numbers = number_values(columns, np.array(rows, np.int64)).tolist()
    assert [number == NO_VALUE for number in numbers] == [values[row] is None for row in rows]
    for one, a in zip(rows, numbers, strict=True):
        for other, b in zip(rows, numbers, strict=True):
            assert (a == b) == (distinct(values[one]) == distinct(values[other]))


@given(st.lists(st.integers(0, 9)) | st.lists(st.integers(0, 10**9)))
def test_numbers_follow_the_order_in_which_values_first_occur(values: list[int]) -> None:
    numbers, first = number_distinct(np.array(values, np.int64))
    assert (numbers.tolist(), first.tolist()) == first_seen(values)


@given(st.lists(st.tuples(*[st.integers(NO_VALUE, 3)] * 3), min_size=1))
def test_combinations_are_numbered_as_tuples(rows: list[tuple[int, int, int]]) -> None:
    numbers, first = combine_numbers([np.array(part, np.int64) for part in zip(*rows, strict=True)])
    assert (numbers.tolist(), first.tolist()) == first_seen(rows)


@given(st.lists(st.tuples(st.integers(0, 4), st.none() | st.sampled_from(["a", "b"])), max_size=8))
def test_a_span_with_several_events_stands_for_the_first_that_has_a_value(events: list[tuple[int, str | None]]) -> None:
    events.sort(key=lambda event: event[0])
    column = from_arrow(pa.array([value for _, value in events], pa.string()))
    (single,) = single_valued((gather_children(column, np.array([row for row, _ in events], np.int64), 5),))
    expected = [next((value for at, value in events if at == row and value is not None), None) for row in range(5)]
    assert [single.item(row) if held else None for row, held in enumerate(single.held.tolist())] == expected

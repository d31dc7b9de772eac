"""Columns: every operation does at once what a loop over Python values does row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.columns import Column, Columns, Item, constant, first_of, from_arrow, gather_children, held_by_any, hex_strings, strings
from lgtm.traceql.types import Type

Rows = list[Any]
"""One value a row, None where there is none."""

_SCALARS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): st.sampled_from(["", "a", "b", "ü"]),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
}


def _rows_of(members: st.SearchStrategy[Any], least: int = 0, most: int = 8) -> st.SearchStrategy[Rows]:
    return st.lists(st.none() | members, min_size=least, max_size=most)


def _typed(of: pa.DataType) -> st.SearchStrategy[tuple[pa.DataType, Rows]]:
    scalars = _rows_of(_SCALARS[of]).map(lambda rows: (of, rows))
    # A list without members is no value: the rows that have none are not told apart.
    lists = _rows_of(st.lists(_SCALARS[of], min_size=1, max_size=3)).map(lambda rows: (pa.list_(of), rows))
    return scalars | lists


TYPED_ROWS = st.sampled_from(sorted(_SCALARS, key=str)).flatmap(_typed)


def column_of(of: pa.DataType, rows: Rows) -> Column:
    return from_arrow(pa.array(rows, of))


def rows_of(column: Column) -> Rows:
    return [column.item(row) if held else None for row, held in enumerate(column.held.tolist())]


@given(TYPED_ROWS)
def test_what_arrow_holds_is_read_back_row_by_row(typed: tuple[pa.DataType, Rows]) -> None:
    of, rows = typed
    column = column_of(of, rows)
    assert len(column) == len(rows)
    assert rows_of(column) == rows


@given(TYPED_ROWS)
def test_chunks_are_one_column(typed: tuple[pa.DataType, Rows]) -> None:
    of, rows = typed
    middle = len(rows) // 2
    assert rows_of(from_arrow(pa.chunked_array([pa.array(rows[:middle], of), pa.array(rows[middle:], of)], of))) == rows


@given(TYPED_ROWS, st.data())
def test_take_gives_rows_in_any_order_and_more_than_once(typed: tuple[pa.DataType, Rows], data: st.DataObject) -> None:
    of, rows = typed
    wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10)) if rows else []
    assert rows_of(column_of(of, rows).take(np.array(wanted, np.int64))) == [rows[row] for row in wanted]


@given(TYPED_ROWS, st.data())
def test_where_keeps_values_under_the_mask(typed: tuple[pa.DataType, Rows], data: st.DataObject) -> None:
    of, rows = typed
    mask = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    kept = column_of(of, rows).where(np.array(mask, bool))
    assert rows_of(kept) == [value if keep else None for value, keep in zip(rows, mask, strict=True)]


@given(TYPED_ROWS)
def test_items_are_the_values_of_rows_that_have_one(typed: tuple[pa.DataType, Rows]) -> None:
    of, rows = typed
    column = column_of(of, rows)
    assert column.take(np.flatnonzero(column.held)).items() == [value for value in rows if value is not None]


@given(_rows_of(_SCALARS[pa.string()]))
def test_strings_are_the_same_dictionary_encoded_or_not(rows: Rows) -> None:
    plain = pa.array(rows, pa.string())
    assert rows_of(strings(plain)) == rows_of(strings(plain.dictionary_encode())) == rows


@pytest.mark.parametrize(
    ("of", "value"),
    [(Type.STRING, "a"), (Type.INT, -3), (Type.FLOAT, 0.5), (Type.BOOL, True), (Type.DURATION, 7), (Type.STATUS, 2)],
)
def test_a_constant_has_its_value_in_every_row(of: Type, value: str | float) -> None:
    column = constant(of, value, 3)
    assert column.type is of
    assert rows_of(column) == [value] * 3


def _alternatives(rows: int) -> st.SearchStrategy[list[list[tuple[pa.DataType, Rows]]]]:
    one = st.sampled_from(sorted(_SCALARS, key=str)).flatmap(lambda of: _rows_of(_SCALARS[of], rows, rows).map(lambda values: (of, values)))
    return st.lists(st.lists(one, max_size=1), max_size=3)


def _value(columns: Columns, row: int) -> Item | None:
    found = [column.item(row) for column in columns if column.held[row]]
    assert len(found) <= 1
    return found[0] if found else None


@given(st.integers(0, 5).flatmap(lambda rows: st.tuples(st.just(rows), _alternatives(rows))))
def test_first_of_takes_each_row_from_the_first_that_has_it(given_: tuple[int, list[list[tuple[pa.DataType, Rows]]]]) -> None:
    rows, typed = given_
    alternatives = [tuple(column_of(*each) for each in columns) for columns in typed]
    found = first_of(alternatives, rows)
    for row in range(rows):
        present = [values[row] for columns in typed for _, values in columns if values[row] is not None]
        assert _value(found, row) == (present[0] if present else None)
    held = held_by_any([column for columns in alternatives for column in columns], rows)
    assert held.tolist() == [any(values[row] is not None for columns in typed for _, values in columns) for row in range(rows)]


@given(TYPED_ROWS, st.data())
def test_children_are_gathered_as_lists_of_their_parents(typed: tuple[pa.DataType, Rows], data: st.DataObject) -> None:
    of, rows = typed
    parents = sorted(data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows))))
    gathered = gather_children(column_of(of, rows), np.array(parents, np.int64), 5)
    expected: list[list[Any]] = [[] for _ in range(5)]
    for parent, value in zip(parents, rows, strict=True):
        expected[parent] += [] if value is None else value if isinstance(value, list) else [value]
    assert gathered.of_children
    assert rows_of(gathered) == [members or None for members in expected]


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=4))
def test_ids_are_lower_case_hex(ids: list[bytes]) -> None:
    assert hex_strings(np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 8)).to_pylist() == [each.hex() for each in ids]

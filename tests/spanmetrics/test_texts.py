"""Columns of texts answer as lists of texts would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.spanmetrics.texts import Texts, first_of, group_rows, joined, keys_at, number

CELLS = st.sampled_from([None, "", "a", "b", "long"])
TABLES = st.integers(0, 20).flatmap(lambda rows: st.lists(st.lists(CELLS, min_size=rows, max_size=rows), min_size=1, max_size=3))


def listed(texts: Texts) -> list[str | None]:
    return [None if code < 0 else texts.values[code] for code in texts.codes.tolist()]


@given(TABLES)
def test_every_operation_is_what_it_is_for_lists(columns: list[list[str | None]]) -> None:
    texts = [Texts.of(column) for column in columns]
    rows = list(zip(*columns, strict=True))
    assert [listed(each) for each in texts] == columns == [listed(Texts.encode(pa.array(column, pa.string()))) for column in columns]
    assert listed(first_of(texts)) == [next((cell for cell in row if cell is not None), None) for row in rows]
    assert listed(joined(texts, "/")) == ["/".join(cell for cell in row if cell) for row in rows]
    assert texts[0].filled.tolist() == [bool(row[0]) for row in rows]
    assert keys_at(texts, np.arange(len(rows))) == [tuple(cell or "" for cell in row) for row in rows]


@given(TABLES)
def test_rows_that_agree_are_a_group(columns: list[list[str | None]]) -> None:
    rows = list(zip(*columns, strict=True))
    numbers, first = group_rows([Texts.of(column).codes for column in columns])
    assert [rows[first[at]] for at in numbers.tolist()] == rows
    assert [rows.index(rows[at]) for at in first.tolist()] == first.tolist()
    assert len(first) == len(set(rows))


def test_groups_of_more_columns_than_one_number_holds() -> None:
    column = np.array([0, 1 << 40, 0, 1 << 40, 7])
    numbers, first = group_rows([column, column, column[::-1].copy()])
    assert (len(first), len(set(numbers.tolist())), numbers[1] == numbers[3]) == (4, 4, True)
    numbers, first = group_rows([column, column, column])
    assert (numbers[[0, 1, 4]].tolist(), sorted(first.tolist())) == (numbers[[2, 3, 4]].tolist(), [0, 1, 4])


@pytest.mark.parametrize("size", [None, 10, 1 << 40])
def test_equal_keys_have_equal_numbers(size: int | None) -> None:
    numbers, count = number(np.array([5, 3, 5, 9]), size)
    assert (count, sorted(set(numbers.tolist())), numbers[0]) == (3, [0, 1, 2], numbers[2])


def test_no_columns_have_keys_of_nothing() -> None:
    assert keys_at([], np.arange(2)) == [(), ()]


def test_texts_of_other_rows_can_be_left_out() -> None:
    texts = Texts.of(["a", "b", None])
    assert listed(texts.only(np.array([False, True, True]))) == [None, "b", None]
    assert listed(texts.take(np.array([1, 1]))) == ["b", "b"]
    assert (listed(Texts.constant("x", 2)), listed(Texts.absent(1))) == (["x", "x"], [None])

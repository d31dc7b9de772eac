from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.distributor.rest import column_pairs, rest_column, rest_pairs
from lgtm.model.signal import REST_TYPE

ROWS = st.lists(st.none() | st.dictionaries(st.sampled_from(["meta.a", "meta.b", "meta.c"]), st.text(max_size=3), max_size=3), max_size=8)


@given(ROWS, st.integers(0, 8), st.integers(0, 8))
def test_pairs_make_the_column_they_came_from(rows: list[dict[str, str] | None], start: int, length: int) -> None:
    column = pa.array([None if row is None else list(row.items()) for row in rows], REST_TYPE).slice(start, length)
    again = rest_column([rest_pairs(column)], len(column))
    again.validate(full=True)
    assert again.to_pylist() == [pairs or None for pairs in column.to_pylist()]


@given(st.lists(st.none() | st.text(max_size=3), max_size=8))
def test_a_column_folded_into_rest_keeps_its_values(values: list[str | None]) -> None:
    pairs = column_pairs("meta.a", pa.array(values, pa.string()))
    assert rest_column([pairs], len(values)).to_pylist() == [None if value is None else [("meta.a", value)] for value in values]


def test_pairs_of_a_row_from_several_columns_come_together() -> None:
    columns = [column_pairs("meta.a", pa.array(["1", None, "3"])), column_pairs("meta.b", pa.array(["x", "y", None]))]
    assert rest_column(columns, 3).to_pylist() == [[("meta.a", "1"), ("meta.b", "x")], [("meta.b", "y")], [("meta.a", "3")]]

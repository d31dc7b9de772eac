from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.union import RowUnion
from lgtm.model.batch import Batch
from support.rows import batch_of, entries_of, entry

BATCHES = [
    batch_of([entry("api", 1, "one", level="info"), entry("web", 2, "two")]),
    batch_of([entry("web", 3, "three", {"odd": "1"})]),
    batch_of([entry("db", 4, "four", trace="t"), entry("api", 5, "five")]),
]
ENTRIES = [e for batch in BATCHES for e in entries_of(batch)]


def as_batch(union: RowUnion, rows: object) -> Batch:
    return Batch(union.signal, union.tenant, union.series, rows)


@given(st.lists(st.integers(0, 4)), st.sampled_from([slice(0, 1), slice(0, 3)]))
def test_rows_are_taken_in_any_order_and_number(indices: list[int], some: slice) -> None:
    union = RowUnion(BATCHES[some])
    indices = [i for i in indices if i < len(union)]
    assert entries_of(as_batch(union, union.take(np.array(indices, np.int64)))) == [ENTRIES[i] for i in indices]


def test_rows_may_be_given_other_series_numbers() -> None:
    union = RowUnion(BATCHES)
    numbers = np.arange(len(union.series))[::-1].astype(np.int64)
    assert union.take(np.arange(5), numbers=numbers).column("series").to_pylist() == [2, 1, 1, 0, 2]


def test_a_shared_series_table_stays_as_it_is() -> None:
    assert RowUnion([BATCHES[0], BATCHES[0]]).series is BATCHES[0].series


def test_lengths_count_the_bytes_of_all_strings() -> None:
    assert RowUnion(BATCHES).content_lengths().tolist() == [7, 3, 6, 5, 4]


def test_a_column_has_values_only_where_it_has() -> None:
    union = RowUnion(BATCHES)
    assert [union.has_values("meta.level", np.array(rows, np.int64)) for rows in ([0], [1], [1, 2], [0, 4])] == [True, False, False, True]

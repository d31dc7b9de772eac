"""Decoded columns are kept as long as there is room, the ones used last longest."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.storage.column_cache import SHARE_MAX, ColumnCache

COLUMN = pa.array([1, 2, 3, 4], pa.int64())


def key(number: int) -> tuple[str, int, str]:
    return "block/rows.parquet", number, "ts"


@given(st.lists(st.tuples(st.sampled_from(["get", "put"]), st.integers(0, 30)), max_size=60))
def test_it_holds_the_columns_used_last(calls: list[tuple[str, int]]) -> None:
    room = SHARE_MAX + 2
    cache = ColumnCache(room * COLUMN.nbytes)
    expected: list[int] = []
    for call, number in calls:
        if call == "put":
            cache.put(key(number), COLUMN)
        else:
            assert (cache.get(key(number)) is not None) == (number in expected)
        if call == "put" or number in expected:
            expected = [*(one for one in expected if one != number), number][-room:]
    assert cache.nbytes == len(expected) * COLUMN.nbytes
    assert all(cache.get(key(number)) is COLUMN for number in expected)


def test_a_column_too_large_for_its_share_is_not_kept() -> None:
    for bytes_max in (0, COLUMN.nbytes * SHARE_MAX - 1):
        cache = ColumnCache(bytes_max)
        cache.put(key(1), COLUMN)
        assert cache.get(key(1)) is None
        assert (cache.nbytes, cache.hits, cache.misses) == (0, 0, 1)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.pushes import Entry, rows_of
from lgtm.distributor.amend import increment_duplicates, truncate_lines


@pytest.mark.parametrize(
    ("line", "cut"),
    [("abcde", "abcd"), ("abcd", "abcd"), ("", ""), ("abcé", "abc"), ("é🚀", "é"), ("🚀🚀", "🚀")],
)
def test_a_long_line_is_cut_between_characters(line: str, cut: str) -> None:
    rows = truncate_lines(rows_of([(0, (1, "ab", {"a": "b"})), (0, (1, line))]), 4)
    assert rows.column("line").to_pylist() == ["ab", cut]
    assert rows.column("meta.a").to_pylist() == ["b", None]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ([(5, "a"), (5, "b"), (5, "c")], [5, 6, 7]),
        ([(5, "a"), (5, "a"), (5, "b")], [5, 5, 6]),  # an exact repetition is left to be recognised as one
        ([(5, "a"), (5, "b"), (6, "c")], [5, 6, 7]),  # the predecessor was moved to 6
        ([(5, "a"), (6, "b"), (5, "c")], [5, 6, 5]),
        ([(5, "a"), (5, "b"), (9, "c"), (9, "d")], [5, 6, 9, 10]),
        ([(2**63 - 1, "a"), (2**63 - 1, "b")], [2**63 - 1, 2**63 - 1]),
    ],
)
def test_equal_times_are_moved_apart(sent: list[tuple[int, str]], stored: list[int]) -> None:
    assert increment_duplicates(rows_of([(0, entry) for entry in sent])).column("ts").to_pylist() == stored


ENTRIES = st.lists(st.tuples(st.integers(0, 2), st.tuples(st.integers(0, 5), st.sampled_from("ab"))), max_size=20)


@given(ENTRIES)
def test_streams_do_not_touch_each_other(entries: list[tuple[int, Entry]]) -> None:
    together = increment_duplicates(rows_of(entries))
    for series in range(3):
        alone = increment_duplicates(rows_of([(0, entry) for number, entry in entries if number == series]))
        found = [ts for ts, (number, _) in zip(together.column("ts").to_pylist(), entries, strict=True) if number == series]
        assert found == alone.column("ts").to_pylist()

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.model.labels import is_placeholder, placeholder
from lgtm.model.series import Series
from lgtm.model.window import ALWAYS, Window
from lgtm.query.duplicates import Suspects, contested, find_drops, find_suspects, without
from lgtm.query.source import EVERYTHING, Columns, RowSet
from query.row_sets import Span, row_sets_of
from support.rows import Entry, batch_of, entries_of, entry

# Few values, so that copies and near copies abound.
ENTRIES = st.builds(
    lambda app, ts, line, metadata: entry(app, ts, line, **metadata),
    st.sampled_from(["api", "web"]),
    st.integers(0, 5),
    st.sampled_from(["x", "y"]),
    st.dictionaries(st.sampled_from(["trace", "user"]), st.sampled_from(["1", "2"]), max_size=2),
)


@given(st.lists(st.lists(ENTRIES, max_size=8), max_size=6), st.integers(0, 5), st.integers(0, 6))
def test_each_record_inside_the_window_is_left_exactly_once(groups: list[list[Entry]], start: int, length: int) -> None:
    window = Window(start, start + length)
    row_sets = row_sets_of(groups)

    drops = find_drops(row_sets, window, find_suspects(row_sets, window))
    left = [e for rows, drop in zip(row_sets, drops, strict=True) for e in entries_of(list(without(rows.read(window, EVERYTHING), drop)))]

    # The first in order of arrival stays.
    wanted: dict[object, Entry] = {}
    for e in (e for group in groups for e in group if e.ts in window):
        wanted.setdefault(e.identity, e)
    assert [e.identity for e in left] == list(wanted)


def test_of_copies_of_which_one_has_lost_its_labels_the_other_stays_wherever_it_lies() -> None:
    entries = [entry("api", 0, "x"), entry("api", 1, "only here"), entry("web", 0, "x")]
    lost, known = without_labels(batch_of(entries)), batch_of(entries[::2])
    for batches in ([lost, known], [known, lost]):
        row_sets: list[RowSet] = [Span(0, 1, 3, batches=[batch]) for batch in batches]
        drops = find_drops(row_sets, ALWAYS, find_suspects(row_sets, ALWAYS))
        left = [e for rows, drop in zip(row_sets, drops, strict=True) for e in entries_of(list(without(rows.read(ALWAYS, EVERYTHING), drop)))]
        assert sorted((is_placeholder(e.labels), e.labels, e.line) for e in left) == sorted(
            [(False, entries[0].labels, "x"), (False, entries[2].labels, "x"), (True, lost.series[0].labels, "only here")]
        )


def without_labels(batch: Batch) -> Batch:
    """As it comes out of a log whose frame with the labels is damaged."""
    return Batch(batch.signal, batch.tenant, tuple(Series(one.fingerprint, placeholder(one.fingerprint)) for one in batch.series), batch.rows)


def test_row_sets_that_cannot_share_a_record_are_not_even_read() -> None:
    class Unreadable(Span):
        def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
            raise AssertionError("read")

    apart: list[RowSet] = [Unreadable(0, 9, 10), Unreadable(10, 19, 10), Unreadable(30, 39, 10)]
    assert find_suspects(apart, Window(0, 100)) == Suspects({})


@pytest.mark.parametrize(
    ("spans", "stretches"),
    [
        ([], []),
        ([Span(0, 9, 1)], []),
        ([Span(0, 9, 1, unique=False)], [Window(0, 10)]),
        ([Span(0, 9, 1), Span(10, 19, 1)], []),
        ([Span(0, 10, 1), Span(10, 19, 1)], [Window(10, 11)]),
        ([Span(0, 10, 1), Span(5, 19, 1), Span(15, 30, 1)], [Window(5, 11), Window(15, 20)]),
        ([Span(0, 100, 1), Span(10, 20, 1), Span(20, 30, 1)], [Window(10, 31)]),
        ([Span(5, 5, 1), Span(5, 5, 1)], [Window(5, 6)]),
    ],
)
def test_time_is_contested_where_a_record_may_lie_twice(spans: list[Span], stretches: list[Window]) -> None:
    assert contested(spans) == stretches

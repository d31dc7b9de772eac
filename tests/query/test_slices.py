from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.window import Window
from lgtm.query.slices import slices
from query.row_sets import Span

TIMES = st.integers(-(2**62), 2**62)
SPANS = st.builds(lambda a, b, n: Span(min(a, b), max(a, b), n), TIMES, TIMES, st.integers(1, 10**7))


@given(st.lists(SPANS, max_size=8), TIMES, TIMES, st.integers(1, 10**6), st.booleans())
def test_slices_cover_every_row_of_the_window_once_in_order(spans: list[Span], a: int, b: int, first_rows: int, newest_first: bool) -> None:
    window = Window(min(a, b), max(a, b))
    found = list(slices(spans, window, first_rows=first_rows, newest_first=newest_first))

    in_time = found[::-1] if newest_first else found
    assert all(part.start_ns < part.end_ns for part in in_time)
    assert all(earlier.end_ns == later.start_ns for earlier, later in itertools.pairwise(in_time))
    for span in spans:
        low, high = max(span.min_ns, window.start_ns), min(span.max_ns, window.end_ns - 1)
        if low <= high:
            assert in_time[0].start_ns <= low
            assert high < in_time[-1].end_ns


def test_the_first_slice_is_small_and_later_ones_grow() -> None:
    parts = list(slices([Span(0, 999_999, 1_000_000)], Window(0, 10**9), first_rows=1_000, newest_first=True))

    assert parts[0].end_ns == 1_000_000
    lengths = [part.end_ns - part.start_ns for part in parts]
    assert 900 <= lengths[0] <= 1_100
    assert all(60 <= later / earlier <= 68 for earlier, later in itertools.pairwise(lengths[:-1]))


def test_nothing_inside_the_window_makes_no_slices() -> None:
    assert list(slices([Span(0, 9, 10)], Window(100, 200), first_rows=1, newest_first=False)) == []

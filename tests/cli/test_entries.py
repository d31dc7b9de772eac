"""Paging finds what one large answer would have found, whatever times coincide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.cli.entries import Entry, Fetch, TooManyAtOnce, entries_of, pages


def entry(ts: int, line: str = "x") -> Entry:
    return Entry(ts, {"app": "a"}, line)


def server_of(stored: list[Entry], *, forward: bool) -> Fetch:
    ordered = sorted(stored, key=lambda one: one.ts_ns, reverse=not forward)

    def fetch(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
        return [one for one in ordered if start_ns <= one.ts_ns < end_ns][:limit]

    return fetch


@given(
    times=st.lists(st.integers(0, 20), max_size=60).filter(lambda ts: max((ts.count(t) for t in ts), default=0) < 7),
    forward=st.booleans(),
    limit=st.integers(1, 70),
    page=st.integers(8, 12),
    lines=st.lists(st.sampled_from("xy"), min_size=60, max_size=60),
)
def test_pages_together_are_one_answer(times: list[int], forward: bool, limit: int, page: int, lines: list[str]) -> None:
    stored = [entry(ts, line) for ts, line in zip(times, lines, strict=False)]
    fetch = server_of(stored, forward=forward)
    found = [one for some in pages(fetch, 2, 18, limit=limit, forward=forward, page=page) for one in some]
    assert found == fetch(2, 18, limit)


def test_more_entries_at_one_time_than_a_page_holds_end_with_an_error() -> None:
    fetch = server_of([entry(5, f"line {n}") for n in range(20)], forward=False)
    with pytest.raises(TooManyAtOnce, match="more than 10 entries have the time 5; raise --page"):
        list(pages(fetch, 0, 10, limit=100, forward=False, page=10))


@pytest.mark.parametrize(("forward", "lines"), [(True, ["a", "b", "c", "d"]), (False, ["d", "c", "b", "a"])])
def test_the_streams_of_an_answer_become_one_sequence(forward: bool, lines: list[str]) -> None:
    values = [[["1", "a"], ["3", "c"]], [["2", "b"], ["4", "d"]]]
    streams = [{"stream": {"n": str(n)}, "values": some if forward else some[::-1]} for n, some in enumerate(values)]
    assert [one.line for one in entries_of(streams, forward=forward)] == lines

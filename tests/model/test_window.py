from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.window import ALWAYS, TS_NS_MIN, Window

TIMES = st.integers(-20, 20)


@given(TIMES, TIMES, st.lists(TIMES, min_size=1))
def test_overlaps_and_covers_agree_with_looking_at_each_time(start: int, end: int, times: list[int]) -> None:
    window = Window(start, end)
    inside = [time in window for time in times]
    if any(inside):
        assert window.overlaps(min(times), max(times))
    if window.covers(min(times), max(times)):
        assert all(inside)
    if len(set(times)) == 1:
        assert window.covers(times[0], times[0]) == inside[0]


def test_the_end_does_not_belong_to_it() -> None:
    window = Window(10, 20)
    assert 10 in window
    assert 20 not in window
    assert not window.overlaps(20, 30)
    assert window.overlaps(0, 10)


def test_always_is_nearly_every_time_there_is() -> None:
    assert TS_NS_MIN in ALWAYS
    assert 2**63 - 2 in ALWAYS


@given(TIMES, TIMES, TIMES)
def test_what_is_not_before_a_time_is_the_rest_of_it(start: int, end: int, since: int) -> None:
    rest = Window(start, end).since(since)
    assert [time for time in range(-25, 25) if time in rest] == [time for time in range(-25, 25) if time in Window(start, end) and time >= since]
    assert rest.is_empty == (max(start, since) >= end)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.times import Times, subquery_times


def test_steps_reach_to_the_end_where_it_falls_on_one() -> None:
    assert Times(0, 50, 20).steps_ms.tolist() == [0, 20, 40]
    assert Times(0, 40, 20).steps_ms.tolist() == [0, 20, 40]
    assert Times(7, 7).steps_ms.tolist() == [7]
    assert Times(7, 7, 20).steps_ms.tolist() == [7]


@given(st.integers(-500, 500), st.integers(0, 300), st.integers(1, 200), st.integers(-50, 50), st.integers(1, 60))
def test_subqueries_are_evaluated_at_all_multiples_of_their_step_inside(first: int, length: int, range_ms: int, offset_ms: int, step_ms: int) -> None:
    times = subquery_times(first, first + length, range_ms=range_ms, offset_ms=offset_ms, step_ms=step_ms)
    begin, end = first - offset_ms - range_ms, first + length - offset_ms
    wanted = [ts for ts in range(begin + 1, end + 1) if ts % step_ms == 0]
    assert (times.steps_ms.tolist() if times.start_ms <= times.end_ms else []) == wanted


@given(st.integers(-500, 500), st.integers(0, 300), st.integers(0, 60), st.integers(1, 50))
def test_runs_are_all_times_in_order(start: int, length: int, step_ms: int, size: int) -> None:
    times = Times(start, start + length if step_ms else start, step_ms)
    runs = list(times.runs(size))
    assert [ts for run in runs for ts in run.steps_ms.tolist()] == times.steps_ms.tolist()
    assert [run.count for run in runs[:-1]] == [size] * (len(runs) - 1)
    assert sum(run.count for run in runs) == times.count == len(times.steps_ms)


def test_times_that_end_before_they_start_are_none() -> None:
    assert (Times(10, 5, 2).count, list(Times(10, 5, 2).runs(3))) == (0, [])

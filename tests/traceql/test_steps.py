"""Moments of a metric, against looking at every interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.traceql.steps import Steps, default_step_ns

STEPS = st.builds(Steps, st.integers(-50, 50), st.integers(1, 20), st.integers(1, 8))


@given(STEPS, st.lists(st.integers(-300, 300)))
def test_a_time_belongs_to_the_interval_that_ends_at_or_behind_it(steps: Steps, times: list[int]) -> None:
    moments = steps.moments_ns.tolist()
    expected = [next((at for at, moment in enumerate(moments) if moment - steps.step_ns < time <= moment), -1) for time in times]
    assert steps.index(np.array(times, np.int64)).tolist() == expected


@given(STEPS)
def test_the_first_bound_is_outside_and_the_last_inside(steps: Steps) -> None:
    assert steps.index(np.array([steps.start_ns, steps.start_ns + 1, steps.end_ns, steps.end_ns + 1])).tolist() == [-1, 0, steps.count - 1, -1]


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 500))
def test_a_range_is_covered_by_multiples_of_its_step(start_ns: int, length_ns: int, step_ns: int) -> None:
    end_ns = start_ns + length_ns
    moments = Steps.ranging(start_ns, end_ns, step_ns).moments_ns.tolist()
    assert all(moment % step_ns == 0 for moment in moments)
    assert moments[0] <= start_ns < moments[0] + step_ns
    assert moments[-1] - step_ns < end_ns <= moments[-1]


def test_an_instant_is_one_interval_without_its_start() -> None:
    steps = Steps.instant(100, 160)
    assert steps.moments_ns.tolist() == [160]
    assert steps.index(np.array([100, 101, 160, 161])).tolist() == [-1, 0, 0, -1]


@pytest.mark.parametrize(
    ("length_s", "step_s"),
    [(0, 0.05), (1, 0.05), (30, 0.1), (59, 0.2), (60, 1), (240, 1), (600, 2), (1_200, 5), (3_600, 15), (21_600, 60), (7 * 86_400, 2_400)],
)
def test_the_step_is_a_round_length(length_s: int, step_s: float) -> None:
    assert default_step_ns(0, length_s * NS_PER_S) == step_s * NS_PER_S


@given(st.integers(0, 10**18), st.integers(60, 10**7))
def test_a_default_step_makes_240_intervals_or_more_and_fewer_than_twice_as_many(start_ns: int, length_s: int) -> None:
    step_ns = default_step_ns(start_ns, start_ns + length_s * NS_PER_S)
    assert step_ns % NS_PER_S == 0
    if length_s >= 240:
        assert 240 <= length_s * NS_PER_S / step_ns < 480

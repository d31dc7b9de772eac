"""Functions over time, each against the plainest loop that says what it means."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.vectors import over_time
from lgtm.vectors.matrix import F64
from lgtm.vectors.over_time import (
    avg_over,
    counter_increase_over,
    extrapolated_rate,
    first_over,
    last_over,
    max_over,
    min_over,
    quantile_over,
    stddev_over,
    stdvar_over,
    sum_integers_over,
    sum_over,
)
from lgtm.vectors.windows import Bounds


def plain_increase(window: list[float]) -> float:
    return window[-1] - window[0] + sum(a for a, b in pairwise(window) if b < a)


def plain_variance(window: list[float]) -> float:
    mean = sum(window) / len(window)
    return sum((v - mean) ** 2 for v in window) / len(window)


PLAIN: dict[Callable[[F64, Bounds], F64], Callable[[list[float]], float]] = {
    sum_over: sum,
    avg_over: lambda window: sum(window) / len(window),
    min_over: min,
    max_over: max,
    first_over: lambda window: window[0],
    last_over: lambda window: window[-1],
    stdvar_over: plain_variance,
    stddev_over: lambda window: math.sqrt(plain_variance(window)),
    counter_increase_over: plain_increase,
}

values_and_windows = st.lists(st.floats(-1e3, 1e3, width=16), max_size=30).flatmap(
    lambda values: st.tuples(
        st.just(values),
        st.lists(
            st.tuples(st.integers(0, len(values)), st.integers(0, len(values))).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=12
        ),
    )
)


def bounds_of(windows: list[tuple[int, int]]) -> Bounds:
    table = np.array(windows, dtype=np.int64)
    return Bounds(table[None, :, 0], table[None, :, 1])


@pytest.mark.parametrize("function", PLAIN, ids=lambda function: function.__name__)
@given(given=values_and_windows, expanded_max=st.sampled_from([1, 7, 1 << 20]))
def test_a_function_over_windows_equals_the_plain_one_on_each(
    function: Callable[[F64, Bounds], F64], given: tuple[list[float], list[tuple[int, int]]], expanded_max: int
) -> None:
    values, windows = given
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(over_time, "EXPANDED_MAX", expanded_max)
        got = function(np.array(values, dtype=np.float64), bounds_of(windows))
    assert got.shape == (1, len(windows))
    for (lo, hi), value in zip(windows, got[0].tolist(), strict=True):
        if lo < hi:
            assert value == pytest.approx(PLAIN[function](values[lo:hi]), rel=1e-9, abs=1e-9)


@given(st.lists(st.integers(-(2**40), 2**40), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_integers_are_summed_exactly(values: list[int], a: int, b: int) -> None:
    lo, hi = sorted((min(a, len(values)), min(b, len(values))))
    assert sum_integers_over(np.array(values, dtype=np.int64), bounds_of([(lo, hi)])).tolist() == [[sum(values[lo:hi])]]


@given(given=values_and_windows, quantile=st.floats(0, 1))
def test_a_quantile_lies_between_the_samples_around_its_rank(given: tuple[list[float], list[tuple[int, int]]], quantile: float) -> None:
    values, windows = given
    got = quantile_over(quantile, np.array(values, dtype=np.float64), bounds_of(windows))
    for (lo, hi), value in zip(windows, got[0].tolist(), strict=True):
        if lo < hi:
            assert value == pytest.approx(np.quantile(values[lo:hi], quantile), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("quantile", "value"), [(-0.1, -math.inf), (1.1, math.inf), (math.nan, math.nan)])
def test_a_quantile_outside_its_range_is_infinite(quantile: float, value: float) -> None:
    assert quantile_over(quantile, np.array([1.0, 2.0]), bounds_of([(0, 2)]))[0, 0] == pytest.approx(value, nan_ok=True)


NAN = math.nan


@pytest.mark.parametrize(
    ("function", "window", "value"),
    [
        (min_over, [NAN, 3.0, 2.0], 2.0),
        (max_over, [3.0, NAN], 3.0),
        (max_over, [NAN, NAN], NAN),
        (sum_over, [1.0, NAN], NAN),
        (avg_over, [math.inf, 1.0], math.inf),
        (avg_over, [math.inf, -math.inf], NAN),
        (stdvar_over, [1e9 + 1, 1e9 + 2, 1e9 + 3], 2 / 3),
    ],
)
def test_odd_numbers_follow_the_rule(function: Callable[[F64, Bounds], F64], window: list[float], value: float) -> None:
    neighbours = [NAN, *window, math.inf]
    got = function(np.array(neighbours), bounds_of([(1, 1 + len(window))]))
    assert got[0, 0] == pytest.approx(value, nan_ok=True)


def rate(samples: list[tuple[float, float]], *, start: float, end: float) -> float:
    ts = np.array([int(at * NS_PER_S) for at, _ in samples], dtype=np.int64)
    values = np.array([value for _, value in samples])
    starts, ends = np.array([int(start * NS_PER_S)]), np.array([int(end * NS_PER_S)])
    return float(extrapolated_rate(values, ts, bounds_of([(0, len(samples))]), starts_ns=starts, ends_ns=ends)[0, 0])


@pytest.mark.parametrize(
    ("samples", "per_second"),
    [
        ([], NAN),
        ([(5, 1)], NAN),
        ([(10, 100), (50, 140)], 1.0),  # 10 s to either end are within reach
        ([(1, 10), (59, 68)], 1.0),  # stretched to both ends
        ([(20, 100), (30, 110)], 20 / 60),  # both ends too far: half the distance of samples on either side
        ([(10, 2), (50, 42)], 52 / 60),  # at 1 a second the counter was 0 two seconds before its first sample
        ([(10, 100), (30, 10), (50, 30)], 0.75),  # a reset counts the new value, not the drop
    ],
)
def test_the_rate_of_a_counter_is_stretched_towards_the_ends_of_the_window(samples: list[tuple[float, float]], per_second: float) -> None:
    assert rate(samples, start=0, end=60) == pytest.approx(per_second, nan_ok=True)

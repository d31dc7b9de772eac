"""Functions over time against one window at a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.calls.over_time import avg_over, mad_over, sum_over
from lgtm.promql.times import Times
from lgtm.vectors.windows import Bounds
from promql.memory import Memory

VALUES = st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=12)
WINDOWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("function", "alone"),
    [
        (sum_over, math.fsum),
        (avg_over, lambda held: math.fsum(held) / len(held)),
        (mad_over, lambda held: statistics.median([abs(value - statistics.median(held)) for value in held])),
    ],
)
@given(VALUES, WINDOWS)
def test_every_window_gives_what_it_gives_alone(
    function: Callable[[object, Bounds], object], alone: Callable[[list[float]], float], values: list[float], drawn: list[tuple[int, int]]
) -> None:
    spans = [(min(lo, hi, len(values)), min(max(lo, hi), len(values))) for lo, hi in drawn]
    bounds = Bounds(np.array([[lo for lo, _ in spans]]), np.array([[hi for _, hi in spans]]))
    got = np.asarray(function(np.array(values), bounds))
    for place, (lo, hi) in enumerate(spans):
        if hi > lo:
            assert got[0, place] == pytest.approx(alone(values[lo:hi]), rel=1e-9, abs=1e-9)


def test_means_do_not_overflow() -> None:
    values = np.array([1.7e308, 1.7e308, np.inf])
    got = avg_over(values, Bounds(np.array([[0, 0]]), np.array([[2, 3]])))
    assert got.tolist() == [[1.7e308, math.inf]]


def test_a_median_distance_with_nan_is_nan() -> None:
    assert np.isnan(mad_over(np.array([1.0, np.nan]), Bounds(np.array([[0]]), np.array([[2]])))).all()


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("ts_of_max_over_time(x[10m])", 180.0),
        ("ts_of_min_over_time(x[10m])", 240.0),
        ("ts_of_first_over_time(x[10m])", 0.0),
        ("ts_of_last_over_time(x[10m])", 240.0),
        ("first_over_time(x[10m])", 2.0),
        ("last_over_time(x[10m])", 1.0),
        ("count_over_time(x[10m])", 5.0),
        ("present_over_time(x[10m])", 1.0),
        ("quantile_over_time(0.5, x[10m])", 3.0),
        ("stdvar_over_time(x[10m])", 2.56),
    ],
)
def test_facts(query: str, value: float) -> None:
    result = Memory.of("x 2 5 3 5 1").query(query, Times(240_000, 240_000))
    assert [floats.values.tolist() for _, floats, _ in result.series()] == [[pytest.approx(value)]]


def test_windows_with_both_kinds_have_no_sum_and_a_warning() -> None:
    result = Memory.of("x 1 {{count:1 sum:1 buckets:[1]}}").query("sum_over_time(x[5m])", Times(60_000, 60_000))
    assert result.series() == []
    assert result.warnings == ['PromQL warning: encountered a mix of histograms and floats for metric name "x" (1:15)']


def test_histograms_beside_floats_are_ignored_with_an_info() -> None:
    result = Memory.of("x 1 {{count:1 sum:1 buckets:[1]}}").query("max_over_time(x[5m])", Times(60_000, 60_000))
    assert [floats.values.tolist() for _, floats, _ in result.series()] == [[1.0]]
    assert result.infos == ['PromQL info: ignored histograms in a range containing both floats and histograms for metric name "x" (1:15)']


def test_a_quantile_outside_of_0_to_1_is_infinite_with_a_warning() -> None:
    result = Memory.of("x 1 2").query("quantile_over_time(1.5, x[5m])", Times(60_000, 60_000))
    assert [floats.values.tolist() for _, floats, _ in result.series()] == [[math.inf]]
    assert result.warnings == ["PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:20)"]

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.errors import EvaluationError
from lgtm.promql.times import Times
from promql.memory import Memory
from promql.notation import Sample

VALUES = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=10)


def answer(query: str, values: list[float], end_ms: int = 600_000) -> list[float]:
    memory = Memory()
    memory.add({(("__name__", "x"),): [Sample(60_000 * (place + 1), value) for place, value in enumerate(values)]})
    return [value for _, floats, _ in memory.query(query, Times(end_ms, end_ms)).series() for value in floats.values.tolist()]


@given(VALUES)
def test_lines_are_those_of_least_squares(values: list[float]) -> None:
    if len(values) < 2:
        assert answer("deriv(x[10m])", values) == answer("predict_linear(x[10m], 60)", values) == []
        return
    slope, intercept = np.polyfit((np.arange(len(values)) + 1) * 60.0 - 600.0, values, 1)
    assert answer("deriv(x[10m])", values) == [pytest.approx(slope, abs=1e-9)]
    assert answer("predict_linear(x[10m], 60)", values) == [pytest.approx(intercept + 60 * slope, abs=1e-6)]


def test_a_constant_has_no_slope_at_all() -> None:
    assert answer("deriv(x[10m])", [0.1] * 7) == [0.0]
    assert answer("predict_linear(x[10m], 3600)", [0.1] * 7) == [0.1]
    assert math.isnan(answer("deriv(x[10m])", [math.inf] * 3)[0])


@given(VALUES, st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_smoothing_is_holt_s(values: list[float], level_factor: float, trend_factor: float) -> None:
    got = answer(f"double_exponential_smoothing(x[10m], {level_factor}, {trend_factor})", values)
    if len(values) < 2:
        assert got == []
        return
    level, trend = values[0], values[1] - values[0]
    for place, value in enumerate(values[1:]):
        smoothed = level_factor * value + (1 - level_factor) * (level + trend)
        if place < len(values) - 2:
            trend = trend_factor * (smoothed - level) + (1 - trend_factor) * trend
        level = smoothed
    assert got == [pytest.approx(level, abs=1e-9)]


@pytest.mark.parametrize(
    ("factors", "error"),
    [
        ("1, 0.5", "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000"),
        ("0.5, 0", "invalid trend factor. Expected: 0 < tf < 1, got: 0.000000"),
    ],
)
def test_factors_lie_between_zero_and_one(factors: str, error: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        answer(f"double_exponential_smoothing(x[10m], {factors})", [1.0, 2.0])
    assert str(caught.value) == error
    assert answer(f"double_exponential_smoothing(y[10m], {factors})", [1.0, 2.0]) == []

"""Times and values have Prometheus' forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.prometheus.numbers import rfc3339, time_text, time_texts, value_text, value_texts


@pytest.mark.parametrize(
    ("ts_ms", "text"),
    [(0, "0"), (1_500, "1.500"), (1_001, "1.001"), (-1, "-0.001"), (-1_000, "-1"), (-1_500, "-1.500"), (1_700_000_000_000, "1700000000")],
)
def test_times_have_none_or_three_decimals(ts_ms: int, text: str) -> None:
    assert time_text(ts_ms) == text
    assert time_texts(np.array([5, ts_ms, 5])) == ["0.005", text, "0.005"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (1e-7, "1e-07"),
        (-1.5e-7, "-1.5e-07"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_values_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert value_text(value) == text
    assert value_texts(np.array([value, 2.5])) == [text, "2.5"]


@given(st.floats(allow_nan=False))
def test_a_value_that_was_written_reads_back(value: float) -> None:
    assert float(value_text(value)) == value


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, "0001-01-01T00:00:00Z"),
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (10_000_000_000, "1970-01-01T00:00:10Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
    ],
)
def test_dates_have_no_zeros_at_the_end(time_ns: int | None, text: str) -> None:
    assert rfc3339(time_ns) == text

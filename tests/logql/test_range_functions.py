"""Every range aggregation that the grammar allows has its function."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lgtm.logql.range_functions import OF_ENTRIES, OF_UNWRAPPED, FoldedFunction, RangeFunction, Windows
from lgtm.logql.samples import FoldedSamples, RawSamples
from lgtm.vectors.windows import WindowGrid

SAMPLES = [(1, 4.0), (2, 1.0), (30, 3.0), (60, 8.0)]  # seconds, value
S = 10**9


def evaluate(function: RangeFunction, parameter: float = math.nan) -> float:
    """Over one window of a minute that holds all samples."""
    grid = WindowGrid(np.array([60 * S]), range_ns=60 * S)
    ts, values = np.array([at * S for at, _ in SAMPLES]), np.array([value for _, value in SAMPLES])
    keys = grid.intervals_of(ts)
    windows = Windows(grid.bounds(np.sort(keys), 1), grid.starts_ns, grid.ends_ns, parameter)
    if isinstance(function, FoldedFunction):
        folded = FoldedSamples(function.ufunc)
        folded.add(keys, values)
        bounds = grid.bounds(folded.result().keys, 1)
        return float(function.evaluate(folded.result(), Windows(bounds, grid.starts_ns, grid.ends_ns, parameter))[0, 0])
    raw = RawSamples()
    raw.add(keys, ts, values)
    return float(function.evaluate(raw.result(), windows)[0, 0])


@pytest.mark.parametrize(
    ("op", "value"),
    [("count_over_time", 4), ("rate", 4 / 60), ("bytes_over_time", 16), ("bytes_rate", 16 / 60), ("absent_over_time", 4)],
)
def test_of_entries(op: str, value: float) -> None:
    assert evaluate(OF_ENTRIES[op]) == pytest.approx(value)


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("rate", 16 / 60),
        ("sum_over_time", 16),
        ("avg_over_time", 4),
        ("min_over_time", 1),
        ("max_over_time", 8),
        ("first_over_time", 4),
        ("last_over_time", 8),
        ("stdvar_over_time", 6.5),
        ("stddev_over_time", math.sqrt(6.5)),
        ("rate_counter", 8 * 60 / 59 / 60),
        ("absent_over_time", 4),
    ],
)
def test_of_unwrapped_values(op: str, value: float) -> None:
    assert evaluate(OF_UNWRAPPED[op]) == pytest.approx(value)


def test_a_quantile_takes_a_parameter() -> None:
    assert evaluate(OF_UNWRAPPED["quantile_over_time"], 0.5) == pytest.approx(3.5)

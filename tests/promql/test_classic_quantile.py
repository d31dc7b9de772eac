"""Quantiles of whole columns of histograms against one histogram at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.classic_quantile import Cumulative, collect, ensure_monotonic, fraction_of, quantile_of

HISTOGRAM = st.dictionaries(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 4.0, math.inf]), st.integers(0, 9).map(float), min_size=1)
"""Counts in each bucket by its upper bound, not yet added up."""


def columns(many: list[dict[float, float]]) -> Cumulative:
    rows = [(code, bound, counts) for code, one in enumerate(many) for bound, counts in _cumulative(one).items()]
    return collect(
        np.array([bound for _, bound, _ in rows]),
        np.array([[count] for _, _, count in rows]),
        np.ones((len(rows), 1), dtype=bool),
        np.array([code for code, _, _ in rows], dtype=np.int64),
        len(many),
    )


def _cumulative(one: dict[float, float]) -> dict[float, float]:
    bounds = sorted(one)
    return {bound: sum(one[below] for below in bounds if below <= bound) for bound in bounds}


def quantile(phi: float, one: dict[float, float]) -> float:
    bounds, counts = list(_cumulative(one)), list(_cumulative(one).values())
    if bounds[-1] != math.inf or len(bounds) < 2 or counts[-1] == 0:
        return math.nan
    rank = phi * counts[-1]
    at = next((place for place, count in enumerate(counts[:-1]) if count >= rank), len(bounds) - 1)
    if at == len(bounds) - 1:
        return bounds[-2]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    lower, below = (bounds[at - 1], counts[at - 1]) if at else (0.0, 0.0)
    return lower + (bounds[at] - lower) * (rank - below) / (counts[at] - below) if counts[at] > below else math.nan


@given(st.lists(HISTOGRAM, min_size=1, max_size=5), st.floats(0, 1))
def test_every_histogram_gives_what_it_gives_alone(many: list[dict[float, float]], phi: float) -> None:
    got = quantile_of(np.array([phi]), columns(many))[:, 0]
    assert got.tolist() == pytest.approx([quantile(phi, one) for one in many], nan_ok=True)


@given(HISTOGRAM, st.floats(0.01, 0.99))
def test_the_share_below_a_quantile_is_that_quantile(one: dict[float, float], phi: float) -> None:
    buckets = columns([one])
    value = quantile_of(np.array([phi]), buckets)
    inner = sorted(one)[-2] if len(one) > 1 else math.nan
    if math.isfinite(value[0, 0]) and sorted(one)[0] < value[0, 0] < inner:
        assert fraction_of(np.array([-math.inf]), value[0], buckets)[0, 0] == pytest.approx(phi)


@given(st.lists(HISTOGRAM, min_size=1, max_size=3))
def test_the_share_of_everything_is_one(many: list[dict[float, float]]) -> None:
    shares = fraction_of(np.array([-math.inf]), np.array([math.inf]), columns(many))[:, 0]
    for one, share in zip(many, shares.tolist(), strict=True):
        observed = math.inf in one and sum(one.values()) > 0
        assert share == 1.0 if observed else math.isnan(share)


def test_buckets_of_equal_bounds_are_added_up() -> None:
    buckets = collect(np.array([1.0, math.inf, 1.0]), np.array([[1.0], [5.0], [2.0]]), np.ones((3, 1), dtype=bool), np.zeros(3, dtype=np.int64), 1)
    assert buckets.bounds.tolist() == [[1.0, math.inf]]
    assert buckets.counts[0, :, 0].tolist() == [3.0, 5.0]


def test_counts_that_fall_are_raised_and_told_of() -> None:
    counts = np.array([[2.0], [1.0], [5.0], [4.0], [5.0 - 1e-13]])
    bounds = np.array([0.1, 1.0, 10.0, 100.0, math.inf])
    fixed, forced = ensure_monotonic(collect(bounds, counts, np.ones((5, 1), dtype=bool), np.zeros(5, dtype=np.int64), 1))
    assert fixed.counts[0, :, 0].tolist() == [2.0, 2.0, 5.0, 5.0, 5.0]
    assert forced.anywhere.tolist() == [[True]]
    assert (forced.difference[0, 0], forced.lowest[0, 0], forced.highest[0, 0]) == (1.0, 1.0, 100.0)


def test_each_step_has_the_buckets_that_are_present_there() -> None:
    present = np.array([[True, True], [False, True], [True, True]])
    counts = np.array([[1.0, 1.0], [9.0, 3.0], [4.0, 4.0]])
    buckets = collect(np.array([1.0, 2.0, math.inf]), counts, present, np.zeros(3, dtype=np.int64), 1)
    assert quantile_of(np.array([0.5, 0.5]), buckets).tolist() == [[1.0, 1.5]]
    assert quantile_of(np.array([2.0, np.nan]), buckets).tolist()[0][0] == math.inf

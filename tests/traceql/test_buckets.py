"""Distributions by powers of two, against counting and walking with Python's integers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.traceql.buckets import EXPONENTS, VALUE_MIN, bound, exponents, quantile


@given(st.lists(st.integers(VALUE_MIN, 2**53), min_size=1))
def test_the_bucket_is_the_smallest_power_of_two_that_is_not_below_the_value(values: list[int]) -> None:
    assert exponents(np.array(values, np.int64)).tolist() == [(value - 1).bit_length() for value in values]


@pytest.mark.parametrize(("value", "exponent"), [(2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11), (2**53, 53), (2**62, 62), (2**63 - 1, 63)])
def test_powers_of_two_are_in_the_bucket_that_they_bound(value: int, exponent: int) -> None:
    assert exponents(np.array([value], np.int64)).tolist() == [exponent]


def test_bounds_of_durations_are_told_in_seconds() -> None:
    exponent = np.array([1, 30], np.int64)
    assert bound(exponent, seconds=False).tolist() == [2.0, 2.0**30]
    assert bound(exponent, seconds=True).tolist() == [2.0 / NS_PER_S, 2.0**30 / NS_PER_S]


def dumb_quantile(counts: list[int], q: float) -> float:
    """Of one step: goes through the buckets until enough spans were met."""
    total = sum(counts)
    if not total:
        return 0.0
    wanted, met, low = max(1, math.ceil(q * total)), 0, None
    for exponent, count in enumerate(counts):
        if met + count >= wanted:
            below = exponent - 1 if low is None else low
            return float(2.0 ** (below + (exponent - below) * (wanted - met) / count))
        met += count
        low = exponent if count else low
    raise AssertionError("no bucket")


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=3), st.floats(0, 1))
def test_quantiles_are_those_of_a_walk_through_the_buckets(steps: list[list[int]], q: float) -> None:
    counts = np.zeros((EXPONENTS, len(steps)))
    counts[:6] = np.array(steps).T
    assert quantile(counts, q, seconds=False) == pytest.approx([dumb_quantile(each, q) for each in steps])


@given(st.lists(st.integers(VALUE_MIN, 2**40), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_between_the_bucket_of_its_rank_and_the_one_before(values: list[int], q: float) -> None:
    counts = np.bincount(exponents(np.array(values, np.int64)), minlength=EXPONENTS).astype(np.float64)[:, None]
    ranked = sorted(values)[max(1, math.ceil(q * len(values))) - 1]
    bucket = (ranked - 1).bit_length()
    filled = [exponent for exponent in range(bucket) if counts[exponent, 0]]
    low = 2.0 ** (max(filled) if filled else bucket - 1)
    assert low < quantile(counts, q, seconds=False)[0] * (1 + 1e-9)
    assert quantile(counts, q, seconds=False)[0] <= 2.0**bucket * (1 + 1e-9)


def test_the_largest_quantile_is_the_bound_of_the_last_bucket_with_spans() -> None:
    counts = np.zeros((EXPONENTS, 1))
    counts[[3, 30]] = 2
    assert quantile(counts, 1.0, seconds=True).tolist() == [2.0**30 / NS_PER_S]

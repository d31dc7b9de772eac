from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.vectors.compensated import sum_groups

TERMS = st.lists(st.floats(min_value=-1e100, max_value=1e100), max_size=20)


@given(st.lists(TERMS, max_size=6))
def test_sums_lose_hardly_a_digit_of_the_largest_term_s_precision_squared(groups: list[list[float]]) -> None:
    terms = np.array([term for group in groups for term in group], dtype=np.float64)
    sums = sum_groups(terms, np.array([len(group) for group in groups], dtype=np.int64))
    for group, total in zip(groups, sums.tolist(), strict=True):
        exact, size = math.fsum(group), sum(map(abs, group))
        assert abs(total - exact) <= abs(exact) * 1e-15 + size * 1e-28


def test_small_terms_survive_large_ones() -> None:
    assert sum_groups(np.array([1.0, 1e100, 1.0, -1e100]), np.array([4])).tolist() == [2.0]
    assert sum_groups(np.array([0.1] * 10), np.array([10])).tolist() == [1.0]


def test_groups_may_be_empty_and_rows_wide() -> None:
    terms = np.array([[1.0, 0.5], [2.0, 0.25], [4.0, 0.125]])
    assert sum_groups(terms, np.array([0, 2, 0, 1])).tolist() == [[0.0, 0.0], [3.0, 0.75], [0.0, 0.0], [4.0, 0.125]]
    assert sum_groups(np.empty(0), np.array([0, 0])).tolist() == [0.0, 0.0]


def test_infinities_and_nan_come_out_as_plain_addition_has_them() -> None:
    terms = np.array([np.inf, 1.5, np.inf, -np.inf, np.nan, 0.5, 1.7e308, 1.7e308])
    sums = sum_groups(terms, np.array([2, 2, 2, 2]))
    assert sums[0] == np.inf
    assert np.isnan(sums[1])
    assert np.isnan(sums[2])
    assert sums[3] == np.inf

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.native_quantile import fraction, quantile, variance
from lgtm.promql.trim import trim_above, trim_below
from promql.notation import histogram

HISTOGRAMS = [
    "schema:0 count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]",
    "schema:0 count:24 sum:100 z_bucket:4 z_bucket_w:0.001 buckets:[2 3 0 1 4] n_buckets:[2 3 0 1 4]",
    "schema:2 count:10 sum:-10 n_buckets:[0 4 6]",
    "schema:-53 count:15 sum:172.5 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]",
]


@pytest.mark.parametrize("text", HISTOGRAMS)
@given(phi=st.floats(0.07, 0.93))
def test_the_share_below_a_quantile_is_that_quantile(text: str, phi: float) -> None:
    held = histogram(text)
    value = quantile(phi, held)
    assert fraction(-math.inf, value, held) == pytest.approx(phi, abs=1e-9)


@pytest.mark.parametrize("text", HISTOGRAMS)
@given(limit=st.floats(-20, 19))
def test_trimming_at_a_value_parts_the_observations(text: str, limit: float) -> None:
    held = histogram(text)
    above, below = trim_below(held, limit), trim_above(held, limit)
    assert above.count + below.count == pytest.approx(held.count)
    assert below.count == pytest.approx(fraction(-math.inf, limit, held) * held.count, abs=1e-9)


@pytest.mark.parametrize(
    ("phi", "value"),
    [(-0.1, -math.inf), (1.1, math.inf), (math.nan, math.nan), (0.0, 0.0), (1.0, 16.0)],
)
def test_quantiles_at_the_edges(phi: float, value: float) -> None:
    assert quantile(phi, histogram(HISTOGRAMS[0])) == pytest.approx(value, nan_ok=True)


def test_nothing_observed_has_no_quantile_and_no_share() -> None:
    assert math.isnan(quantile(0.5, histogram("")))
    assert math.isnan(quantile(0.5, histogram("count:3 sum:NaN")))
    assert math.isnan(fraction(0, 1, histogram("")))
    assert math.isnan(fraction(math.nan, 1, histogram(HISTOGRAMS[0])))
    assert fraction(2, 1, histogram(HISTOGRAMS[0])) == 0


def test_open_ended_custom_buckets_lie_at_their_finite_bound() -> None:
    held = histogram("schema:-53 count:4 sum:1 custom_values:[-3 -2] buckets:[1 2 1]")
    assert quantile(0.1, held) == -3.0
    assert quantile(0.99, held) == -2.0
    assert fraction(-4, -2, held) == 0.5


def test_the_variance_of_the_middles() -> None:
    held = histogram("schema:-53 count:2 sum:10 custom_values:[0 4 8] buckets:[0 1 1]")
    assert variance(held) == pytest.approx(((2 - 5) ** 2 + (6 - 5) ** 2) / 2)
    assert math.isnan(variance(histogram("count:1 sum:NaN buckets:[1]")))
    assert math.isinf(variance(histogram("count:1 sum:Inf buckets:[1]")))


def test_nothing_is_below_nan() -> None:
    assert trim_above(histogram(HISTOGRAMS[0]), math.nan).count == 0

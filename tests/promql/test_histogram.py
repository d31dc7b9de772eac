from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.histogram import CUSTOM_SCHEMA, Buckets, Histogram, IncompatibleSchemas, ResetHint, common_layout, common_threshold, merged_hint
from promql.notation import histogram

COUNTS = st.dictionaries(st.integers(-6, 6), st.integers(0, 9).map(float), max_size=6)


def _exponential(schema: int, threshold: float, zero: float, positive: dict[int, float], negative: dict[int, float]) -> Histogram:
    """The zero bucket takes what lies inside of it."""
    count = zero + sum(positive.values()) + sum(negative.values())
    held = Histogram(schema, count, 1.0, zero, 0.0, Buckets.of(positive), Buckets.of(negative))
    return held.widened(held.uncut(held.uncut(threshold)))


EXPONENTIAL = st.builds(_exponential, st.integers(-2, 3), st.sampled_from([0.0, 0.001, 0.5, 2.0]), st.integers(0, 5).map(float), COUNTS, COUNTS)


def observations(held: Histogram) -> float:
    return held.zero_count + float(held.positive.counts.sum()) + float(held.negative.counts.sum())


@given(EXPONENTIAL, EXPONENTIAL)
def test_addition_keeps_every_observation_and_does_not_mind_the_order(one: Histogram, other: Histogram) -> None:
    total = one.plus(other)
    assert observations(total) == observations(one) + observations(other)
    assert total.equals(other.plus(one))


@given(EXPONENTIAL, EXPONENTIAL)
def test_what_was_added_can_be_taken_away_again_in_the_common_layout(one: Histogram, other: Histogram) -> None:
    mine, theirs = common_layout(one, other)
    assert mine.plus(theirs).plus(theirs, -1.0).equals(mine)


@given(EXPONENTIAL, EXPONENTIAL)
def test_the_common_zero_bucket_cuts_through_no_populated_bucket(one: Histogram, other: Histogram) -> None:
    threshold = common_threshold(one, other)
    assert threshold >= max(one.zero_threshold, other.zero_threshold)
    if one.zero_threshold != other.zero_threshold:
        assert one.uncut(threshold) == other.uncut(threshold) == threshold


@given(EXPONENTIAL, st.integers(-4, 3))
def test_a_coarser_layout_has_the_same_observations_between_wider_bounds(held: Histogram, schema: int) -> None:
    coarse = held.to_schema(schema)
    assert coarse.schema == min(schema, held.schema)
    assert observations(coarse) == observations(held)
    for value in (0.25, 1.0, 16.0):
        if schema <= held.schema and math.log2(value) % (2.0 ** -min(schema, 0)) == 0:
            below = held.upper_bounds(held.positive.index) <= value
            coarse_below = coarse.upper_bounds(coarse.positive.index) <= value
            assert held.positive.counts[below].sum() == coarse.positive.counts[coarse_below].sum()


@given(EXPONENTIAL)
def test_growing_counters_were_not_reset(held: Histogram) -> None:
    assert not held.plus(held).resets_after(held)
    assert not held.resets_after(held)


@pytest.mark.parametrize(
    ("before", "now", "reset"),
    [
        ("count:4 sum:5 buckets:[1 2 1]", "count:3 sum:5 buckets:[1 2 0]", True),
        ("count:4 sum:5 buckets:[1 2 1]", "count:5 sum:6 buckets:[1 1 3]", True),
        ("count:4 sum:5 buckets:[1 2 1]", "count:5 sum:6 buckets:[1 2 2]", False),
        ("count:4 sum:5 buckets:[1 2 1]", "count:9 counter_reset_hint:reset buckets:[5 2 2]", True),
        ("count:4 sum:5 buckets:[1 2 1]", "count:1 counter_reset_hint:not_reset buckets:[1]", False),
        ("schema:0 count:1 buckets:[1]", "schema:1 count:1 buckets:[1]", True),
        ("schema:1 count:2 buckets:[1 1]", "schema:0 count:2 buckets:[1 1]", False),
        ("count:2 z_bucket:2 z_bucket_w:0.5", "count:2 z_bucket:2 z_bucket_w:0.25", True),
        ("count:2 z_bucket:2 z_bucket_w:0.5", "count:2 z_bucket:1 z_bucket_w:0.5", True),
        ("count:3 z_bucket:1 z_bucket_w:0.25 buckets:[2]", "count:3 z_bucket:3 z_bucket_w:0.75", True),
        ("count:1 buckets:[1]", "schema:-53 count:1 custom_values:[1] buckets:[1]", True),
        ("schema:-53 count:1 custom_values:[1 2] buckets:[1]", "schema:-53 count:1 custom_values:[2] buckets:[1]", False),
        ("schema:-53 count:2 custom_values:[2] buckets:[2]", "schema:-53 count:2 custom_values:[2] buckets:[1 1]", True),
    ],
)
def test_resets_are_told_from_counts_and_layouts(before: str, now: str, reset: bool) -> None:
    assert histogram(now).resets_after(histogram(before)) is reset


def test_custom_buckets_meet_in_the_bounds_they_share() -> None:
    one = histogram("schema:-53 count:6 custom_values:[1 2 3] buckets:[1 2 3]")
    other = histogram("schema:-53 count:4 custom_values:[2 4] buckets:[1 1 2]")
    total = one.plus(other)
    assert (total.bounds, total.positive.index.tolist(), total.positive.counts.tolist()) == ((2.0,), [0, 1], [4.0, 6.0])


def test_exponential_and_custom_buckets_do_not_mix() -> None:
    with pytest.raises(IncompatibleSchemas):
        histogram("count:1 buckets:[1]").plus(histogram("schema:-53 count:1 custom_values:[1] buckets:[1]"))


def test_division_by_zero_leaves_no_buckets() -> None:
    held = histogram("count:2 sum:3 z_bucket:1 buckets:[1]").divided_by(0.0)
    assert (held.count, held.sum, held.zero_count, len(held.positive)) == (math.inf, math.inf, math.inf, 0)


def test_negative_factors_make_gauges() -> None:
    held = histogram("count:2 sum:3 buckets:[2]")
    assert held.times(-1.0).hint is held.divided_by(-2.0).hint is ResetHint.GAUGE
    assert held.times(2.0).hint is ResetHint.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (ResetHint.RESET, ResetHint.RESET, ResetHint.RESET),
        (ResetHint.GAUGE, ResetHint.NOT_RESET, ResetHint.GAUGE),
        (ResetHint.UNKNOWN, ResetHint.NOT_RESET, ResetHint.UNKNOWN),
        (ResetHint.RESET, ResetHint.NOT_RESET, ResetHint.UNKNOWN),
    ],
)
def test_hints_are_merged(one: ResetHint, other: ResetHint, both: ResetHint) -> None:
    assert merged_hint(one, other) is merged_hint(other, one) is both


def test_text_lists_populated_buckets_with_the_bounds_they_include() -> None:
    held = histogram("schema:0 count:7 sum:2.5 z_bucket:1 z_bucket_w:0.001 buckets:[2 0 1] n_buckets:[3]")
    assert str(held) == "{count:7, sum:2.5, [-1,-0.5):3, [-0.001,0.001]:1, (0.5,1]:2, (2,4]:1}"
    custom = histogram("schema:-53 count:3 sum:9 custom_values:[5] buckets:[1 2]")
    assert str(custom) == "{count:3, sum:9, [-Inf,5]:1, (5,+Inf]:2}"


def test_the_last_finite_bucket_ends_at_the_largest_number() -> None:
    bounds = Histogram(schema=0).upper_bounds(np.array([1023, 1024, 1025]))
    assert bounds.tolist() == [2.0**1023, float(np.finfo(np.float64).max), math.inf]


def test_equality_heeds_layout_and_populated_buckets_only() -> None:
    one = histogram("count:1 sum:NaN buckets:[1 0]")
    assert one.equals(histogram("count:1 sum:NaN counter_reset_hint:gauge buckets:[1]"))
    assert not one.equals(replace(one, schema=1))
    assert not one.equals(replace(one, sum=1.0))
    assert not one.equals(replace(one, schema=CUSTOM_SCHEMA))

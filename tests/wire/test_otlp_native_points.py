"""Exponential histograms, and where that is asked for explicit ones, become native histograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import BodyBounds, TooManyRows
from lgtm.wire.otlp_native_points import ZERO_THRESHOLD
from lgtm.wire.sample_rows import STALE_BITS
from wire.metric_messages import DELTA, NativeHistogram, T, buckets_of, decode, metric, metrics_request

EXPLICIT = {"count": 6, "sum": 2.5, "bucket_counts": [0, 2, 4], "explicit_bounds": [0.5, 10]}
DROPPED = [("invalid_histogram", 1)]


def native(kind: str, point: dict[str, Any], *, temporality: int = 2, **options: Any) -> Any:
    decoded = decode(metrics_request([metric(kind, point, temporality=temporality)]), **options)
    (row,) = decoded.rows.to_pylist()
    found = NativeHistogram.FromString(row["histogram"])
    assert row["ts"] == T
    assert np.float64(found.sum).view(np.uint64) == np.float64(row["value"]).view(np.uint64)
    assert dict(decoded.labels_of(row["series"])) == {"__name__": "m"}
    return found


def exponential(point: dict[str, Any], **options: Any) -> Any:
    return native("exponential_histogram", point, **options)


def dropped(kind: str, point: dict[str, Any], **options: Any) -> list[tuple[str, int]]:
    decoded = decode(metrics_request([metric(kind, point)]), **options)
    assert len(decoded) == 0
    return [(loss.reason, loss.points) for loss in decoded.dropped]


def test_a_bucket_has_the_index_of_its_upper_bound() -> None:
    sides = {"positive": {"offset": -2, "bucket_counts": [1, 0, 4]}, "negative": {"offset": 3, "bucket_counts": [2]}}
    found = exponential({"count": 10, "sum": 1.5, "scale": 3, "zero_count": 3, "zero_threshold": 0.5, **sides})
    assert (found.count_int, found.sum, found.schema, found.zero_threshold, found.zero_count_int, found.reset_hint) == (10, 1.5, 3, 0.5, 3, 0)
    assert buckets_of(found.positive_spans, found.positive_deltas) == {-1: 1, 0: 0, 1: 4}
    assert buckets_of(found.negative_spans, found.negative_deltas) == {4: 2}


def test_zero_is_almost_only_zero_where_nothing_is_said() -> None:
    assert exponential({"count": 1, "zero_count": 1}).zero_threshold == ZERO_THRESHOLD


@pytest.mark.parametrize("scale", [-4, -1, 0, 8])
def test_scales_that_prometheus_has_are_kept(scale: int) -> None:
    assert exponential({"scale": scale}).schema == scale


@pytest.mark.parametrize(("scale", "expected"), [(9, {0: 3, 1: 7}), (10, {0: 1, 1: 9}), (40, {0: 1, 1: 9}), (2**31 - 1, {0: 1, 1: 9})])
def test_finer_scales_are_made_coarser(scale: int, expected: dict[int, int]) -> None:
    found = exponential({"count": 10, "scale": scale, "positive": {"offset": -2 if scale == 9 else -1, "bucket_counts": [1, 2, 3, 4]}})
    assert found.schema == 8
    assert buckets_of(found.positive_spans, found.positive_deltas) == expected


@given(st.integers(-(2**31), 2**31 - 1_000), st.integers(-4, 20), st.lists(st.integers(0, 5), max_size=30))
def test_each_observation_stays_within_its_bucket(offset: int, scale: int, counts: list[int]) -> None:
    found = exponential({"count": sum(counts), "scale": scale, "positive": {"offset": offset, "bucket_counts": counts}})
    steps = max(scale - 8, 0)
    expected: dict[int, int] = {}
    for at, count in enumerate(counts):
        # The bucket of OTLP covers (base**index, base**(index + 1)], that of Prometheus ends at base**index.
        index = ((offset + at) >> steps) + 1
        expected[index] = expected.get(index, 0) + count
    held = {index: count for index, count in buckets_of(found.positive_spans, found.positive_deltas).items() if count}
    assert held == {index: count for index, count in expected.items() if count}


@pytest.mark.parametrize(
    "point",
    [
        {"scale": -5},
        {"count": 2, "positive": {"bucket_counts": [1]}},
        {"count": 1, "positive": {"bucket_counts": [1, 1]}},
        {"count": 2**64 - 1, "zero_count": 2**64 - 1},
        {"count": 2**63, "positive": {"bucket_counts": [2**63]}},
        {"count": 0, "positive": {"bucket_counts": [2**63, 2**63]}},
        {"count": 1, "positive": {"offset": 2**31 - 1, "bucket_counts": [1]}},
        {"zero_threshold": -1.0},
        {"zero_threshold": math.nan},
    ],
)
def test_histograms_that_contradict_themselves_are_dropped(point: dict[str, Any]) -> None:
    assert dropped("exponential_histogram", point) == DROPPED


def test_observations_that_were_no_numbers_are_in_no_bucket() -> None:
    assert exponential({"count": 3, "sum": math.nan, "positive": {"bucket_counts": [1]}}).count_int == 3


def test_deltas_are_gauges() -> None:
    assert exponential({"count": 1, "zero_count": 1}, temporality=DELTA, allow_delta_temporality=True).reset_hint == 3


@pytest.mark.parametrize("kind", ["exponential_histogram", "histogram"])
def test_a_point_without_a_recorded_value_is_the_marker(kind: str) -> None:
    wrong = {"count": 5, "flags": 1} | ({"scale": -9} if kind == "exponential_histogram" else {"explicit_bounds": [2, 1]})
    points = [{"flags": 1, "attributes": {"a": "b"}}, wrong]
    decoded = decode(metrics_request([metric(kind, *points)]), convert_histograms_to_nhcb=True)
    assert decoded.dropped == ()
    assert decoded.rows["value"].to_numpy().view(np.uint64).tolist() == [STALE_BITS] * 2
    for row in decoded.rows.to_pylist():
        found = NativeHistogram.FromString(row["histogram"])
        assert np.float64(found.sum).view(np.uint64) == STALE_BITS
        assert (found.count_int, list(found.custom_values), list(found.positive_spans)) == (0, [], [])


def test_points_beside_dropped_ones_are_as_they_would_be_alone() -> None:
    good: dict[str, Any] = {"count": 3, "positive": {"offset": 1, "bucket_counts": [1, 2]}}
    points: list[dict[str, Any]] = [good | {"attributes": {"a": "1"}}, {"scale": -5}, good | {"attributes": {"a": "2"}}, {"count": 1, "flags": 1}]
    decoded = decode(metrics_request([metric("exponential_histogram", *points)]))
    rows = decoded.rows.to_pylist()
    assert [dict(decoded.labels_of(row["series"])).get("a") for row in rows] == ["1", "2", None]
    alone = exponential(good).SerializeToString(deterministic=True)
    assert [row["histogram"] for row in rows[:2]] == [alone, alone]


def test_explicit_buckets_may_be_custom_ones() -> None:
    found = native("histogram", EXPLICIT, convert_histograms_to_nhcb=True)
    assert (found.count_int, found.sum, found.schema, list(found.custom_values)) == (6, 2.5, -53, [0.5, 10])
    assert (found.zero_threshold, found.HasField("zero_count_int"), found.zero_count_int) == (0, True, 0)
    assert buckets_of(found.positive_spans, found.positive_deltas) == {1: 2, 2: 4}


def test_a_histogram_without_buckets_has_one_of_everything() -> None:
    found = native("histogram", {"count": 3, "sum": 5}, convert_histograms_to_nhcb=True)
    assert (list(found.custom_values), buckets_of(found.positive_spans, found.positive_deltas)) == ([], {0: 3})


@pytest.mark.parametrize(
    "point",
    [
        {"count": 1, "bucket_counts": [1, 0, 0], "explicit_bounds": [2, 1]},
        {"count": 1, "bucket_counts": [1, 0, 0], "explicit_bounds": [1, 1]},
        {"count": 1, "bucket_counts": [1, 0], "explicit_bounds": [math.inf]},
        {"count": 1, "bucket_counts": [1, 0], "explicit_bounds": [math.nan]},
        {"count": 1, "bucket_counts": [1], "explicit_bounds": [1]},
        {"count": 2, "bucket_counts": [1, 0], "explicit_bounds": [1]},
    ],
)
def test_custom_buckets_must_fit_together(point: dict[str, Any]) -> None:
    assert dropped("histogram", point, convert_histograms_to_nhcb=True) == DROPPED


def test_bounds_of_neighbouring_points_are_apart() -> None:
    points = [EXPLICIT | {"attributes": {"a": str(at)}} for at in range(3)]
    assert len(decode(metrics_request([metric("histogram", *points)]), convert_histograms_to_nhcb=True)) == 3


def test_buckets_are_bounded() -> None:
    request = metrics_request([metric("exponential_histogram", {"positive": {"bucket_counts": [0] * 100}})])
    with pytest.raises(TooManyRows):
        decode(request, bounds=BodyBounds(rows_max=20))

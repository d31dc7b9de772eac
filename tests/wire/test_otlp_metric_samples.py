"""What points of gauges, sums, histograms and summaries become."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import BodyBounds, MetadataTooLarge, TooManyRows
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss
from lgtm.wire.otlp_metric_samples import upper_bound_text
from lgtm.wire.sample_rows import STALE_BITS
from wire.metric_messages import DELTA, T, decode, metric, metrics_request, series_of, text

HISTOGRAM = {"count": 6, "sum": 2.5, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.5, 10]}


def bits_of(decoded: DecodedSamples) -> dict[str, int]:
    bits = decoded.rows["value"].to_numpy().view(np.uint64).tolist()
    return {text(decoded, row["series"]): at for row, at in zip(decoded.rows.to_pylist(), bits, strict=True)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"as_double": 0.25}, 0.25), ({"as_int": -7}, -7.0), ({"as_double": 0}, 0.0), ({"as_double": math.inf}, math.inf), ({"as_int": 2**62}, 2.0**62)],
)
def test_a_number_is_a_sample(value: dict[str, float], expected: float) -> None:
    assert series_of(metric("gauge", value)) == {"m": expected}
    assert series_of(metric("sum", value)) == {"m_total": expected}
    assert series_of(metric("sum", value, monotonic=False)) == {"m": expected}


def test_times_are_whole_milliseconds_and_only_counters_have_a_start() -> None:
    point = {"as_double": 1, "time_unix_nano": T + 999_999, "start_time_unix_nano": T - 1}
    sums = decode(metrics_request([metric("sum", point)])).rows.to_pylist()
    assert [(row["ts"], row["start_ns"]) for row in sums] == [(T, T - 1_000_000)]
    assert "start_ns" not in decode(metrics_request([metric("gauge", point)])).rows.schema.names


def test_a_number_without_a_value_is_dropped() -> None:
    decoded = decode(metrics_request([metric("gauge", {}, {"as_double": 1, "attributes": {"a": "b"}})]))
    assert [text(decoded, row["series"]) for row in decoded.rows.to_pylist()] == ['m{a="b"}']
    assert decoded.dropped == (Dropped(Loss.NO_VALUE, 1, "data point has no value"),)


def test_a_histogram_is_cumulative_buckets_count_and_sum() -> None:
    assert series_of(metric("histogram", HISTOGRAM)) == {
        'm_bucket{le="0.5"}': 1,
        'm_bucket{le="10"}': 3,
        'm_bucket{le="+Inf"}': 6,
        "m_count": 6,
        "m_sum": 2.5,
    }


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ({"count": 3}, {'m_bucket{le="+Inf"}': 3, "m_count": 3}),
        ({"count": 3, "sum": 0}, {'m_bucket{le="+Inf"}': 3, "m_count": 3, "m_sum": 0}),
        ({"count": 3, "bucket_counts": [3]}, {'m_bucket{le="+Inf"}': 3, "m_count": 3}),
        ({"count": 3, "bucket_counts": [1], "explicit_bounds": [1, 2]}, {'m_bucket{le="1"}': 1, 'm_bucket{le="+Inf"}': 3, "m_count": 3}),
        (
            {"count": 3, "bucket_counts": [1, 2, 0], "explicit_bounds": [1, math.inf]},
            {'m_bucket{le="1"}': 1, 'm_bucket{le="+Inf"}': 3, "m_count": 3},
        ),
    ],
)
def test_a_histogram_may_say_less(point: dict[str, Any], expected: dict[str, float]) -> None:
    assert series_of(metric("histogram", point)) == expected


def test_histograms_of_different_layouts_are_kept_apart() -> None:
    points = [HISTOGRAM | {"attributes": {"a": str(at)}} for at in range(2)]
    points[1] |= {"bucket_counts": [4, 2], "explicit_bounds": [7]}
    found = series_of(metric("histogram", *points))
    assert [found[f'm_bucket{{a="{at}", le="{le}"}}'] for at, le in ((0, "0.5"), (0, "10"), (0, "+Inf"), (1, "7"), (1, "+Inf"))] == [1, 3, 6, 4, 6]
    assert len(found) == 9


def test_a_label_le_gives_way_to_the_bucket() -> None:
    found = series_of(metric("histogram", {"count": 1, "attributes": {"le": "mine"}}))
    assert found == {'m_bucket{le="+Inf"}': 1, 'm_count{le="mine"}': 1}


def test_a_summary_is_quantiles_count_and_sum() -> None:
    quantiles = [{"quantile": 0.5, "value": 3}, {"quantile": 1, "value": 7}]
    points = [{"count": 2, "sum": 10, "quantile_values": quantiles}, {"count": 1, "sum": 5, "attributes": {"a": "b"}}]
    assert series_of(metric("summary", *points)) == {
        'm{quantile="0.5"}': 3,
        'm{quantile="1"}': 7,
        "m_count": 2,
        "m_sum": 10,
        'm_count{a="b"}': 1,
        'm_sum{a="b"}': 5,
    }


@pytest.mark.parametrize(
    ("kind", "point", "series"),
    [
        ("gauge", {}, {"m"}),
        ("sum", {"as_int": 1}, {"m_total"}),
        ("histogram", HISTOGRAM, {'m_bucket{le="0.5"}', 'm_bucket{le="10"}', 'm_bucket{le="+Inf"}', "m_count", "m_sum"}),
        ("histogram", {}, {'m_bucket{le="+Inf"}', "m_count", "m_sum"}),
        ("summary", {"quantile_values": [{"quantile": 0.5}]}, {'m{quantile="0.5"}', "m_count", "m_sum"}),
    ],
)
def test_a_point_without_a_recorded_value_ends_all_its_series(kind: str, point: dict[str, Any], series: set[str]) -> None:
    decoded = decode(metrics_request([metric(kind, {**point, "flags": 1})]))
    assert bits_of(decoded) == dict.fromkeys(series, STALE_BITS)
    assert decoded.dropped == ()


@pytest.mark.parametrize("kind", ["sum", "histogram", "exponential_histogram"])
@pytest.mark.parametrize("temporality", [0, DELTA, 3])
def test_deltas_are_dropped_and_counted(kind: str, temporality: int) -> None:
    decoded = decode(metrics_request([metric(kind, {}, {}, temporality=temporality), metric("gauge", {"as_double": 1}, name="kept")]))
    assert [text(decoded, row["series"]) for row in decoded.rows.to_pylist()] == ["kept"]
    assert decoded.dropped == (Dropped(Loss.DELTA, 2, 'invalid temporality and type combination for metric "m"'),)
    assert [metadata.family for metadata in decoded.metadata] == ["kept"]


@pytest.mark.parametrize("temporality", [0, 3])
def test_no_option_makes_an_unknown_temporality_good(temporality: int) -> None:
    assert len(decode(metrics_request([metric("sum", {"as_int": 1}, temporality=temporality)]), allow_delta_temporality=True)) == 0


def test_deltas_may_be_stored_as_they_are() -> None:
    decoded = decode(metrics_request([metric("sum", {"as_int": 1}, temporality=DELTA)]), allow_delta_temporality=True)
    assert [row["value"] for row in decoded.rows.to_pylist()] == [1.0]
    assert [metadata.type for metadata in decoded.metadata] == ["unknown"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[(1.0, "1"), (0.005, "0.005"), (1e-7, "0.0000001"), (1e22, "1" + 22 * "0"), (-2.5, "-2.5"), (123456789.125, "123456789.125")],
        *[(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (0.0, "0")],
    ],
)
def test_bounds_have_the_shortest_text_without_an_exponent(value: float, expected: str) -> None:
    assert upper_bound_text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_bound_is_its_value(value: float) -> None:
    assert float(upper_bound_text(value)) == value
    assert "e" not in upper_bound_text(value)


def test_rows_are_bounded_after_they_are_expanded() -> None:
    request = metrics_request([metric("histogram", *[HISTOGRAM] * 10)])
    assert len(decode(request, bounds=BodyBounds(rows_max=50))) == 50
    with pytest.raises(TooManyRows):
        decode(request, bounds=BodyBounds(rows_max=49))
    quantiles = {"quantile_values": [{"quantile": 0.5}] * 3}
    with pytest.raises(TooManyRows):
        decode(metrics_request([metric("summary", *[quantiles] * 10)]), bounds=BodyBounds(rows_max=49))


@pytest.mark.parametrize("kind", ["gauge", "histogram"])
def test_keys_are_bounded(kind: str) -> None:
    point = {"attributes": {"a": "x" * 300}} | ({"as_int": 1} if kind == "gauge" else HISTOGRAM)
    points = [point | {"attributes": {"a": "x" * 300 + str(at)}} for at in range(4 if kind == "gauge" else 1)]
    with pytest.raises(MetadataTooLarge):
        decode(metrics_request([metric(kind, *points)]), bounds=BodyBounds(metadata_bytes_max=1000))

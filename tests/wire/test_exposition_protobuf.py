"""Pages of protobuf messages: series have the names they have in text, and native histograms are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.exposition import NO_TIME, Exposition, ScrapedExemplar
from lgtm.wire.exposition_messages import StoredHistogram
from lgtm.wire.exposition_protobuf import COUNTER, GAUGE, GAUGE_HISTOGRAM, HISTOGRAM, SUMMARY, UNTYPED, decode_protobuf
from lgtm.wire.exposition_resolution import Resolution
from wire.families import delimited, family, labels, spans

CREATED = {"seconds": 7, "nanos": 500_000_000}
EXEMPLAR = {"label": [{"name": b"trace_id", "value": b"x"}], "value": 0.5, "timestamp": CREATED}
CLASSIC = {
    "sample_count": 3,
    "sample_sum": 4.5,
    "bucket": [{"cumulative_count": 1, "upper_bound": 1.0}, {"cumulative_count": 2, "upper_bound": 2.0, "exemplar": EXEMPLAR}],
}
NATIVE = {"sample_count": 3, "sample_sum": 4.5, "schema": 1, "positive_span": spans((0, 1)), "positive_delta": [3], "exemplars": [EXEMPLAR]}


def samples(page: Exposition) -> list[tuple[dict[str, str], float]]:
    return [(dict(page.labels_of(row)), float(page.values[row])) for row in range(len(page))]


@pytest.mark.parametrize(
    ("kind", "metric"),
    [(COUNTER, {"counter": {"value": 2}}), (GAUGE, {"gauge": {"value": 2}}), (UNTYPED, {"untyped": {"value": 2}})],
)
def test_simple_metrics_are_one_series(kind: int, metric: dict[str, Any]) -> None:
    page = decode_protobuf(delimited(family("m", kind, {"label": labels(a="b", c=""), **metric})))
    assert samples(page) == [({"__name__": "m", "a": "b", "c": ""}, 2.0)]
    assert page.ts_ms is None
    assert page.start_ms is None


def test_summaries_have_a_series_for_each_quantile() -> None:
    summary = {"sample_count": 3, "sample_sum": 4.5, "quantile": [{"quantile": 0.5, "value": 1.5}, {"quantile": 1, "value": float("nan")}]}
    page = decode_protobuf(delimited(family("s", SUMMARY, {"summary": summary})))
    assert [dict(page.labels_of(row)) for row in range(4)] == [
        {"__name__": "s_count"},
        {"__name__": "s_sum"},
        {"__name__": "s", "quantile": "0.5"},
        {"__name__": "s", "quantile": "1.0"},
    ]
    assert page.values.tolist()[:3] == [3.0, 4.5, 1.5]
    assert page.values.view(np.uint64)[3] == 0x7FF8000000000001


def test_classic_histograms_end_with_infinity_even_where_it_was_not_sent() -> None:
    page = decode_protobuf(delimited(family("h", HISTOGRAM, {"histogram": CLASSIC})))
    assert samples(page) == [
        ({"__name__": "h_count"}, 3.0),
        ({"__name__": "h_sum"}, 4.5),
        ({"__name__": "h_bucket", "le": "1.0"}, 1.0),
        ({"__name__": "h_bucket", "le": "2.0"}, 2.0),
        ({"__name__": "h_bucket", "le": "+Inf"}, 3.0),
    ]
    assert page.exemplars == [ScrapedExemplar(3, (("trace_id", "x"),), 0.5, 7_500)]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["h"]),
        ({"classic": True}, ["h", "h_count", "h_sum", "h_bucket", "h_bucket", "h_bucket"]),
        ({"native": False}, ["h_count", "h_sum", "h_bucket", "h_bucket", "h_bucket"]),
    ],
)
def test_native_histograms_are_read_with_or_without_their_classic_buckets(options: dict[str, Any], names: list[str]) -> None:
    page = decode_protobuf(delimited(family("h", HISTOGRAM, {"histogram": CLASSIC | NATIVE})), **options)
    assert [dict(page.labels_of(row))["__name__"] for row in range(len(page))] == names
    assert list(page.histograms) == ([] if "native" in options else [0])


def test_native_histograms_are_stored_with_their_sum_as_value() -> None:
    page = decode_protobuf(delimited(family("h", GAUGE_HISTOGRAM, {"histogram": NATIVE, "timestamp_ms": 9})))
    assert page.values.tolist() == [4.5]
    stored = StoredHistogram.FromString(page.histograms[0])
    assert (stored.count_int, list(stored.positive_deltas), stored.reset_hint) == (3, [3], 3)
    assert page.exemplars == [ScrapedExemplar(0, (("trace_id", "x"),), 0.5, 7_500)]
    assert page.ts_ms is not None
    assert page.ts_ms.tolist() == [9]


def test_histograms_with_too_many_buckets_at_any_schema_are_told() -> None:
    far = {"sample_count": 2, "positive_span": spans((0, 1), (1_000, 1)), "positive_delta": [1, 0]}
    page = decode_protobuf(delimited(family("h", HISTOGRAM, {"histogram": NATIVE}, {"histogram": far})), resolution=Resolution(0, 1))
    assert [StoredHistogram.FromString(page.histograms[row]).schema for row in (0, 1)] == [0, -4]
    assert list(page.oversized) == [1]


def test_times_and_starts_are_those_of_the_metric() -> None:
    page = decode_protobuf(
        delimited(
            family("c", COUNTER, {"counter": {"value": 1, "created_timestamp": CREATED, "exemplar": EXEMPLAR}, "timestamp_ms": 5}),
            family("s", SUMMARY, {"summary": {"sample_count": 1, "created_timestamp": CREATED}}),
            family("g", GAUGE, {"gauge": {"value": 1}}),
        )
    )
    assert page.ts_ms is not None
    assert page.start_ms is not None
    assert page.ts_ms.tolist() == [5, NO_TIME, NO_TIME, NO_TIME]
    assert page.start_ms.tolist() == [7_500, 7_500, 7_500, NO_TIME]
    assert [exemplar.row for exemplar in page.exemplars] == [0]


def test_metadata_is_that_of_the_families() -> None:
    page = decode_protobuf(delimited(family("m", UNTYPED, help=b"Help.", unit=b"seconds"), family("h", GAUGE_HISTOGRAM)))
    assert page.metadata == (Metadata("m", "unknown", "Help.", "seconds"), Metadata("h", "gaugehistogram", "", ""))


def test_keys_tell_series_apart() -> None:
    metrics = [{"label": labels(a=value), "histogram": CLASSIC} for value in "xy"]
    page = decode_protobuf(delimited(family("h", HISTOGRAM, *metrics)))
    assert len(set(page.keys)) == 10


GOOD = delimited(family("h", HISTOGRAM, {"label": labels(a="b"), "histogram": CLASSIC | NATIVE}), family("c", COUNTER, {"counter": {"value": 1}}))


@pytest.mark.parametrize(
    "data",
    [
        GOOD[:-1],
        b"\xff",
        b"\x80",
        delimited(family("m", 6)),
        delimited(family("m", -1)),
        delimited(family("m", GAUGE, help=b"\xff")),
        delimited(family("m", GAUGE, {"label": [b"\xff"]})),
        delimited(family("m", GAUGE, {"label": [b"\x0a\x01\xff"]})),
        delimited(family("h", HISTOGRAM, {"histogram": NATIVE | {"sample_count": 1}})),
    ],
)
def test_what_is_wrong_fails_the_page(data: bytes) -> None:
    with pytest.raises(MalformedBody):
        samples(decode_protobuf(data))


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=4))
def test_damaged_bytes_are_a_page_or_refused(at: int, patch: bytes) -> None:
    for data in (GOOD[:at] + patch + GOOD[at + len(patch) :], GOOD[:at], patch + GOOD[at:]):
        try:
            samples(decode_protobuf(data, classic=True))
        except MalformedBody:
            continue

"""Exemplars follow their points."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.model.signal import EXEMPLARS
from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge, TooManyRows
from wire.metric_messages import T, decode, metric, metrics_request, text

TRACE, SPAN = bytes(range(1, 17)), bytes(range(1, 9))
IDS = {"trace_id": TRACE.hex(), "span_id": SPAN.hex()}


def exemplars_of(kind: str, point: dict[str, Any], *exemplars: dict[str, Any], **options: Any) -> list[tuple[str, int, float, dict[str, str]]]:
    """(series, ts, value, labels)."""
    decoded = decode(metrics_request([metric(kind, {**point, "exemplars": list(exemplars)})]), **options)
    if decoded.exemplars is None:
        return []
    found = []
    for row in decoded.exemplars.to_pylist():
        labels = {name[5:]: value for name, value in row.items() if name.startswith("meta.") and value is not None}
        found.append((text(decoded, row["series"]), row["ts"], row["value"], labels))
    return found


def labels_of(exemplar: dict[str, Any]) -> dict[str, str]:
    return exemplars_of("sum", {"as_double": 1}, {"as_double": 1, **exemplar})[0][3]


def test_an_exemplar_is_a_row_of_the_series_of_its_point() -> None:
    exemplar = {"as_int": 7, "time_unix_nano": T - 999_999, "trace_id": TRACE, "span_id": SPAN, "filtered_attributes": {"user.id": 5}}
    assert exemplars_of("sum", {"as_double": 1, "attributes": {"a": "b"}}, exemplar) == [
        ('m_total{a="b"}', T - 1_000_000, 7.0, IDS | {"user.id": "5"})
    ]


def test_columns_are_those_of_the_signal() -> None:
    decoded = decode(metrics_request([metric("gauge", {"as_double": 1, "exemplars": [{"as_double": 1}]})]))
    assert decoded.exemplars is not None
    assert decoded.exemplars.schema == EXEMPLARS.columns


def test_an_exemplar_without_a_time_has_that_of_its_point() -> None:
    assert exemplars_of("sum", {"as_double": 1}, {"as_double": 2}) == [("m_total", T, 2.0, {})]


def test_an_exemplar_without_a_value_is_none() -> None:
    assert exemplars_of("sum", {"as_double": 1}, {"trace_id": TRACE}) == []


def test_exemplars_of_dropped_points_are_dropped() -> None:
    assert exemplars_of("sum", {}, {"as_double": 1, "trace_id": TRACE}) == []


@pytest.mark.parametrize(("value", "le"), [(-1, "1"), (1, "1"), (1.5, "2"), (2.5, "+Inf")])
def test_an_exemplar_of_a_histogram_is_of_the_bucket_that_holds_it(value: float, le: str) -> None:
    point = {"count": 3, "bucket_counts": [1, 1, 1], "explicit_bounds": [1, 2]}
    assert exemplars_of("histogram", point, {"as_double": value}) == [(f'm_bucket{{le="{le}"}}', T, value, {})]
    assert exemplars_of("histogram", point, {"as_double": value}, convert_histograms_to_nhcb=True) == [("m", T, value, {})]


def test_exemplars_of_exponential_histograms_are_of_their_one_series() -> None:
    assert exemplars_of("exponential_histogram", {"count": 1, "zero_count": 1}, {"as_double": 0}) == [("m", T, 0.0, {})]


@pytest.mark.parametrize(
    ("size", "kept"),
    [(128 - 40 - 23 - 1, True), (128 - 40 - 23, False)],
)
def test_attributes_are_left_out_where_labels_would_be_too_long(size: int, kept: bool) -> None:
    attributes = {"é": "ü" * (size - 2), "ab": ""}
    found = labels_of({"trace_id": TRACE, "span_id": SPAN, "filtered_attributes": attributes})
    assert found == (IDS | {"é": "ü" * (size - 2)} if kept else IDS)


def test_ids_of_zeros_are_none() -> None:
    assert labels_of({"trace_id": bytes(16), "span_id": bytes(8)}) == {}


def test_no_attribute_stands_for_an_id() -> None:
    assert labels_of({"trace_id": TRACE, "filtered_attributes": {"trace_id": "x", "": "nameless"}}) == {"trace_id": TRACE.hex()}


@pytest.mark.parametrize("wrong", [{"trace_id": b"short"}, {"span_id": b"short"}])
def test_ids_of_a_wrong_length_are_refused(wrong: dict[str, bytes]) -> None:
    with pytest.raises(MalformedBody, match="invalid length for"):
        labels_of(wrong)


def test_there_are_bounds() -> None:
    point = {"as_double": 1, "exemplars": [{"as_double": 1, "filtered_attributes": {"k": "v" * 50}}] * 11}
    with pytest.raises(TooManyRows):
        decode(metrics_request([metric("sum", point)]), bounds=BodyBounds(rows_max=10))
    with pytest.raises(MetadataTooLarge):
        decode(metrics_request([metric("sum", point)]), bounds=BodyBounds(metadata_bytes_max=500))

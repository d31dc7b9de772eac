"""Requests of metrics become samples, whoever wrote them; what is wrong is refused with declared errors."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from json import dumps
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.model.signal import SAMPLES
from lgtm.wire.bounds import BodyBounds, MalformedBody, TooManyRows, TooManyStreams, TruncatedBody
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss, Metadata
from lgtm.wire.otlp_metrics import decode_otlp_metrics
from wire.messages import field_bytes
from wire.metric_messages import T, decode, metric, metrics_request, text, values_of

HISTOGRAM = {"count": 6, "sum": 2.5, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.5, 10]}
EXEMPLAR = {"as_double": 0.7, "trace_id": b"t" * 16, "span_id": b"s" * 8, "filtered_attributes": {"k": "v"}}


def everything() -> ExportMetricsServiceRequest:
    """One of each kind, of two resources."""
    around: dict[str, Any] = {"start_time_unix_nano": T - 10**10, "exemplars": [EXEMPLAR], "attributes": {"a.b": "x", "n": 5}}
    side = {"offset": -3, "bucket_counts": [1, 0, 300]}
    metrics = [
        metric("gauge", around | {"as_double": 0.5}, around | {"as_int": -3, "flags": 1}, name="g", unit="1", description="help"),
        metric("sum", around | {"as_int": 2**53}, name="s", unit="By"),
        metric("histogram", around | HISTOGRAM, name="h", unit="s"),
        metric("exponential_histogram", around | {"count": 302, "sum": 1.5, "scale": 9, "zero_count": 1, "positive": side}, name="e"),
        metric("summary", {"count": 2, "sum": 3.5, "quantile_values": [{"quantile": 0.5, "value": 1}]}, name="q"),
        metric("sum", {"as_int": 1}, temporality=1, name="delta"),
    ]
    request = metrics_request(metrics, {"service.name": "a", "host.name": "h"}, {"name": "lib", "version": "1"})
    return metrics_request(metrics[:2], {"service.name": "b"}, request=request)


def told(decoded: DecodedSamples) -> tuple[Any, ...]:
    """All that a request says, comparable; NaN is its bits."""
    rows = [row | {"series": text(decoded, row["series"]), "value": row["value"].hex()} for row in decoded.rows.to_pylist()]
    exemplars = [row | {"series": text(decoded, row["series"])} for row in (decoded.exemplars.to_pylist() if decoded.exemplars else [])]
    return rows, exemplars, decoded.metadata, decoded.dropped


def otlp_json(request: ExportMetricsServiceRequest) -> bytes:
    """As OTLP has it: ids in hex, enums as numbers."""
    document = json_format.MessageToDict(request, use_integers_for_enums=True)
    return dumps(_with_hex_ids(document)).encode()


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(item) for item in value]
    if isinstance(value, dict):
        return {key: base64.b64decode(item).hex() if key in ("traceId", "spanId") else _with_hex_ids(item) for key, item in value.items()}
    return value


def test_a_request_without_points_has_no_rows() -> None:
    for body in (b"", metrics_request([Metric(name="m"), metric("gauge")]).SerializeToString()):
        decoded = decode(body)
        assert (len(decoded), len(decoded.keys), decoded.exemplars, decoded.metadata, decoded.dropped) == (0, 0, None, (), ())


def test_columns_are_those_of_the_signal() -> None:
    decoded = decode(everything())
    assert decoded.rows.schema == SAMPLES.columns
    assert decoded.format == "otlp"
    decoded.rows.validate(full=True)


def test_json_says_what_protobuf_says() -> None:
    request = everything()
    assert told(decode(otlp_json(request), json=True)) == told(decode(request))


def test_json_may_write_numbers_as_numbers_and_names_as_the_schema_has_them() -> None:
    document = """{"resource_metrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE",
        "isMonotonic":true,"dataPoints":[{"timeUnixNano":1795168860123000000,"asInt":"5"}]}},
        {"name":"n","gauge":{"dataPoints":[{"time_unix_nano":"1795168860123000000","asDouble":"NaN"},{"asDouble":null}]}}]}]}]}"""
    decoded = decode(document.encode(), json=True)
    assert [(text(decoded, row["series"]), row["ts"], str(row["value"])) for row in decoded.rows.to_pylist()] == [
        ("m_total", T, "5.0"),
        ("n", T, "nan"),
    ]
    assert decoded.dropped == (Dropped(Loss.NO_VALUE, 1, "data point has no value"),)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ('"gauge":[]', "gauge must be an object"),
        ('"gauge":{"dataPoints":[{"asInt":"x"}]}', "asInt must be an integer"),
        ('"histogram":{"dataPoints":[{"bucketCounts":[-1]}]}', r"bucketCounts\[0\] must be an integer"),
        ('"histogram":{"dataPoints":[{"explicitBounds":1}]}', "explicitBounds must be an array"),
        ('"exponentialHistogram":{"dataPoints":[{"scale":2147483648}]}', "scale must be an integer"),
        ('"sum":{"isMonotonic":1}', "isMonotonic must be true or false"),
    ],
)
def test_json_of_another_form_is_refused(fields: str, where: str) -> None:
    with pytest.raises(MalformedBody, match=where):
        decode(f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{{fields}}}]}}]}}]}}'.encode(), json=True)


@pytest.mark.parametrize(
    ("kind", "monotonic", "family", "expected"),
    [
        ("gauge", True, "m_seconds", "gauge"),
        ("sum", True, "m_seconds_total", "counter"),
        ("sum", False, "m_seconds", "gauge"),
        ("histogram", True, "m_seconds", "histogram"),
        ("exponential_histogram", True, "m_seconds", "histogram"),
        ("summary", True, "m_seconds", "summary"),
    ],
)
def test_families_have_type_help_and_unit(kind: str, monotonic: bool, family: str, expected: str) -> None:
    point = {"as_double": 1} if kind in ("gauge", "sum") else {}
    decoded = decode(metrics_request([metric(kind, point, monotonic=monotonic, unit="s", description="what it is")] * 2))
    assert decoded.metadata == (Metadata(family, expected, "what it is", "seconds"),)


def test_target_info_is_a_family_where_there_is_one() -> None:
    decoded = decode(metrics_request([metric("gauge", {"as_double": 1})], {"service.name": "a", "b": "c"}))
    assert [metadata.family for metadata in decoded.metadata] == ["m", "target_info"]


def test_keys_are_equal_across_requests_and_shapes() -> None:
    one = decode(everything())
    other = decode(metrics_request([metric("sum", {"as_int": 1, "attributes": {"n": 5, "a.b": "x"}}, name="s_bytes_total")], {"service.name": "a"}))
    assert other.keys[0].as_py() in one.keys.to_pylist()
    assert len(set(one.keys.to_pylist())) == len(one.keys)


@pytest.mark.parametrize(
    ("metrics", "points"),
    [
        ([metric("gauge", {"as_int": 1}, {"as_int": 1}, name="___")], 2),
        ([metric("gauge", {"as_int": 1, "attributes": {"": "x"}})], 1),
        ([metric("histogram", {"count": 1, "attributes": {"": "x"}}, {"count": 1, "attributes": {"a": "__", "__": "x"}})], 2),
        ([metric("summary", {"count": 1, "attributes": {"": "x"}})], 1),
        ([metric("exponential_histogram", {"attributes": {"": "x"}})], 1),
    ],
)
def test_points_with_invalid_names_are_dropped_alone(metrics: list[Metric], points: int) -> None:
    decoded = decode(metrics_request([*metrics, metric("gauge", {"as_int": 1}, name="kept")]))
    assert [text(decoded, row["series"]) for row in decoded.rows.to_pylist()] == ["kept"]
    assert [(loss.reason, loss.points) for loss in decoded.dropped] == [("invalid_name", points)]


def test_points_of_a_resource_with_a_promoted_attribute_of_no_name_are_dropped() -> None:
    decoded = decode(metrics_request([metric("gauge", {"as_int": 1})], {"__": "x"}), promote_all_resource_attributes=True)
    assert [(loss.reason, loss.points) for loss in decoded.dropped] == [("invalid_name", 1)]


def test_of_several_kinds_of_data_the_last_counts() -> None:
    one, other = metric("gauge", {"as_int": 1}).SerializeToString(), metric("sum", {"as_int": 2}).SerializeToString()
    decoded = decode(field_bytes(1, field_bytes(2, field_bytes(2, one + other))))
    assert [(text(decoded, row["series"]), row["value"]) for row in decoded.rows.to_pylist()] == [("m_total", 2.0)]


def test_points_are_bounded() -> None:
    with pytest.raises(TooManyRows):
        decode(metrics_request([metric("gauge", *[{"as_int": 1}] * 3)]), bounds=BodyBounds(rows_max=2))


def test_resources_are_bounded() -> None:
    request = metrics_request([metric("gauge", {"as_int": 1})])
    for _ in range(2):
        metrics_request([metric("gauge", {"as_int": 1})], request=request)
    with pytest.raises(TooManyStreams):
        decode(request, bounds=BodyBounds(streams_max=2))


@pytest.mark.parametrize("field", ["name", "unit", "description"])
def test_texts_are_utf8(field: str) -> None:
    found = metric("gauge", {"as_int": 1})
    setattr(found, field, "QQQQ")
    body = metrics_request([found]).SerializeToString()
    with pytest.raises(MalformedBody, match=f"{field} of a metric is not valid UTF-8"):
        decode(body.replace(b"QQQQ", b"QQ\xffQ"))


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_request_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(everything().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    options: dict[str, Any] = {"promote_scope_metadata": True, "promote_all_resource_attributes": True}
    options["convert_histograms_to_nhcb"] = data.draw(st.booleans())
    for damaged in (bytes(body), bytes(body[:cut])):
        with contextlib.suppress(BadRequest, LimitExceeded):
            decoded = decode(damaged, **options)
            decoded.rows.validate(full=True)
            assert told(decoded)


def test_a_request_that_is_cut_is_never_read_as_another_whole_one() -> None:
    body = metrics_request([metric("gauge", {"as_double": 1, "attributes": {"a": "b"}})], {"service.name": "x"}).SerializeToString()
    for end in range(1, len(body)):
        with pytest.raises(TruncatedBody):
            decode(body[:end])


names = st.sampled_from(["a", "a.b", "_x", "9", "le", "quantile", "job", "é.a"])
doubles = st.floats(width=64)
points = st.fixed_dictionaries(
    {"attributes": st.dictionaries(names, st.one_of(st.text(max_size=5), st.integers(-5, 5), st.booleans(), doubles), max_size=3)},
    optional={"start_time_unix_nano": st.integers(0, 2**63), "flags": st.integers(0, 2)},
)
counts = st.integers(0, 2**40)


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    kind = draw(st.sampled_from(["gauge", "sum", "histogram", "summary", "exponential_histogram"]))
    found = []
    for point in draw(st.lists(points, max_size=3)):
        if kind in ("gauge", "sum"):
            own: dict[str, Any] = draw(st.one_of(st.fixed_dictionaries({"as_double": doubles}), st.fixed_dictionaries({"as_int": counts})))
        elif kind == "summary":
            quantiles = st.lists(st.fixed_dictionaries({"quantile": st.floats(0, 1), "value": doubles}), max_size=3)
            own = {"count": draw(counts), "sum": draw(doubles), "quantile_values": draw(quantiles)}
        elif kind == "histogram":
            bounds = sorted(draw(st.sets(st.floats(-100, 100), max_size=4)))
            own = {"explicit_bounds": bounds, "bucket_counts": [draw(counts) for _ in range(len(bounds) + 1)]}
            own["count"] = sum(own["bucket_counts"])
        else:
            sides: dict[str, Any] = {
                side: {"offset": draw(st.integers(-50, 50)), "bucket_counts": draw(st.lists(counts, max_size=5))} for side in ("positive", "negative")
            }
            total = sum(sum(of_side["bucket_counts"]) for of_side in sides.values())
            own = {"scale": draw(st.integers(-4, 20)), "count": total, **sides}
        found.append(point | own)
    return metric(kind, *found, name=draw(st.sampled_from(["m", "n.total", "x_bytes"])), unit=draw(st.sampled_from(["", "s", "By/s", "1"])))


@given(st.lists(metrics(), max_size=4))
@settings(max_examples=200)
def test_each_point_becomes_its_rows_in_json_as_in_protobuf(found: list[Metric]) -> None:
    request = metrics_request(found, {"service.name": "shop"})
    decoded = decode(request)
    assert decoded.dropped == ()
    assert len(decoded) == sum(map(rows_of, found))
    decoded.rows.validate(full=True)
    assert told(decode(otlp_json(request), json=True)) == told(decoded)


def rows_of(found: Metric) -> int:
    data = getattr(found, found.WhichOneof("data") or "gauge")
    if found.HasField("histogram"):
        return sum(len(point.explicit_bounds) + 2 + (point.HasField("sum") or point.flags & 1) for point in data.data_points)
    if found.HasField("summary"):
        return sum(len(point.quantile_values) + 2 for point in data.data_points)
    return len(data.data_points)


def sdk_request() -> ExportMetricsServiceRequest:
    """What the OpenTelemetry SDK exports after a few measurements."""

    def observe(_options: object) -> Iterator[Observation]:
        yield Observation(21.5, {"room": "lab"})

    reader = InMemoryMetricReader()
    views = [View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())]
    resource = Resource({"service.name": "shop", "service.instance.id": "i-1", "host.name": "h"})
    provider = MeterProvider(metric_readers=[reader], resource=resource, views=views, shutdown_on_exit=False)
    meter = provider.get_meter("lib", "1.2")
    meter.create_counter("requests", "1", "Requests").add(3, {"http.method": "GET"})
    meter.create_up_down_counter("queue.length").add(-2)
    meter.create_observable_gauge("temperature", [observe], "Cel")
    durations = meter.create_histogram("duration", "s", explicit_bucket_boundaries_advisory=[0.1, 1])
    sizes = meter.create_histogram("size", "By")
    for value in (0.05, 0.5, 5):
        durations.record(value)
        sizes.record(value)
    metrics_data = reader.get_metrics_data()
    assert metrics_data is not None
    return encode_metrics(metrics_data)


def test_what_the_sdk_exports_is_read() -> None:
    found = values_of(sdk_request())
    around = 'instance="i-1", job="shop"'
    assert found == {
        f'requests_total{{http_method="GET", {around}}}': 3,
        f"queue_length{{{around}}}": -2,
        f'temperature_celsius{{{around}, room="lab"}}': 21.5,
        f'duration_seconds_bucket{{{around}, le="0.1"}}': 1,
        f'duration_seconds_bucket{{{around}, le="1"}}': 2,
        f'duration_seconds_bucket{{{around}, le="+Inf"}}': 3,
        f"duration_seconds_count{{{around}}}": 3,
        f"duration_seconds_sum{{{around}}}": 5.55,
        f"size_bytes{{{around}}}": 5.55,
        f'target_info{{host_name="h", {around}}}': 1,
    }


def test_the_decoder_has_defaults() -> None:
    assert len(decode_otlp_metrics(everything().SerializeToString(), json=False)) == len(decode(everything()))

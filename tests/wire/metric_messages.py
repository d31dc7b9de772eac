"""OTLP metrics for tests, made by the protobuf library, and what becomes of them in a form that is easy to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from lgtm.model.labels import format_labels
from lgtm.wire.bounds import BOUNDS, BodyBounds
from lgtm.wire.decoded_samples import DecodedSamples
from lgtm.wire.otlp_metrics import decode_otlp_metrics
from lgtm.wire.otlp_metrics_options import OtlpMetricsOptions
from wire.messages import any_value

T = 1795168860123000000
DELTA, CUMULATIVE = 1, 2

_FIELD = descriptor_pb2.FieldDescriptorProto


def _native_histogram() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="histogram.proto", package="io.prometheus.write.v2", syntax="proto3")
    span = file.message_type.add(name="BucketSpan")
    span.field.add(name="offset", number=1, type=_FIELD.TYPE_SINT32, label=1)
    span.field.add(name="length", number=2, type=_FIELD.TYPE_UINT32, label=1)
    histogram = file.message_type.add(name="Histogram")
    for name, number, kind in (("count_int", 1, _FIELD.TYPE_UINT64), ("zero_count_int", 6, _FIELD.TYPE_UINT64)):
        histogram.oneof_decl.add(name=f"_{name}")
        histogram.field.add(name=name, number=number, type=kind, label=1, oneof_index=len(histogram.oneof_decl) - 1)
    for name, number, kind in (("sum", 3, _FIELD.TYPE_DOUBLE), ("schema", 4, _FIELD.TYPE_SINT32), ("zero_threshold", 5, _FIELD.TYPE_DOUBLE)):
        histogram.field.add(name=name, number=number, type=kind, label=1)
    for name, number in (("negative_spans", 8), ("positive_spans", 11)):
        histogram.field.add(name=name, number=number, type=_FIELD.TYPE_MESSAGE, label=3, type_name=".io.prometheus.write.v2.BucketSpan")
    for name, number, kind in (
        ("negative_deltas", 9, _FIELD.TYPE_SINT64),
        ("positive_deltas", 12, _FIELD.TYPE_SINT64),
        ("custom_values", 16, _FIELD.TYPE_DOUBLE),
    ):
        histogram.field.add(name=name, number=number, type=kind, label=3)
    histogram.field.add(name="reset_hint", number=14, type=_FIELD.TYPE_INT32, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("io.prometheus.write.v2.Histogram"))


NativeHistogram = _native_histogram()


def buckets_of(spans: Sequence[Any], deltas: Sequence[int]) -> dict[int, int]:
    """Counts by absolute index, empty buckets included."""
    found: dict[int, int] = {}
    index = count = 0
    left = iter(deltas)
    for number, span in enumerate(spans):
        assert number == 0 or span.offset > 0
        index += span.offset
        for _ in range(span.length):
            count += next(left)
            found[index] = count
            index += 1
    assert next(left, None) is None
    return found


def metrics_request(
    metrics: Sequence[Metric],
    resource: Mapping[str, object] | None = None,
    scope: Mapping[str, Any] | None = None,
    request: ExportMetricsServiceRequest | None = None,
) -> ExportMetricsServiceRequest:
    """One resource with one scope; scope: its fields, and `schema_url`."""
    request = request if request is not None else ExportMetricsServiceRequest()
    added = request.resource_metrics.add()
    for key, value in (resource or {}).items():
        added.resource.attributes.add(key=key, value=any_value(value))
    of_scope = added.scope_metrics.add()
    for name, value in (scope or {}).items():
        if name == "attributes":
            for key, item in value.items():
                of_scope.scope.attributes.add(key=key, value=any_value(item))
        else:
            setattr(of_scope if name == "schema_url" else of_scope.scope, name, value)
    of_scope.metrics.extend(metrics)
    return request


def metric(kind: str, *points: Mapping[str, Any], temporality: int = CUMULATIVE, monotonic: bool = True, **fields: str) -> Metric:
    """kind: the name of the field; points: fields of data points, `attributes` and those of `exemplars` as plain values. Time is T unless given."""
    found = Metric(name="m")
    for name, value in fields.items():
        setattr(found, name, value)
    data = getattr(found, kind)
    data.SetInParent()
    if kind in ("sum", "histogram", "exponential_histogram"):
        data.aggregation_temporality = temporality
    if kind == "sum":
        data.is_monotonic = monotonic
    for point in points:
        added = data.data_points.add(time_unix_nano=T)
        _fill(added, point)
    return found


def _fill(message: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name in ("attributes", "filtered_attributes"):
            for key, item in value.items():
                getattr(message, name).add(key=key, value=any_value(item))
        elif name in ("exemplars", "quantile_values"):
            for item in value:
                _fill(getattr(message, name).add(), item)
        elif isinstance(value, dict):
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)


def decode(request: ExportMetricsServiceRequest | bytes, *, json: bool = False, bounds: BodyBounds = BOUNDS, **options: Any) -> DecodedSamples:
    body = request if isinstance(request, bytes) else request.SerializeToString()
    return decode_otlp_metrics(body, json=json, options=OtlpMetricsOptions(**options), bounds=bounds)


def text(decoded: DecodedSamples, series: int) -> str:
    """`name{label="value"}`, labels in order."""
    labels = dict(decoded.labels_of(series))
    name = labels.pop("__name__")
    return name + (format_labels(sorted(labels.items())) if labels else "")


def values_of(request: ExportMetricsServiceRequest, **options: Any) -> dict[str, float]:
    """The value of each series, of which there is one row each."""
    decoded = decode(request, **options)
    rows = decoded.rows.to_pylist()
    found = {text(decoded, row["series"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


def series_of(*metrics: Metric, **options: Any) -> dict[str, float]:
    return values_of(metrics_request(metrics), **options)

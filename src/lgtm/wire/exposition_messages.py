"""Messages of `io.prometheus.client` as they are scraped, and the histogram of `io.prometheus.write.v2` that is made of them.

Labels and spans are declared as bytes: they are told apart, and copied, without being parsed. Numbers of fields: prometheus/client_model
(metrics.proto) and prometheus/prometheus (prompb/io/prometheus/write/v2/types.proto), both Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "lgtm.exposition"
_SCALARS = {
    "i32": _FIELD.TYPE_INT32,
    "u32": _FIELD.TYPE_UINT32,
    "i64": _FIELD.TYPE_INT64,
    "u64": _FIELD.TYPE_UINT64,
    "s32": _FIELD.TYPE_SINT32,
    "s64": _FIELD.TYPE_SINT64,
    "double": _FIELD.TYPE_DOUBLE,
    "bytes": _FIELD.TYPE_BYTES,
}

_MESSAGES: dict[str, Mapping[str, tuple[int, str]]] = {
    "LabelPair": {"name": (1, "bytes"), "value": (2, "bytes")},
    "Timestamp": {"seconds": (1, "i64"), "nanos": (2, "i32")},
    "Exemplar": {"label": (1, "*LabelPair"), "value": (2, "double"), "timestamp": (3, "Timestamp")},
    "Gauge": {"value": (1, "double")},
    "Counter": {"value": (1, "double"), "exemplar": (2, "Exemplar"), "created_timestamp": (3, "Timestamp")},
    "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
    "Summary": {"sample_count": (1, "u64"), "sample_sum": (2, "double"), "quantile": (3, "*Quantile"), "created_timestamp": (4, "Timestamp")},
    "Untyped": {"value": (1, "double")},
    "Bucket": {
        "cumulative_count": (1, "u64"),
        "upper_bound": (2, "double"),
        "exemplar": (3, "Exemplar"),
        "cumulative_count_float": (4, "double"),
    },
    "Histogram": {
        "sample_count": (1, "u64"),
        "sample_sum": (2, "double"),
        "bucket": (3, "*Bucket"),
        "sample_count_float": (4, "double"),
        "schema": (5, "s32"),
        "zero_threshold": (6, "double"),
        "zero_count": (7, "u64"),
        "zero_count_float": (8, "double"),
        "negative_span": (9, "*bytes"),
        "negative_delta": (10, "*s64"),
        "negative_count": (11, "*double"),
        "positive_span": (12, "*bytes"),
        "positive_delta": (13, "*s64"),
        "positive_count": (14, "*double"),
        "created_timestamp": (15, "Timestamp"),
        "exemplars": (16, "*Exemplar"),
    },
    "Metric": {
        "label": (1, "*bytes"),
        "gauge": (2, "Gauge"),
        "counter": (3, "Counter"),
        "summary": (4, "Summary"),
        "untyped": (5, "Untyped"),
        "timestamp_ms": (6, "i64"),
        "histogram": (7, "Histogram"),
    },
    "MetricFamily": {"name": (1, "bytes"), "help": (2, "bytes"), "type": (3, "i32"), "metric": (4, "*Metric"), "unit": (5, "bytes")},
    "Span": {"offset": (1, "s32"), "length": (2, "u32")},
    "StoredHistogram": {
        "count_int": (1, "u64"),
        "count_float": (2, "double"),
        "sum": (3, "double"),
        "schema": (4, "s32"),
        "zero_threshold": (5, "double"),
        "zero_count_int": (6, "u64"),
        "zero_count_float": (7, "double"),
        "negative_spans": (8, "*bytes"),
        "negative_deltas": (9, "*s64"),
        "negative_counts": (10, "*double"),
        "positive_spans": (11, "*bytes"),
        "positive_deltas": (12, "*s64"),
        "positive_counts": (13, "*double"),
        "reset_hint": (14, "i32"),
    },
}

_ONEOFS = {"StoredHistogram": {"count": ("count_int", "count_float"), "zero_count": ("zero_count_int", "zero_count_float")}}
"""Of these fields the one that is set is written even where it is zero."""


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="exposition.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        oneofs = _ONEOFS.get(name, {})
        message.oneof_decl.extend(descriptor_pb2.OneofDescriptorProto(name=oneof) for oneof in oneofs)
        for field, (number, kind) in fields.items():
            message.field.append(_field(field, number, kind))
            for at, members in enumerate(oneofs.values()):
                if field in members:
                    message.field[-1].oneof_index = at
    return file


def _field(name: str, number: int, kind: str) -> descriptor_pb2.FieldDescriptorProto:
    label = _FIELD.LABEL_REPEATED if kind.startswith("*") else _FIELD.LABEL_OPTIONAL
    kind = kind.lstrip("*")
    if kind in _SCALARS:
        return _FIELD(name=name, number=number, label=label, type=_SCALARS[kind])
    return _FIELD(name=name, number=number, label=label, type=_FIELD.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{kind}")


_CLASSES = message_factory.GetMessages([_file()], pool=descriptor_pool.DescriptorPool())

MetricFamily: Any = _CLASSES[f"{_PACKAGE}.MetricFamily"]
LabelPair: Any = _CLASSES[f"{_PACKAGE}.LabelPair"]
Span: Any = _CLASSES[f"{_PACKAGE}.Span"]
StoredHistogram: Any = _CLASSES[f"{_PACKAGE}.StoredHistogram"]
"""`io.prometheus.write.v2.Histogram` without its timestamps."""

"""Messages of Tempo's query API: one value, a dict with the JSON names of its fields, is written as protobuf or as JSON.

Rules of the JSON (gogo's jsonpb): what is zero or empty is left out, which whoever makes the dict sees to; 64-bit integers are strings (`Long`),
NaN and infinities are strings (`double`), enums are names (`Status`). Requests are read from protobuf only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from lgtm.wire.bounds import MalformedBody

Fields = dict[str, Any]

_PACKAGE = "tempopb"
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "u32": _FIELD.TYPE_UINT32,
    "u64": _FIELD.TYPE_UINT64,
    "i64": _FIELD.TYPE_INT64,
    "double": _FIELD.TYPE_DOUBLE,
    "bool": _FIELD.TYPE_BOOL,
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
}

_MESSAGES: dict[str, Mapping[str, tuple[int, str]]] = {
    "ArrayValue": {"values": (1, "*AnyValue")},
    "AnyValue": {
        "stringValue": (1, "string"), "boolValue": (2, "bool"), "intValue": (3, "i64"), "doubleValue": (4, "double"), "arrayValue": (5, "ArrayValue"),
    },
    "KeyValue": {"key": (1, "string"), "value": (2, "AnyValue")},
    "TagEntry": {"key": (1, "string"), "value": (2, "string")},
    "SearchRequest": {
        "tags": (1, "*TagEntry"), "minDurationMs": (2, "u32"), "maxDurationMs": (3, "u32"), "limit": (4, "u32"), "start": (5, "u32"),
        "end": (6, "u32"), "query": (8, "string"), "spansPerSpanSet": (9, "u32"),
    },
    "SearchMetrics": {
        "inspectedTraces": (1, "u32"), "inspectedBytes": (2, "u64"), "totalBlocks": (3, "u32"), "completedJobs": (4, "u32"), "totalJobs": (5, "u32"),
        "totalBlockBytes": (6, "u64"), "inspectedSpans": (7, "u64"),
    },
    "MetadataMetrics": {
        "inspectedBytes": (1, "u64"), "totalJobs": (2, "u32"), "completedJobs": (3, "u32"), "totalBlocks": (4, "u32"), "totalBlockBytes": (5, "u64"),
    },
    "ServiceStats": {"spanCount": (1, "u32"), "errorCount": (2, "u32")},
    "Span": {
        "spanID": (1, "string"), "name": (2, "string"), "startTimeUnixNano": (3, "u64"), "durationNanos": (4, "u64"), "attributes": (5, "*KeyValue"),
    },
    "SpanSet": {"spans": (1, "*Span"), "matched": (2, "u32"), "attributes": (3, "*KeyValue")},
    "ServiceStatsEntry": {"key": (1, "string"), "value": (2, "ServiceStats")},
    "TraceSearchMetadata": {
        "traceID": (1, "string"), "rootServiceName": (2, "string"), "rootTraceName": (3, "string"), "startTimeUnixNano": (4, "u64"),
        "durationMs": (5, "u32"), "spanSet": (6, "SpanSet"), "spanSets": (7, "*SpanSet"), "serviceStats": (8, "*ServiceStatsEntry"),
    },
    "SearchResponse": {"traces": (1, "*TraceSearchMetadata"), "metrics": (2, "SearchMetrics")},
    "SearchTagsRequest": {
        "scope": (1, "string"), "query": (2, "string"), "start": (3, "u32"), "end": (4, "u32"), "maxTagsPerScope": (5, "u32"),
        "staleValuesThreshold": (6, "u32"),
    },
    "SearchTagsResponse": {"tagNames": (1, "*string"), "metrics": (2, "MetadataMetrics")},
    "Scope": {"name": (1, "string"), "tags": (2, "*string")},
    "SearchTagsV2Response": {"scopes": (1, "*Scope"), "metrics": (2, "MetadataMetrics")},
    "SearchTagValuesRequest": {
        "tagName": (1, "string"), "query": (2, "string"), "start": (4, "u32"), "end": (5, "u32"), "maxTagValues": (6, "u32"),
        "staleValueThreshold": (7, "u32"),
    },
    "SearchTagValuesResponse": {"tagValues": (1, "*string"), "metrics": (2, "MetadataMetrics")},
    "TagValue": {"type": (1, "string"), "value": (2, "string")},
    "SearchTagValuesV2Response": {"tagValues": (1, "*TagValue"), "metrics": (2, "MetadataMetrics")},
    "QueryRangeRequest": {
        "query": (1, "string"), "start": (2, "u64"), "end": (3, "u64"), "step": (4, "u64"), "exemplars": (16, "u32"), "maxSeries": (17, "u32"),
        "instant": (18, "bool"),
    },
    "Sample": {"value": (1, "double"), "timestampMs": (2, "i64")},
    "Exemplar": {"labels": (1, "*KeyValue"), "value": (2, "double"), "timestampMs": (3, "i64")},
    "TimeSeries": {"labels": (1, "*KeyValue"), "samples": (2, "*Sample"), "exemplars": (4, "*Exemplar")},
    "QueryRangeResponse": {"series": (1, "*TimeSeries"), "metrics": (2, "SearchMetrics"), "status": (3, "u32"), "message": (4, "string")},
    "QueryInstantRequest": {"query": (1, "string"), "start": (2, "u64"), "end": (3, "u64")},
    "InstantSeries": {"labels": (1, "*KeyValue"), "value": (2, "double")},
    "QueryInstantResponse": {"series": (1, "*InstantSeries"), "metrics": (2, "SearchMetrics"), "status": (3, "u32"), "message": (4, "string")},
    "TraceByIDMetrics": {"inspectedBytes": (1, "u64")},
    "TraceByIDResponse": {"trace": (1, "bytes"), "metrics": (2, "TraceByIDMetrics"), "status": (3, "u32"), "message": (4, "string")},
}  # fmt: skip
"""Name → JSON name of a field → its number and type; `*` for repeated ones. A trace is bytes: it is made elsewhere."""

_ONEOF = "AnyValue"
_PRESENT = {("TraceByIDResponse", "trace")}
"""Fields that are written even when they are empty."""


class Long(int):
    """A 64-bit integer, a string in JSON."""

    def json(self) -> str:
        return str(int(self))


class Status(int):
    """Of an answer; complete ones have none."""

    def json(self) -> str:
        return ("COMPLETE", "PARTIAL")[self]


PARTIAL = Status(1)


class _NotFinite(float):
    def json(self) -> str:
        return "NaN" if math.isnan(self) else "Infinity" if self > 0 else "-Infinity"


def double(value: float) -> float:
    """A number that either form can write."""
    return value if math.isfinite(value) else _NotFinite(value)


def any_value(value: object) -> Fields:
    """An AnyValue of a string, bool, int, float or a list of those."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": Long(value)}
        case float():
            return {"doubleValue": double(value)}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}


def key_values(pairs: Iterable[tuple[str, object]]) -> list[Fields]:
    return [given({"key": key, "value": any_value(value)}) for key, value in pairs]


def given(fields: Fields) -> Fields:
    """Without what is zero or empty. NaN stays."""
    return {name: value for name, value in fields.items() if value}


def json_bytes(fields: Fields) -> bytes:
    return orjson.dumps(fields, default=_as_json, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def message_bytes(name: str, fields: Fields) -> bytes:
    """The message as protobuf."""
    return bytes(_CLASSES[name](**_entries_of_maps(name, fields)).SerializeToString())


def read_message(name: str, data: bytes) -> Any:
    """A request: an object with the fields of `_MESSAGES` as attributes. Raises MalformedBody."""
    try:
        return _CLASSES[name].FromString(data)
    except DecodeError as error:
        raise MalformedBody(f"proto: {error}") from None


def _as_json(value: Any) -> Any:
    if isinstance(value, Long | Status | _NotFinite):
        return value.json()
    raise TypeError


def _entries_of_maps(name: str, fields: Fields) -> Fields:
    """Maps are lists of entries in protobuf."""
    if name != "SearchResponse" or "traces" not in fields:
        return fields
    return fields | {"traces": [_with_entries(trace) for trace in fields["traces"]]}


def _with_entries(trace: Fields) -> Fields:
    stats = trace.get("serviceStats")
    return trace if stats is None else trace | {"serviceStats": [{"key": key, "value": value} for key, value in stats.items()]}


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="lgtm_tempo.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        descriptor = file.message_type.add(name=name)
        if name == _ONEOF:
            descriptor.oneof_decl.add(name="value")
        for field_name, (number, kind) in fields.items():
            _add_field(descriptor, field_name, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


def _add_field(descriptor: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    bare = kind.removeprefix("*")
    field = descriptor.field.add(name=name, number=number)
    field.label = _FIELD.LABEL_REPEATED if kind != bare else _FIELD.LABEL_OPTIONAL
    field.type = _SCALARS.get(bare, _FIELD.TYPE_MESSAGE)
    if bare not in _SCALARS:
        field.type_name = f".{_PACKAGE}.{bare}"
    if descriptor.name == _ONEOF:
        field.oneof_index = 0
    elif (descriptor.name, name) in _PRESENT:
        descriptor.oneof_decl.add(name=f"_{name}")
        field.oneof_index, field.proto3_optional = 0, True


_CLASSES = _classes()

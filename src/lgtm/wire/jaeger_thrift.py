"""Jaeger's `Batch` in Thrift's binary protocol, as sent to `/api/traces`, to columns of spans by way of OTLP.

Batch   { 1: Process process; 2: list<Span> spans }
Process { 1: string serviceName; 2: list<Tag> tags }
Span    { 1: i64 traceIdLow; 2: i64 traceIdHigh; 3: i64 spanId; 4: i64 parentSpanId; 5: string operationName; 6: list<SpanRef> references;
          7: i32 flags; 8: i64 startTime; 9: i64 duration; 10: list<Tag> tags; 11: list<Log> logs }
SpanRef { 1: i32 refType (0 child of, 1 follows from); 2: i64 traceIdLow; 3: i64 traceIdHigh; 4: i64 spanId }
Log     { 1: i64 timestamp; 2: list<Tag> fields }
Tag     { 1: string key; 2: i32 vType; 3: string vStr; 4: double vDouble; 5: bool vBool; 6: i64 vLong; 7: binary vBinary }

Times are microseconds. The process is the resource, logs are events named by their field `event`, references are links but that to the parent.
As in the translator of the OpenTelemetry Collector, tags that say what OTLP has fields for are no attributes: `span.kind`, `w3c.tracestate`,
`otel.scope.name`, `otel.scope.version`, `error` if it is true, and `otel.status_code` with `otel.status_description`; `hostname` of a process is
`host.name`. Flags are left out: what arrives was sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lgtm.wire.any_value import Value
from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyRows
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.otlp_json import trace_message
from lgtm.wire.otlp_spans import decode_otlp_spans
from lgtm.wire.spans_to_otlp import any_value_json
from lgtm.wire.thrift import Struct, read_struct

Json = dict[str, Any]
Tags = dict[str, Value]

CHILD_OF, FOLLOWS_FROM = 0, 1
_REFERENCES = ("child_of", "follows_from")
_KINDS = ("internal", "server", "client", "producer", "consumer")
_STATUS_CODES = ("UNSET", "OK", "ERROR")
_UINT64 = 2**64 - 1


def decode_jaeger_spans(data: bytes, *, bounds: BodyBounds = BOUNDS) -> DecodedSpans:
    """Pure. Rows of one scope stand together, in the order of the request. Raises MalformedBody, naming span and field, and BodyTooLarge kinds."""
    batch = read_struct(data)
    process = batch.struct(1, "process")
    of_scopes: dict[tuple[str, str], list[Json]] = {}
    for number, span in enumerate(batch.structs(2, "spans")):
        if number >= bounds.rows_max:
            raise TooManyRows(bounds.rows_max)
        tags = _tags(span.structs(10, "tags"))
        scope = _taken(tags, "otel.scope.name"), _taken(tags, "otel.scope.version")
        of_scopes.setdefault(scope, []).append(_span(span, tags))
    scopes = [{"scope": {"name": name, "version": version}, "spans": spans} for (name, version), spans in of_scopes.items()]
    message = trace_message({"resourceSpans": [{"resource": {"attributes": _resource(process)}, "scopeSpans": scopes}]})
    return replace(decode_otlp_spans(message, json=False, bounds=bounds), format="jaeger")


def _resource(process: Struct) -> list[Json]:
    service = process.text(1, "serviceName")
    tags: Tags = {"service.name": service} if service else {}
    tags |= {key: value for key, value in _tags(process.structs(2, "tags")).items() if key not in tags}
    if "hostname" in tags and "host.name" not in tags:
        tags["host.name"] = tags.pop("hostname")
    return _attributes(tags)


def _span(span: Struct, tags: Tags) -> Json:
    trace_id, parent, links = _trace_id(span, 1), span.integer(4, "parentSpanId"), []
    for reference in span.structs(6, "references"):
        link = {"traceId": _trace_id(reference, 2), "spanId": _hex(reference.integer(4, "spanId"))}
        kind = FOLLOWS_FROM if reference.integer(1, "refType") else CHILD_OF
        if kind == CHILD_OF and link["traceId"] == trace_id:
            parent = parent or reference.integer(4, "spanId")
            if link["spanId"] == _hex(parent):
                continue
        links.append(link | {"attributes": _attributes({"opentracing.ref_type": _REFERENCES[kind]})})
    for given, name in ((trace_id.strip("0"), "traceIdLow"), (span.integer(3, "spanId"), "spanId")):
        if not given:
            span.expected("an id that is not zero", name)
    start = _microseconds(span, 8, "startTime")
    return {
        "traceId": trace_id,
        "spanId": _hex(span.integer(3, "spanId")),
        "traceState": _taken(tags, "w3c.tracestate"),
        "parentSpanId": _hex(parent),
        "name": span.text(5, "operationName"),
        "kind": _kind(tags),
        "startTimeUnixNano": _ns(start),
        "endTimeUnixNano": _ns(start + _microseconds(span, 9, "duration")),
        "status": _status(tags),
        "attributes": _attributes(tags),
        "events": [_event(log) for log in span.structs(11, "logs")],
        "links": links,
    }


def _event(log: Struct) -> Json:
    fields = _tags(log.structs(2, "fields"))
    name = _taken(fields, "event")
    return {"timeUnixNano": _ns(_microseconds(log, 1, "timestamp")), "name": name, "attributes": _attributes(fields)}


def _kind(tags: Tags) -> int:
    kind = _taken(tags, "span.kind")
    return _KINDS.index(kind) + 1 if kind in _KINDS else 0


def _status(tags: Tags) -> Json:
    code, message = _taken(tags, "otel.status_code").upper(), _taken(tags, "otel.status_description")
    if tags.get("error") is True or tags.get("error") == "true":
        del tags["error"]
        code = "ERROR"
    return {"code": code if code in _STATUS_CODES else "UNSET", "message": message}


def _tags(tags: Iterable[Struct]) -> Tags:
    """The first of a key counts."""
    found: Tags = {}
    for tag in tags:
        found.setdefault(tag.text(1, "key"), _value(tag))
    return found


def _value(tag: Struct) -> Value:
    match tag.integer(2, "vType"):
        case 0:
            return tag.text(3, "vStr")
        case 1:
            return tag.real(4, "vDouble")
        case 2:
            return tag.flag(5, "vBool")
        case 3:
            return tag.integer(6, "vLong")
        case 4:
            return tag.binary(7, "vBinary")
    return tag.expected("a type from 0 to 4", "vType")


def _taken(tags: Tags, name: str) -> str:
    """A text that is no attribute then; "" where there is none."""
    value = tags.get(name)
    if not isinstance(value, str):
        return ""
    del tags[name]
    return value


def _attributes(tags: Tags) -> list[Json]:
    return [{"key": key, "value": any_value_json(value)} for key, value in tags.items()]


def _trace_id(of: Struct, low: int) -> str:
    return _hex(of.integer(low + 1, "traceIdHigh")) + _hex(of.integer(low, "traceIdLow"))


def _hex(number: int) -> str:
    return f"{number & _UINT64:016x}"


def _microseconds(of: Struct, field: int, name: str) -> int:
    value = of.integer(field, name)
    return value if value >= 0 else of.expected("a time of 1970 or later", name)


def _ns(microseconds: int) -> int:
    return min(1000 * microseconds, _UINT64)

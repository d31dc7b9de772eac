"""Rows of spans back to OTLP: the inverse of `otlp_spans`, for traces that are asked for as a whole.

In Tempo's JSON ids are Base64, enums are names, 64-bit integers are strings, and what is empty or 0 is left out.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from lgtm.model import attributes as names
from lgtm.model.attribute_text import any_text
from lgtm.model.attributes import AttributeName
from lgtm.model.labels import Labels
from lgtm.model.signal import REST
from lgtm.wire.any_value import Value, read_key_value
from lgtm.wire.otlp_json import trace_message

KINDS = tuple(f"SPAN_KIND_{name}" for name in ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"))
CODES = tuple(f"STATUS_CODE_{name}" for name in ("UNSET", "OK", "ERROR"))

Json = dict[str, Any]
Columns = Sequence[tuple[str, AttributeName]]
"""The columns of attributes, and whose they are."""


def spans_to_otlp(series: Sequence[Labels], rows: pa.RecordBatch) -> bytes:
    """An ExportTraceServiceRequest, which is also Tempo's message Trace. Attributes stand in order of their columns."""
    return trace_message({"resourceSpans": resource_spans(series, rows, bytes.hex)})


def spans_to_json(series: Sequence[Labels], rows: pa.RecordBatch) -> list[Json]:
    """ResourceSpans as Tempo's /api/traces shows them, one for each series that has rows, in order of their first."""
    return resource_spans(series, rows, base64_id)


def base64_id(raw: bytes) -> str:
    """An id as Tempo's JSON has it."""
    return base64.b64encode(raw).decode()


def resource_spans(series: Sequence[Labels], rows: pa.RecordBatch, id_text: Callable[[bytes], str]) -> list[Json]:
    """ResourceSpans of one scope each, as OTLP/JSON with ids written by `id_text`, one for each series that has rows, in order of their first."""
    columns = [(column, name) for column in rows.schema.names if (name := AttributeName.parse(column)) is not None]
    spans: dict[int, list[Json]] = {}
    for row in rows.to_pylist():
        spans.setdefault(row["series"], []).append(_span(row, columns, id_text))
    return [_resource(dict(series[index]), found) for index, found in spans.items()]


def _resource(labels: dict[str, str], spans: list[Json]) -> Json:
    attributes: dict[str, list[Json]] = {names.RESOURCE: [], names.SCOPE: []}
    for label, text in labels.items():
        name = AttributeName.parse(label)
        if name is not None and name.scope in attributes:
            attributes[name.scope].append(_attribute(name, _parse(name.type, text)))
    resource = {"attributes": attributes[names.RESOURCE], "droppedAttributesCount": int(labels.get(names.RESOURCE_DROPPED, 0))}
    scope: Json = {"name": labels.get(names.SCOPE_NAME), "version": labels.get(names.SCOPE_VERSION), "attributes": attributes[names.SCOPE]}
    scope["droppedAttributesCount"] = int(labels.get(names.SCOPE_DROPPED, 0))
    of_scope = {"scope": _given(scope), "spans": spans, "schemaUrl": labels.get(names.SCOPE_SCHEMA_URL)}
    return _given({"resource": _given(resource), "scopeSpans": [_given(of_scope)], "schemaUrl": labels.get(names.RESOURCE_SCHEMA_URL)})


def _span(row: Json, columns: Columns, id_text: Callable[[bytes], str]) -> Json:
    events: list[Json] = [
        {"timeUnixNano": _long(ts), "name": name, "droppedAttributesCount": dropped}
        for ts, name, dropped in _children(row, "event_time_ns", "event_name", "event_dropped_attributes")
    ]
    links: list[Json] = [
        {"traceId": id_text(trace), "spanId": id_text(span), "traceState": state, "flags": flags, "droppedAttributesCount": dropped}
        for trace, span, state, flags, dropped in _children(
            row, "link_trace_id", "link_span_id", "link_trace_state", "link_flags", "link_dropped_attributes"
        )
    ]
    attributes: list[Json] = []
    for name, value in _values(row, columns):
        if name.scope == names.SPAN:
            attributes.append(_attribute(name, value))
            continue
        for child, item in zip(events if name.scope == names.EVENT else links, value, strict=True):
            if item is not None:
                child.setdefault("attributes", []).append(_attribute(name, item))
    return _given(
        {
            "traceId": id_text(row["trace_id"]),
            "spanId": id_text(row["span_id"]),
            "traceState": row.get("trace_state"),
            "parentSpanId": id_text(row["parent_id"]) if row.get("parent_id") else None,
            "name": row["name"],
            "kind": _enum(KINDS, row["kind"]),
            "startTimeUnixNano": _long(row["ts"]),
            "endTimeUnixNano": _long(row["ts"] + row["duration_ns"]),
            "attributes": attributes,
            "droppedAttributesCount": row.get("dropped_attributes"),
            "events": [_given(event) for event in events],
            "droppedEventsCount": row.get("dropped_events"),
            "links": [_given(link) for link in links],
            "droppedLinksCount": row.get("dropped_links"),
            "status": _given({"message": row.get("status_message"), "code": _enum(CODES, row["status"])}),
            "flags": row.get("flags"),
        }
    )


def _children(row: Json, first: str, *others: str) -> Iterator[tuple[Any, ...]]:
    count = len(row.get(first) or ())
    if not count:
        return iter(())
    return zip(*(row.get(name) or [None] * count for name in (first, *others)), strict=True)


def _values(row: Json, columns: Columns) -> Iterator[tuple[AttributeName, Any]]:
    for column, name in columns:
        value = row[column]
        if value is not None:
            yield name, value
    for column, text in row.get(REST) or ():
        rare = AttributeName.parse(column)
        if rare is not None and rare.scope == names.SPAN:
            yield rare, _parse(rare.type, text)
        elif rare is not None:
            yield rare, [None if item is None else _parse(rare.type, item) for item in json.loads(text)]


def _parse(kind: str, text: str) -> Any:
    """A value from its text in labels and `rest`; of `any`, the field 2 of a KeyValue."""
    match kind:
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "bool":
            return text == "true"
    return text


def _attribute(name: AttributeName, value: Any) -> Json:
    if name.type == "any":
        field = base64.b64decode(any_text(value) if isinstance(value, bytes) else value)
        value = read_key_value(field, 0, len(field))[1]
    return {"key": name.key, "value": any_value_json(value)}


def any_value_json(value: Value) -> Json:
    """The message AnyValue in OTLP/JSON."""
    match value:
        case None:
            return {}
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case list():
            return {"arrayValue": {"values": [any_value_json(item) for item in value]}}
    return {"kvlistValue": {"values": [{"key": key, "value": any_value_json(item)} for key, item in value.items()]}}


def _enum(of: tuple[str, ...], number: int) -> str | int:
    return (of[number] if 0 <= number < len(of) else number) if number else 0


def _long(value: int) -> str:
    return str(value or "")


def _given(message: Json) -> Json:
    return {name: value for name, value in message.items() if value}

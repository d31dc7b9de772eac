"""Entries and spans of the demo as the JSON bodies that senders use: Loki push, and OTLP for logs and for traces.

Labels of a stream and attributes of a resource have the same values, so that logs and traces of a service find each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lgtm.cli.demo_logs import DemoEntry
from lgtm.cli.demo_spans import Attributes, DemoSpan

ENVIRONMENT = "demo"
SEVERITY_NUMBERS = {"info": 9, "warn": 13, "error": 17}
"""OpenTelemetry, logs data model: the first number of each range."""
_STATUS_ERROR = 2
_SCOPE = {"name": "lgtm.demo"}


def loki_body(entries: Iterable[DemoEntry]) -> bytes:
    """For POST /loki/api/v1/push: a stream for each service and region, labelled as OTLP resources are, the trace id as structured metadata."""
    streams: dict[tuple[str, str], list[list[Any]]] = {}
    for entry in entries:
        metadata = {"trace_id": entry.trace_id, "span_id": entry.span_id, **entry.fields}
        streams.setdefault((entry.service, entry.region), []).append([str(entry.ts_ns), entry.line, metadata])
    documents = [
        {"stream": {"service_name": service, "deployment_environment": ENVIRONMENT, "cloud_region": region}, "values": values}
        for (service, region), values in streams.items()
    ]
    return json.dumps({"streams": documents}).encode()


def otlp_body(entries: Iterable[DemoEntry]) -> bytes:
    """For POST /v1/logs: a resource for each service and region."""
    resources: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in entries:
        record = {
            "timeUnixNano": str(entry.ts_ns),
            "severityNumber": SEVERITY_NUMBERS[entry.level],
            "severityText": entry.level.upper(),
            "body": {"stringValue": entry.line},
            "traceId": entry.trace_id,
            "spanId": entry.span_id,
            "attributes": _attributes(entry.fields),
        }
        resources.setdefault((entry.service, entry.region), []).append(record)
    documents = [{"resource": _resource(*of), "scopeLogs": [{"scope": _SCOPE, "logRecords": records}]} for of, records in resources.items()]
    return json.dumps({"resourceLogs": documents}).encode()


def traces_body(spans: Iterable[DemoSpan]) -> bytes:
    """For POST /v1/traces: a resource for each service and region."""
    resources: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for span in spans:
        resources.setdefault((span.service, span.region), []).append(_span(span))
    documents = [{"resource": _resource(*of), "scopeSpans": [{"scope": _SCOPE, "spans": found}]} for of, found in resources.items()]
    return json.dumps({"resourceSpans": documents}).encode()


def _span(span: DemoSpan) -> dict[str, Any]:
    events = [{"name": event.name, "timeUnixNano": str(event.ts_ns), "attributes": _attributes(event.attributes)} for event in span.events]
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.begin_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.attributes),
        "events": events,
        "status": {"code": _STATUS_ERROR, "message": span.error} if span.error else {},
    }


def _resource(service: str, region: str) -> dict[str, Any]:
    return {"attributes": _attributes({"service.name": service, "deployment.environment": ENVIRONMENT, "cloud.region": region})}


def _attributes(pairs: Attributes | dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in pairs.items()]


def _value(value: str | int | float) -> dict[str, Any]:
    """int64 is text in OTLP's JSON."""
    if isinstance(value, str):
        return {"stringValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}

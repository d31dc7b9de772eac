"""Demo entries as the two JSON bodies that senders of logs use: Loki push and OTLP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lgtm.cli.demo_logs import DemoEntry

ENVIRONMENT = "demo"
SEVERITY_NUMBERS = {"info": 9, "warn": 13, "error": 17}
"""OpenTelemetry, logs data model: the first number of each range."""


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
    documents = [
        {
            "resource": {"attributes": _attributes({"service.name": service, "deployment.environment": ENVIRONMENT, "cloud.region": region})},
            "scopeLogs": [{"scope": {"name": "lgtm.demo"}, "logRecords": records}],
        }
        for (service, region), records in resources.items()
    ]
    return json.dumps({"resourceLogs": documents}).encode()


def _attributes(pairs: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in pairs.items()]

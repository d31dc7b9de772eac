"""The recorded data set as requests of OTLP, and as rows that the decoder makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lgtm.model.batch import Batch
from lgtm.model.series import Series
from lgtm.model.signal import SPANS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.wire.otlp_spans import decode_otlp_spans
from traceql.dataset import T0_NS, TEXT_BYTES_MAX, traces
from wire.messages import any_value


def request_of(chosen: Iterable[Mapping[str, Any]]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for trace in chosen:
        for batch in trace["batches"]:
            resource = request.resource_spans.add()
            _add(resource.resource.attributes, batch["resource"])
            for scoped in batch["scopes"]:
                scope, found = scoped.get("scope", {}), resource.scope_spans.add()
                found.scope.name, found.scope.version = scope.get("name") or "", scope.get("version") or ""
                _add(found.scope.attributes, scope.get("attrs"))
                for span in scoped["spans"]:
                    _add_span(found.spans.add(), trace["id"], span)
    return request


def _add_span(message: Any, trace_id: str, span: Mapping[str, Any]) -> None:
    message.trace_id, message.span_id = bytes.fromhex(trace_id), bytes.fromhex(span["id"])
    message.parent_span_id = bytes.fromhex(span.get("parent") or "")
    message.name, message.kind = span["name"], span.get("kind", 0)
    message.start_time_unix_nano, message.end_time_unix_nano = T0_NS + span["start"], T0_NS + span["end"]
    message.status.code, message.status.message = span.get("status", [0, ""])
    message.trace_state, message.flags = span.get("state") or "", span.get("flags") or 0
    _add(message.attributes, span.get("attrs"))
    for event in span.get("events", []):
        _add(message.events.add(time_unix_nano=T0_NS + event["t"], name=event["name"]).attributes, event.get("attrs"))
    for link in span.get("links", []):
        found = message.links.add(trace_id=bytes.fromhex(link.get("trace") or ""), span_id=bytes.fromhex(link.get("span") or ""))
        found.trace_state = link.get("state") or ""
        _add(found.attributes, link.get("attrs"))


def _add(attributes: Any, bag: Mapping[str, Any] | None) -> None:
    for key, value in (bag or {}).items():
        attributes.add(key=key, value=any_value(_plain(value)))


def _plain(value: Any) -> Any:
    """Tempo has cut long texts when it received them."""
    match value:
        case str():
            return value[:TEXT_BYTES_MAX]
        case list():
            return [_plain(one) for one in value]
        case {"float": number}:
            return float(number)
        case {"bytes": text}:
            return str(text).encode()
        case {"kv": pairs}:
            return {key: _plain(one) for key, one in pairs.items()}
        case _:
            return value


@cache
def batches(tenant: str = "", requests: int = 3) -> tuple[Batch, ...]:
    """All traces of the tenant, in so many requests that each trace is spread over them."""
    mine = [trace for trace in traces() if trace.get("tenant", "") == tenant]
    found = []
    for number in range(requests):
        part = [trace | {"batches": [batch for at, batch in enumerate(trace["batches"]) if at % requests == number]} for trace in mine]
        decoded = decode_otlp_spans(request_of(part).SerializeToString(), json=False)
        found.append(Batch(SPANS, DEFAULT_TENANT, tuple(Series.of(labels) for labels in decoded.series), decoded.rows))
    return tuple(found)

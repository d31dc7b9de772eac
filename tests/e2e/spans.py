"""Numbered spans as request bodies, and what a node answers about them.

The spans of a trace lie in different requests. Each has all that OTLP knows: attributes of every type, events, links, a state; what comes back is
compared as bytes of OTLP, attributes in order of their keys, for their order is the one thing that is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from benchmarks.client import TRACES, Client, QueryFailed
from benchmarks.datasets import NS_PER_S, Request
from e2e.asking import result

SERVICES = 5
SPANS_PER_TRACE = 8
SCOPE, VERSION = "lib", "1.2"


@dataclass(frozen=True)
class SpanDataset:
    """Spans lie evenly in `seconds` from start_ns on. The start is a nanosecond after a second, because ranges leave their left end out."""

    spans: int
    per_request: int
    start_ns: int
    seconds: int
    kind: str = TRACES

    @property
    def traces(self) -> int:
        return self.spans // SPANS_PER_TRACE

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        return tuple(self._request(first) for first in range(0, self.spans, self.per_request))

    def _request(self, first: int) -> Request:
        numbers = range(first, first + self.per_request)
        body = export({f"svc-{service}": [self.span(n) for n in numbers if n % SERVICES == service] for service in range(SERVICES)})
        return Request(self.per_request, len(body), body)

    def trace_id(self, trace: int) -> bytes:
        return (trace + 1).to_bytes(16)

    def of_trace(self, trace: int) -> Iterator[tuple[str, Span]]:
        """Service and span of all its spans."""
        for number in range(trace, self.spans, self.traces):
            yield self.service_and_span(number)

    def service_and_span(self, number: int) -> tuple[str, Span]:
        return f"svc-{number % SERVICES}", self.span(number)

    def span(self, number: int) -> Span:
        start_ns = self.start_ns + number * (self.seconds * NS_PER_S // self.spans)
        return Span(
            trace_id=self.trace_id(number % self.traces),
            span_id=(number + 1).to_bytes(8),
            parent_span_id=(number + 1 - self.traces).to_bytes(8) if number >= self.traces else b"",
            trace_state="a=b" if number % 3 == 0 else "",
            flags=number % 4,
            name=f"GET /item/{number % 50} ü",
            kind=Span.SpanKind.Name(number % 6),  # type: ignore[arg-type]
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + number % 1_000 * 1_000_003,
            attributes=attributes(_attributes(number, number // self.per_request)),
            dropped_attributes_count=number % 2,
            events=[
                Span.Event(time_unix_nano=start_ns + at, name=f"event {at}", attributes=attributes({"at": at, "text": "é" * at}))
                for at in range(number % 3)
            ],
            links=[Span.Link(trace_id=b"\1" * 16, span_id=b"\2" * 8, attributes=attributes({"why": f"{number}"}))] * (number % 7 == 0),
            status=Status(code=number % 3, message="broken" if number % 3 == 2 else "") if number % 3 else None,  # type: ignore[arg-type]
        )


def _attributes(number: int, request: int) -> dict[str, Any]:
    """Of every type; not each span has each of them."""
    rare: dict[str, Any] = {"raw": bytes([0, 255, number % 256])} if number % 5 == 0 else {"empty": "", "list": ["a", number, 0.5, True]}
    return {"request": request, "ratio": number / 7, "ok": number % 2 == 0, "http.route": f"/item/{number} “{'x' * (number % 300)}”", **rare}


def attributes(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any_value(value)) for key, value in values.items()]


def _any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(_any_value, value)))
    return AnyValue(string_value=value)


def export(spans: dict[str, list[Span]]) -> bytes:
    """An ExportTraceServiceRequest. spans: by the name of their service."""
    request = ExportTraceServiceRequest()
    for service, own in spans.items():
        if own:
            of_resource = request.resource_spans.add()
            of_resource.resource.attributes.extend(attributes({"service.name": service}))
            scope = of_resource.scope_spans.add(spans=own).scope
            scope.name, scope.version = SCOPE, VERSION
    return request.SerializeToString()


def canonical(service: str, span: Span) -> tuple[str, bytes]:
    """Comparable; attributes in order of their keys."""
    ordered = Span()
    ordered.CopyFrom(span)
    holders: list[Any] = [ordered, *ordered.events, *ordered.links]
    for one in holders:
        one.attributes.sort(key=lambda attribute: attribute.key)
    return service, ordered.SerializeToString(deterministic=True)


def get_trace(client: Client, trace_id: bytes) -> list[tuple[str, Span]]:
    """As `read_trace`, once the node can answer."""
    found: list[tuple[str, Span]] = result(lambda: read_trace(client, trace_id))
    return found


def read_trace(client: Client, trace_id: bytes) -> list[tuple[str, Span]]:
    """Service and span of all spans of the trace that the node answers with; none when there is none. Raises QueryFailed."""
    answer = client.request("GET", f"/api/traces/{trace_id.hex()}", headers={"Accept": "application/protobuf"})
    if answer.status == 404:
        return []
    if answer.status != 200:
        raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
    return [
        (of_resource.resource.attributes[0].value.string_value, span)
        for of_resource in TracesData.FromString(answer.body).resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def ask_json(client: Client, path: str, **parameters: object) -> Any:
    """Raises QueryFailed."""
    answer = client.get(path, **parameters)
    if answer.status != 200:
        raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')} for {parameters}")
    return answer.json()


def spans_by_request(client: Client, data: SpanDataset) -> list[int]:
    """Spans stored of each request, each as often as it is counted."""
    start_s = data.start_ns // NS_PER_S
    times = {"start": start_s, "end": start_s + data.seconds + 1}
    found = result(lambda: ask_json(client, "/api/metrics/query", q="{} | count_over_time() by (span.request)", **times))
    counted = {int(each["labels"][0]["value"]["intValue"]): int(each["value"]) for each in found.get("series", []) if each.get("value")}
    return [counted.pop(number, 0) for number in range(len(data.requests))]

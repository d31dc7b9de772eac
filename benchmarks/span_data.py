"""Seeded spans as instrumented services send them: traces of 3 to 25 spans of twelve services, seven attributes each, an exception in one of twenty.

Whole traces lie in one request of about a thousand spans, some 286 bytes a span. Urls and customers are many, routes and statements few; names,
durations and statuses are skewed as in production. The shape is the one that peers were measured with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from benchmarks.client import TRACES
from benchmarks.datasets import NS_PER_S, STATUSES, Facts, Request, kept, yesterday_ns

SERVICES = tuple(f"svc-{number}" for number in range(12))
_ERROR = 2
_SERVER = 2


@dataclass(slots=True, frozen=True)
class SpanShape:
    """spans: at least; the last trace is whole."""

    spans: int = 300_000
    seconds: int = 3_000
    spans_per_request: int = 1_000
    seed: int = 1

    @property
    def step_ns(self) -> int:
        return self.seconds * NS_PER_S // self.spans


@dataclass(slots=True, frozen=True)
class SpanDataset:
    """Spans begin evenly in [start_ns, end_ns). trace_id: of a trace in the middle, which has trace_spans. errors: spans whose status is one."""

    shape: SpanShape
    start_ns: int
    requests: tuple[Request, ...]
    spans: int
    errors: int
    trace_id: str
    trace_spans: int
    kind: str = TRACES

    @property
    def end_ns(self) -> int:
        """A whole second."""
        return (self.start_ns + self.spans * self.shape.step_ns) // NS_PER_S * NS_PER_S + NS_PER_S


def span_dataset(shape: SpanShape, *, start_ns: int | None = None) -> SpanDataset:
    begins_ns = start_ns or yesterday_ns()
    requests, facts = kept(TRACES, shape, begins_ns, lambda facts: _whole_traces(shape, begins_ns, facts))
    return SpanDataset(shape, begins_ns, requests, **facts)


def one_trace(shape: SpanShape, *, start_ns: int | None = None) -> SpanDataset:
    """All spans of all requests are of one trace, each below any that came before it."""
    begins_ns = start_ns or yesterday_ns()
    requests, facts = kept(f"one-{TRACES[:-1]}", shape, begins_ns, lambda facts: _one_trace(shape, begins_ns, facts))
    return SpanDataset(shape, begins_ns, requests, **facts)


def _whole_traces(shape: SpanShape, start_ns: int, facts: Facts) -> Iterator[Request]:
    maker, total = _Maker(shape, start_ns), 0
    while total < shape.spans:
        export = _Export()
        while export.count < shape.spans_per_request and total + export.count < shape.spans:
            trace_id, parents = maker.rng.randbytes(16), list[bytes]()
            for _ in range(maker.rng.randint(3, 25)):
                maker.add(export, trace_id, parents)
            if total + export.count <= shape.spans // 2 or "trace_id" not in facts:
                facts |= {"trace_id": trace_id.hex(), "trace_spans": len(parents)}
        total += export.count
        yield export.request()
    facts |= {"spans": total, "errors": maker.errors}


def _one_trace(shape: SpanShape, start_ns: int, facts: Facts) -> Iterator[Request]:
    maker, parents = _Maker(shape, start_ns), list[bytes]()
    trace_id = maker.rng.randbytes(16)
    while len(parents) < shape.spans:
        export = _Export()
        while export.count < shape.spans_per_request and len(parents) < shape.spans:
            maker.add(export, trace_id, parents)
        yield export.request()
    facts |= {"spans": len(parents), "errors": maker.errors, "trace_id": trace_id.hex(), "trace_spans": len(parents)}


@dataclass(slots=True)
class _Export:
    """A request in the making: one resource with one scope for each service."""

    message: ExportTraceServiceRequest = field(default_factory=ExportTraceServiceRequest)
    scopes: dict[str, ScopeSpans] = field(default_factory=dict)
    count: int = 0

    def scope(self, service: str) -> ScopeSpans:
        if service not in self.scopes:
            of_service = self.message.resource_spans.add()
            described = {
                "service.name": service,
                "service.version": "1.4.2",
                "host.name": f"host-{service}",
                "deployment.environment": "prod",
                "service.namespace": "bench",
            }
            for key, value in described.items():
                of_service.resource.attributes.add(key=key).value.string_value = value
            self.scopes[service] = of_service.scope_spans.add()
            self.scopes[service].scope.name, self.scopes[service].scope.version = "bench", "1.0"
        return self.scopes[service]

    def request(self) -> Request:
        body = self.message.SerializeToString()
        return Request(self.count, len(body), body)


class _Maker:
    def __init__(self, shape: SpanShape, start_ns: int) -> None:
        self.rng = random.Random(shape.seed)
        self.errors = 0
        self._words = ["".join(self.rng.choices("abcdefghijklmnopqrstuvwxyz", k=self.rng.randint(3, 10))) for _ in range(200)]
        self._step_ns = shape.step_ns
        self._ts_ns = start_ns

    def add(self, export: _Export, trace_id: bytes, parents: list[bytes]) -> None:
        """One span, the root when there are no parents yet; its id joins them."""
        rng, status = self.rng, self.rng.choice(STATUSES)
        duration_ns = int(rng.lognormvariate(16, 1.2))
        self._ts_ns += self._step_ns
        span = export.scope(rng.choice(SERVICES)).spans.add(
            trace_id=trace_id,
            span_id=rng.randbytes(8),
            parent_span_id=rng.choice(parents) if parents else b"",
            name=f"{rng.choice(('GET', 'POST'))} /{self._words[rng.randrange(30)]}",
            start_time_unix_nano=self._ts_ns,
            end_time_unix_nano=self._ts_ns + duration_ns,
        )
        span.kind = rng.choice((1, 2, 3)) if parents else _SERVER  # type: ignore[assignment]
        if status >= 500:
            span.status.code = _ERROR  # type: ignore[assignment]
            self.errors += 1
        self._describe(span, status)
        if rng.random() < 0.05:
            event = span.events.add(time_unix_nano=self._ts_ns + duration_ns // 2, name="exception")
            event.attributes.add(key="exception.message").value.string_value = "boom " + rng.choice(self._words)
        export.count += 1
        parents.append(span.span_id)

    def _describe(self, span: Span, status: int) -> None:
        rng, words = self.rng, self._words
        texts = {
            "http.method": "GET",
            "http.url": f"https://shop.example/{words[rng.randrange(200)]}/{rng.randrange(9_999)}",
            "net.peer.name": f"10.0.0.{rng.randrange(250)}",
            "customer.id": f"c{rng.randrange(20_000)}",
            "db.statement": f"select * from {words[rng.randrange(200)]}",
        }
        for key, value in texts.items():
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="http.status_code").value.int_value = status
        span.attributes.add(key="retry").value.bool_value = status == 503

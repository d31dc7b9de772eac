"""What do metrics from spans cost a span?

Sketch: span metrics number five columns, look up one bucket, and touch some ten attributes for the size: 30 passes over a column at some 5 ns a row
are 0.15 CPU-s per 1M spans; 50 label sets a batch cost 50 µs, 0.01 s at 5,000 spans a batch. Half of the spans are halves of requests that come in
different batches, as they do when every service sends its own: 1 µs each for a dictionary, and for reading and writing the slot they wait in.

Measured, CPU-s per 1M spans on a busy machine: span metrics 0.5, of which half are the sizes; service graphs 0.8 when the halves of a request come
together, 1.4 when all of them wait. Batches of 1,000 cost 1.5 and 2.5: some 500 operations on columns too short to be worth one. Pushes that come
fast travel together, so small batches are those of nodes that have little to do.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from benchmarks.report import Figure
from benchmarks.scale import Scale
from lgtm.clock import NS_PER_S
from lgtm.model.batch import Batch
from lgtm.model.series import Series
from lgtm.model.signal import SPANS
from lgtm.model.tenant import Tenant
from lgtm.spanmetrics.config import GeneratorConfig, Processor
from lgtm.spanmetrics.generator import Generator
from lgtm.wire.otlp_spans import decode_otlp_spans

NOW_NS = 1_790_000_000 * NS_PER_S
SERVICES = 20
PROCESSORS: tuple[Processor, ...] = ("span-metrics", "service-graphs")
_SEED = 1
_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
Made = tuple[str, SpanMessage]
"""Service and span."""


def run(scale: Scale) -> list[Figure]:
    figures = []
    for per_batch in (1_000, 5_000):
        spans = traces(scale.spans)
        for how, ordered in (("whole traces", spans), ("one service each", by_service(spans, SERVICES * per_batch // 4))):
            batches = batches_of(ordered, per_batch)
            figures += [_figure(processor, f"batches of {per_batch:,} spans, {how}", batches, scale) for processor in PROCESSORS]
    return figures


def traces(count: int) -> list[Made]:
    """A request from outside, three calls of other services, each of which works and asks a database."""
    source, spans = random.Random(_SEED), list[Made]()
    while len(spans) < count:
        trace, service = source.randbytes(16), source.randrange(SERVICES)
        root = _add(spans, source, trace, b"", service, _SERVER, f"GET /route-{source.randrange(8)}")
        for _ in range(3):
            called = source.randrange(SERVICES)
            call = _add(spans, source, trace, root, service, _CLIENT, f"call {source.randrange(5)}")
            served = _add(spans, source, trace, call, called, _SERVER, f"GET /route-{source.randrange(8)}")
            _add(spans, source, trace, served, called, _INTERNAL, "work")
            _add(spans, source, trace, served, called, _CLIENT, "SELECT", {"db.system": "postgresql", "db.name": "orders"})
    return spans


def by_service(spans: Sequence[Made], window: int) -> list[Made]:
    """Spans of so many at a time in order of their services, so that the halves of a request are in different batches."""
    parts = (spans[start : start + window] for start in range(0, len(spans), window))
    return [made for part in parts for made in sorted(part, key=lambda made: made[0])]


def batches_of(spans: Sequence[Made], per_batch: int) -> list[Batch]:
    batches = []
    for start in range(0, len(spans), per_batch):
        request = ExportTraceServiceRequest()
        part = sorted(spans[start : start + per_batch], key=lambda made: made[0])
        for service, of_service in itertools.groupby(part, key=lambda made: made[0]):
            resource = request.resource_spans.add()
            for key, value in {"service.name": service, "service.namespace": "shop", "host.name": "host-1", "k8s.pod.name": f"{service}-0"}.items():
                resource.resource.attributes.add(key=key).value.string_value = value
            resource.scope_spans.add().spans.extend(span for _, span in of_service)
        decoded = decode_otlp_spans(request.SerializeToString(), json=False)
        batches.append(Batch(SPANS, Tenant("bench"), tuple(map(Series.of, decoded.series)), decoded.rows))
    return batches


def _add(
    spans: list[Made], source: random.Random, trace: bytes, parent: bytes, service: int, kind: int, name: str, more: dict[str, str] | None = None
) -> bytes:
    """Returns the id of the span."""
    span = SpanMessage(trace_id=trace, span_id=source.randbytes(8), parent_span_id=parent, name=name, end_time_unix_nano=NOW_NS)
    span.kind = kind  # type: ignore[assignment]
    span.start_time_unix_nano = NOW_NS - int(source.lognormvariate(16, 2))
    span.status.code = 2 if source.random() < 0.02 else 0  # type: ignore[assignment]
    span.attributes.add(key="http.status_code").value.int_value = 200
    span.attributes.add(key="thread.id").value.int_value = source.randrange(50)
    texts = {"http.method": "GET", "code.function": "handle", "url.full": f"http://shop/{source.randrange(10**6)}", **(more or {})}
    for key, value in texts.items():
        span.attributes.add(key=key).value.string_value = value
    spans.append((f"service-{service:02}", span))
    return span.span_id


def _figure(processor: Processor, how: str, batches: Sequence[Batch], scale: Scale) -> Figure:
    seconds = statistics.median(_cpu_s(batches, processor) for _ in range(scale.query_runs))
    target = 1.0 if processor == "span-metrics" and max(map(len, batches)) > 1_000 else None
    return Figure(f"Metrics from spans: {processor}, {how}", seconds * 1e6 / sum(map(len, batches)), "CPU-s/1M", target)


def _cpu_s(batches: Sequence[Batch], processor: Processor) -> float:
    generator = Generator(GeneratorConfig(processors=(processor,)))
    began = time.process_time()
    for batch in batches:
        generator.feed(batch, NOW_NS)
    elapsed = time.process_time() - began
    assert len(generator.collect(NOW_NS))
    return elapsed

"""Batches of spans for tests, made by the protobuf library and read by our decoder; and samples as a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from lgtm.clock import NS_PER_S
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.series import Series
from lgtm.model.signal import SPANS
from lgtm.model.tenant import Tenant
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.span_table import SpanTable
from lgtm.wire.otlp_spans import decode_otlp_spans
from wire.messages import any_value

NOW_NS = 1_700_000_005 * NS_PER_S
MINUTE_BEFORE_NS = 1_699_999_979 * NS_PER_S
"""A second before the minute of NOW_NS begins."""
TENANT = Tenant("team-a")
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
ERROR = 2
Value = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Span:
    """Ends now, unless `late_ns` says that it ended earlier."""

    service: str | None = "shop"
    name: str = "GET /"
    kind: int = SERVER
    status: int = 0
    message: str = ""
    ms: float = 10
    trace: int = 1
    id: int = 1
    parent: int = 0
    attributes: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    trace_state: str = ""
    late_ns: int = 0

    @property
    def duration_ns(self) -> int:
        return int(self.ms * 1_000_000)

    def lookup(self, key: str) -> str:
        """As a label value; of the resource first."""
        value = {**self.attributes, **self.whole_resource}.get(key, "")
        return str(value).lower() if isinstance(value, bool) else str(value)

    @property
    def whole_resource(self) -> dict[str, Value]:
        return {**({} if self.service is None else {"service.name": self.service}), **self.resource}

    @property
    def trace_hex(self) -> str:
        return self.trace.to_bytes(16, "big").hex()


def message_of(span: Span) -> SpanMessage:
    message = SpanMessage(trace_id=span.trace.to_bytes(16, "big"), span_id=span.id.to_bytes(8, "big"), name=span.name)
    message.kind = span.kind  # type: ignore[assignment]
    message.end_time_unix_nano = NOW_NS - span.late_ns
    message.start_time_unix_nano = message.end_time_unix_nano - span.duration_ns
    message.trace_state = span.trace_state
    if span.parent:
        message.parent_span_id = span.parent.to_bytes(8, "big")
    if span.status or span.message:
        message.status.code = span.status  # type: ignore[assignment]
        message.status.message = span.message
    for key, value in span.attributes.items():
        message.attributes.add(key=key, value=any_value(value))
    return message


def request_of(spans: Sequence[Span]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for span in spans:
        of_resource = request.resource_spans.add()
        for key, value in span.whole_resource.items():
            of_resource.resource.attributes.add(key=key, value=any_value(value))
        of_resource.scope_spans.add().spans.append(message_of(span))
    return request


def batch_of_request(request: ExportTraceServiceRequest) -> Batch:
    decoded = decode_otlp_spans(request.SerializeToString(), json=False)
    return Batch(SPANS, TENANT, tuple(map(Series.of, decoded.series)), decoded.rows)


def batch_of(*spans: Span) -> Batch:
    return batch_of_request(request_of(spans))


def table_of(*spans: Span) -> SpanTable:
    return SpanTable(batch_of(*spans))


def numbers_of(samples: Samples, ts_ns: int = NOW_NS) -> dict[str, float]:
    """`name{label="value"}` → value, of the samples at that time."""
    found: dict[str, float] = {}
    for number, at, value in zip(samples.number.tolist(), samples.ts_ns.tolist(), samples.values.tolist(), strict=True):
        if at == ts_ns:
            name = series_name(samples, number)
            assert name not in found, name
            found[name] = value
    return found


def series_name(samples: Samples, number: int) -> str:
    labels = dict(samples.series[number].labels or ())
    name = labels.pop("__name__")
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels_of(labels)) + "}"


def name_of(metric: str, labels: Mapping[str, str]) -> str:
    return metric + "{" + ",".join(f'{key}="{value}"' for key, value in labels_of(labels)) + "}"

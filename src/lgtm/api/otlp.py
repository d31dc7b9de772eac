"""The signals of OTLP as HTTP and gRPC take them: what they share, and what each of them differs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsPartialSuccess, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse

from lgtm.api.bodies import Bodies, Decoder
from lgtm.api.metrics import PushMetrics
from lgtm.api.push import Decoded, Push
from lgtm.api.tenancy import Tenancy
from lgtm.clock import Clock
from lgtm.distributor.refusals import SamplesRefused, SpansRefused
from lgtm.errors import BadRequest
from lgtm.model.limits import TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.compression import decompress
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.decoded_samples import DecodedSamples
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.otlp_logs import decode_otlp_logs
from lgtm.wire.otlp_metrics import decode_otlp_metrics
from lgtm.wire.otlp_metrics_options import options_of
from lgtm.wire.otlp_spans import decode_otlp_spans


@dataclass(slots=True, frozen=True)
class Otlp:
    """One signal. service: of gRPC. paths: of HTTP, answered as the specification of OTLP says.

    decode: (tenant, whether it is JSON, the request decompressed) → what `push` takes.
    """

    service: str
    paths: tuple[str, ...]
    push: Push[Any]
    decode: Callable[[Tenant, bool, bytes], Decoded]
    response: type[Message]
    tenancy: Tenancy
    bodies: Bodies
    metrics: PushMetrics

    @property
    def route(self) -> str:
        return f"/{self.service}/Export"

    def decoder(self, tenant: Tenant, encoding: str, *, json: bool) -> Decoder[Decoded]:
        return partial(self._decode, tenant, encoding, json)

    def _decode(self, tenant: Tenant, encoding: str, json: bool, body: bytes, bytes_max: int) -> Decoded:
        return self.decode(tenant, json, decompress(body, encoding, bytes_max=bytes_max))


def otlp_logs(
    push: Callable[[Tenant, DecodedLogs], Awaitable[None]], tenancy: Tenancy, bodies: Bodies, limits: TenantLimits, clock: Clock, metrics: PushMetrics
) -> Otlp:
    def decode(tenant: Tenant, json: bool, data: bytes) -> DecodedLogs:
        index_attributes = frozenset(limits.for_tenant(tenant).otlp_index_attributes)
        return decode_otlp_logs(data, json=json, now_ns=clock.now_ns(), index_attributes=index_attributes, bounds=bodies.config.bounds)

    service = "opentelemetry.proto.collector.logs.v1.LogsService"
    return Otlp(service, ("/v1/logs",), push, decode, ExportLogsServiceResponse, tenancy, bodies, metrics)


def otlp_traces(push: Callable[[Tenant, DecodedSpans], Awaitable[None]], tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics) -> Otlp:
    def decode(_: Tenant, json: bool, data: bytes) -> DecodedSpans:
        return decode_otlp_spans(data, json=json, bounds=bodies.config.bounds)

    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    return Otlp(service, ("/v1/traces", "/otlp/v1/traces"), push, decode, ExportTraceServiceResponse, tenancy, bodies, metrics)


def otlp_metrics(
    push: Callable[[Tenant, DecodedSamples], Awaitable[object]], tenancy: Tenancy, bodies: Bodies, limits: TenantLimits, metrics: PushMetrics
) -> Otlp:
    """Also at the paths of Prometheus and Mimir."""

    def decode(tenant: Tenant, json: bool, data: bytes) -> DecodedSamples:
        return decode_otlp_metrics(data, json=json, options=options_of(limits.for_tenant(tenant)), bounds=bodies.config.bounds)

    async def pushed(tenant: Tenant, decoded: DecodedSamples) -> None:
        try:
            await push(tenant, decoded)
        except SamplesRefused as error:
            raise PointsRefused(error.points, "; ".join(refusal.message for refusal in error.refusals)) from error

    service = "opentelemetry.proto.collector.metrics.v1.MetricsService"
    paths = ("/v1/metrics", "/otlp/v1/metrics", "/api/v1/otlp/v1/metrics", "/prometheus/api/v1/otlp/v1/metrics")
    return Otlp(service, paths, pushed, decode, ExportMetricsServiceResponse, tenancy, bodies, metrics)


class PointsRefused(BadRequest):
    """Some points of an export, or exemplars, are not stored, and never will be; the rest of it is. count: of the points."""

    def __init__(self, count: int, text: str) -> None:
        self.count, self.text = count, text

    def __str__(self) -> str:
        return self.text


def partial_success(error: Exception) -> Message | None:
    """The response for an export of which some is stored and the rest never will be; None where an error is to be answered as one.

    Exporters log what it says and send nothing again.
    """
    if isinstance(error, PointsRefused):
        some = ExportMetricsPartialSuccess(rejected_data_points=error.count, error_message=str(error))
        return ExportMetricsServiceResponse(partial_success=some)
    if not isinstance(error, SpansRefused):
        return None
    return ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=error.count, error_message=str(error)))

"""Traces come over HTTP and gRPC, from SDKs and by hand; what is stored in part is told as a partial success."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import cramjam
import grpc
import httpx
import pytest
from google.rpc import status_pb2
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE, AGGREGATION_TEMPORALITY_DELTA
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from api.push_server import PushServer
from lgtm.api.bodies import Bodies
from lgtm.api.metrics import PushMetrics
from lgtm.api.otlp import otlp_metrics
from lgtm.api.otlp_grpc import grpc_options, otlp_grpc_handler
from lgtm.api.otlp_http import otlp_http_routes
from lgtm.api.tenancy import Tenancy
from lgtm.distributor.refusals import Reason, Refusal, SamplesRefused, SpansRefused, Written
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_samples import DecodedSamples

PATHS = ("/v1/traces", "/otlp/v1/traces")
PROTOBUF, JSON = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json; charset=utf-8"}
REFUSED = SpansRefused([Refusal(Reason.TOO_FAR_IN_FUTURE, "2 spans start too far in the future", 2, 100)])


def request(trace_id: bytes = b"t" * 16) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.add(trace_id=trace_id, span_id=b"s" * 8, name="get")
    return message


BODY = request().SerializeToString()
JSON_BODY = (
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"74747474747474747474747474747474","spanId":"7373737373737373","name":"get"}]}]}]}'
)


def names(server: PushServer) -> list[str]:
    return [name for _, decoded in server.spans for name in decoded.rows.column("name").to_pylist()]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (PROTOBUF, BODY),
        (JSON, JSON_BODY),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(BODY, mtime=0)),
        (PROTOBUF | {"Content-Encoding": "deflate"}, zlib.compress(BODY)),
        (JSON | {"Content-Encoding": "snappy"}, bytes(cramjam.snappy.compress_raw(JSON_BODY))),
        (JSON | {"Content-Encoding": "x-snappy-framed"}, bytes(cramjam.snappy.compress(JSON_BODY))),
    ],
    ids=["protobuf", "json", "gzip", "deflate", "snappy", "framed"],
)
async def test_every_encoding_brings_the_same_spans(server: PushServer, path: str, headers: dict[str, str], body: bytes) -> None:
    response = await server.post(path, body, headers)
    assert response.status_code == 200
    assert response.content in (b"", b"{}")
    assert names(server) == ["get"]
    assert server.spans[0][0] == "t"


async def test_spans_that_never_will_be_stored_are_a_partial_success(server: PushServer) -> None:
    server.refusal = REFUSED
    expected = {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "2 spans start too far in the future"}}
    in_json = await server.post(PATHS[0], JSON_BODY, JSON)
    in_protobuf = await server.post(PATHS[0], BODY, PROTOBUF)
    assert (in_json.status_code, in_json.json()) == (200, expected)
    assert ExportTraceServiceResponse.FromString(in_protobuf.content).partial_success.rejected_spans == 2


async def test_one_wrong_id_refuses_the_whole_export(server: PushServer) -> None:
    response = await server.post(PATHS[0], request(b"short").SerializeToString(), PROTOBUF)
    assert response.status_code == 400
    assert status_pb2.Status.FromString(response.content) == status_pb2.Status(code=3, message="trace ids must be 128 bit, received 40 bits")
    assert server.spans == []


async def test_only_post_is_allowed(server: PushServer) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app), base_url="http://a") as client:
        response = await client.get(PATHS[0])
    assert (response.status_code, response.text) == (405, "405 method not allowed, supported: [POST]")


async def exported(server: PushServer, message: ExportTraceServiceRequest) -> ExportTraceServiceResponse:
    grpc_server = grpc.aio.server(options=grpc_options(server.bodies.config.bounds))
    grpc_server.add_generic_rpc_handlers((otlp_grpc_handler(server.traces),))
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub: Any = trace_service_pb2_grpc.TraceServiceStub(channel)  # type: ignore[no-untyped-call]
            response: ExportTraceServiceResponse = await stub.Export(message, metadata=(("x-scope-orgid", "t"),))
            return response
    finally:
        await grpc_server.stop(None)


async def test_grpc_answers_the_same(server: PushServer) -> None:
    assert await exported(server, request()) == ExportTraceServiceResponse()
    assert names(server) == ["get"]
    server.refusal = REFUSED
    assert (await exported(server, request())).partial_success.rejected_spans == 2
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await exported(server, request(b"short"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def emit(exporter: Any) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("lib", "1.2")
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner", attributes={"n": 7}):
        pass
    provider.force_flush()
    provider.shutdown()


async def test_the_sdks_exporters_are_understood(server: PushServer) -> None:
    async with server.on_loopback() as url:
        await asyncio.to_thread(emit, HttpExporter(f"{url}{PATHS[0]}", headers={"X-Scope-OrgID": "t"}))
    grpc_server = grpc.aio.server()
    grpc_server.add_generic_rpc_handlers((otlp_grpc_handler(server.traces),))
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    try:
        await asyncio.to_thread(emit, GrpcExporter(f"127.0.0.1:{port}", insecure=True, headers={"x-scope-orgid": "t"}))
    finally:
        await grpc_server.stop(None)
    assert names(server) == ["inner", "outer"] * 2
    assert {dict(labels)["resource.service.name"] for _, decoded in server.spans for labels in decoded.series} == {"shop"}


class SampleServer:
    """Keeps what is pushed of metrics; afterwards raises `refusal`, or tells what the request had lost before, as a distributor does."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.pushed: list[DecodedSamples] = []
        self.refusal: Exception | None = None
        self.otlp = otlp_metrics(self.push, Tenancy(), Bodies(), TenantLimits(limits), PushMetrics(CollectorRegistry()))

    async def push(self, _: Tenant, decoded: DecodedSamples) -> None:
        self.pushed.append(decoded)
        if self.refusal is not None:
            raise self.refusal
        if decoded.dropped:
            refusals = [Refusal(lost.reason, lost.message, lost.points, 0) for lost in decoded.dropped]
            raise SamplesRefused(refusals, Written(), sum(lost.points for lost in decoded.dropped))

    async def post(self, path: str, message: ExportMetricsServiceRequest) -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=otlp_http_routes(self.otlp)))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.post(path, content=message.SerializeToString(), headers=PROTOBUF | {"X-Scope-OrgID": "t"})

    def names(self) -> list[str]:
        found = [dict(decoded.labels_of(at))["__name__"] for decoded in self.pushed for at in range(len(decoded.keys))]
        return sorted(name for name in found if name != "target_info")


def metrics_request(*, delta: bool = False) -> ExportMetricsServiceRequest:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="requests", unit="1")
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA if delta else AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.sum.data_points.add(time_unix_nano=1_790_000_000_000_000_000, as_int=7)
    return message


@pytest.mark.parametrize("path", ["/v1/metrics", "/otlp/v1/metrics", "/api/v1/otlp/v1/metrics"])
async def test_metrics_come_at_the_paths_of_otlp_and_prometheus(path: str) -> None:
    server = SampleServer()
    response = await server.post(path, metrics_request())
    assert (response.status_code, response.content) == (200, b"")
    assert server.names() == ["requests_total"]


async def test_resource_attributes_become_labels_as_the_tenant_wants() -> None:
    message = metrics_request()
    for key in ("service.name", "host.name", "process.pid"):
        message.resource_metrics[0].resource.attributes.add(key=key).value.string_value = "x"
    limits = Limits(
        otlp_promote_all_resource_attributes=True,
        otlp_ignore_resource_attributes=("process.pid",),
        otlp_keep_identifying_resource_attributes=True,
    )
    server = SampleServer(limits)
    await server.post("/v1/metrics", message)
    sample, target = (dict(server.pushed[0].labels_of(at)) for at in range(2))
    assert {name for name in sample if not name.startswith("__")} == {"job", "host_name", "service_name"}
    assert {name for name in target if not name.startswith("__")} == {"job", "host_name", "process_pid", "service_name"}


async def test_points_that_are_not_kept_are_a_partial_success() -> None:
    server = SampleServer()
    some = ExportMetricsServiceResponse.FromString((await server.post("/v1/metrics", metrics_request(delta=True))).content).partial_success
    assert some.rejected_data_points == 1
    assert some.error_message
    server.refusal = SamplesRefused([Refusal(Reason.TOO_FAR_IN_FUTURE, "out of bounds", 30, 0)], Written(), 3)
    some = ExportMetricsServiceResponse.FromString((await server.post("/v1/metrics", metrics_request())).content).partial_success
    assert (some.rejected_data_points, some.error_message) == (3, "out of bounds")

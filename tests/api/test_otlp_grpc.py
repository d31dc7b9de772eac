"""OTLP over gRPC, with a real server and real clients on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from api.push_server import PushServer
from api.sdk import emit, expected_entries
from lgtm.api.config import PushConfig
from lgtm.api.otlp_grpc import DETAILS, MESSAGE_BYTES_MAX, grpc_options, otlp_grpc_handler
from lgtm.errors import BadRequest, LimitExceeded, Unavailable
from lgtm.wire.bounds import BodyBounds
from wire.messages import entries_of, otlp_message

ROUTE = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
T = 1795168860000000000
REQUEST = otlp_message([{"time_unix_nano": T, "body": "line"}], {"service.name": "api"})
TENANT = (("x-scope-orgid", "t"),)


class Slow(LimitExceeded):
    retry_after_s = 2.5


@contextlib.asynccontextmanager
async def on_loopback(server: PushServer) -> AsyncIterator[str]:
    """host:port of a real gRPC server."""
    grpc_server = grpc.aio.server(options=grpc_options(server.bodies.config.bounds))
    grpc_server.add_generic_rpc_handlers((otlp_grpc_handler(server.logs),))
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await grpc_server.stop(None)


async def export(server: PushServer, request: ExportLogsServiceRequest, metadata: Any = TENANT, **options: Any) -> ExportLogsServiceResponse:
    async with on_loopback(server) as target, grpc.aio.insecure_channel(target) as channel:
        stub: Any = logs_service_pb2_grpc.LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        response: ExportLogsServiceResponse = await stub.Export(request, metadata=metadata, **options)
        return response


async def refused(server: PushServer, request: ExportLogsServiceRequest, metadata: Any = TENANT) -> tuple[Any, status_pb2.Status]:
    """The error and its details."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await export(server, request, metadata)
    details = dict(caught.value.trailing_metadata())[DETAILS]
    return caught.value, status_pb2.Status.FromString(details)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_an_export_is_pushed_and_answered(server: PushServer, compression: Any) -> None:
    assert await export(server, REQUEST, compression=compression) == ExportLogsServiceResponse()
    ((tenant, decoded),) = server.pushed
    assert tenant == "t"
    assert entries_of(decoded) == [(0, T, "line", {})]
    assert server.registry.get_sample_value("lgtm_api_push_requests_total", {"route": ROUTE, "status": "OK"}) == 1


@pytest.mark.parametrize(
    ("refusal", "code", "retry_s"),
    [
        (BadRequest("too long"), grpc.StatusCode.INVALID_ARGUMENT, None),
        (Slow("too fast"), grpc.StatusCode.RESOURCE_EXHAUSTED, 2.5),
        (LimitExceeded("never"), grpc.StatusCode.RESOURCE_EXHAUSTED, None),
        (Unavailable("disk full"), grpc.StatusCode.UNAVAILABLE, 1.0),
        (RuntimeError("bug"), grpc.StatusCode.INTERNAL, None),
    ],
)
async def test_an_error_has_its_code_and_says_when_to_retry(
    server: PushServer, refusal: Exception, code: grpc.StatusCode, retry_s: float | None
) -> None:
    server.refusal = refusal
    error, status = await refused(server, REQUEST)
    assert error.code() is code
    assert error.details() == status.message == ("internal error" if isinstance(refusal, RuntimeError) else str(refusal))
    assert status.code == code.value[0]
    assert len(status.details) == (retry_s is not None)
    if retry_s is not None:
        info = error_details_pb2.RetryInfo()
        assert status.details[0].Unpack(info)
        assert info.retry_delay.ToMilliseconds() == retry_s * 1000
    assert server.registry.get_sample_value("lgtm_api_push_requests_total", {"route": ROUTE, "status": code.name}) == 1


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        ((), grpc.StatusCode.UNAUTHENTICATED, "no org id"),
        ((("x-scope-orgid", "a|b"),), grpc.StatusCode.INVALID_ARGUMENT, "multiple org IDs present"),
        ((("x-scope-orgid", "../x"),), grpc.StatusCode.INVALID_ARGUMENT, "tenant ID '../x' contains unsupported character '/'"),
    ],
)
async def test_a_tenant_is_needed(server: PushServer, metadata: Any, code: grpc.StatusCode, message: str) -> None:
    error, status = await refused(server, REQUEST, metadata)
    assert (error.code(), status.message) == (code, message)
    assert server.pushed == []


async def test_a_request_of_nothing_is_refused(server: PushServer) -> None:
    error, _ = await refused(server, ExportLogsServiceRequest())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "error at least one valid stream is required for ingestion"


async def test_a_long_message_is_cut_so_that_it_fits_a_header(server: PushServer) -> None:
    server.refusal = BadRequest("ü" * 100_000)
    error, status = await refused(server, REQUEST)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status.message == "ü" * (MESSAGE_BYTES_MAX // 2)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_a_message_beyond_the_bound_is_refused_also_when_compressed(compression: Any) -> None:
    server = PushServer(PushConfig(bounds=BodyBounds(decompressed_bytes_max=10_000)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await export(server, otlp_message([{"body": "x" * 20_000}]), compression=compression)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert server.pushed == []
    server.bodies.close()


async def test_the_sdks_exporter_is_understood(server: PushServer) -> None:
    async with on_loopback(server) as target:
        exporter = OTLPLogExporter(target, insecure=True, headers=TENANT)
        await asyncio.to_thread(emit, exporter)
    assert expected_entries([entry for _, decoded in server.pushed for entry in entries_of(decoded)])

"""OTLP logs over HTTP: `/otlp/v1/logs` answers as Loki does, `/v1/logs` as the OTLP specification says.

| | /otlp/v1/logs | /v1/logs |
|---|---|---|
| success | 204, empty | 200, ExportLogsServiceResponse in the request's content type |
| error | google.rpc.Status in protobuf, message only | google.rpc.Status in the request's content type, with code |
| content type | exact | parameters are allowed |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import orjson
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lgtm.api.bodies import Bodies
from lgtm.api.errors import error_headers, grpc_code, grpc_status_of, message_of, status_of
from lgtm.api.media_type import media_type
from lgtm.api.metrics import PushMetrics
from lgtm.api.push import Decoder, Push, answer, push_body
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.clock import Clock
from lgtm.model.limits import TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.bounds import BodyBounds, MalformedBody
from lgtm.wire.compression import decompress
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.otlp_logs import decode_otlp_logs

LOKI_PATH = "/otlp/v1/logs"
STANDARD_PATH = "/v1/logs"

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_ENCODINGS = ("", "identity", "gzip", "zstd", "lz4")


@dataclass(slots=True, frozen=True)
class OtlpLogs:
    """Decodes requests of a tenant by its limits and pushes them; HTTP and gRPC share it."""

    push: Push
    tenancy: Tenancy
    bodies: Bodies
    limits: TenantLimits
    clock: Clock
    metrics: PushMetrics

    def decoder(self, tenant: Tenant, encoding: str, *, json: bool) -> Decoder:
        index_attributes = frozenset(self.limits.for_tenant(tenant).otlp_index_attributes)
        return partial(_decode, encoding, json, self.clock.now_ns(), index_attributes, self.bodies.config.bounds)


def otlp_http_routes(logs: OtlpLogs) -> list[Route]:
    """Both paths; they may be served on any port."""

    async def work(path: str, request: Request) -> None:
        tenant = logs.tenancy.tenant(request.headers.get(ORG_ID_HEADER))
        kind = _content_type(request, exact=path == LOKI_PATH)
        encoding = request.headers.get("content-encoding", "")
        if encoding not in _ENCODINGS:
            raise MalformedBody(f"unsupported content encoding {encoding}: only gzip, lz4 and zstd are supported")
        decoder = logs.decoder(tenant, encoding, json=kind == JSON)
        await push_body(path, request, tenant, decoder, logs.push, logs.bodies, logs.metrics)

    async def loki(request: Request) -> Response:
        return await answer(LOKI_PATH, work(LOKI_PATH, request), lambda: Response(status_code=204), _loki_error, logs.metrics)

    async def standard(request: Request) -> Response:
        json = _is_json(request)
        success = partial(_standard_success, json)
        return await answer(STANDARD_PATH, work(STANDARD_PATH, request), success, partial(_standard_error, json), logs.metrics)

    return [Route(LOKI_PATH, loki, methods=["POST"]), Route(STANDARD_PATH, standard, methods=["POST"])]


def _decode(encoding: str, json: bool, now_ns: int, index_attributes: frozenset[str], bounds: BodyBounds, body: bytes) -> DecodedLogs:
    data = decompress(body, encoding, bytes_max=bounds.decompressed_bytes_max)
    return decode_otlp_logs(data, json=json, now_ns=now_ns, index_attributes=index_attributes, bounds=bounds)


def _content_type(request: Request, *, exact: bool) -> str:
    header = request.headers.get("content-type", "")
    kind = header if exact or not header else media_type(header)
    if kind not in (PROTOBUF, JSON):
        raise MalformedBody(f"content type: {header} is not supported")
    return kind


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON


def _http_status(error: Exception) -> int:
    """Exporters drop what is answered with 500 and retry 503; a bug may be gone after a restart, so they shall retry."""
    status = status_of(error)
    return 503 if status == 500 else status


def _loki_error(error: Exception) -> Response:
    body = status_pb2.Status(message=message_of(error)).SerializeToString()
    return Response(body, _http_status(error), error_headers(error), media_type="application/octet-stream")


def _standard_success(json: bool) -> Response:
    """An ExportLogsServiceResponse without partial_success: all was taken."""
    return Response(b"{}" if json else ExportLogsServiceResponse().SerializeToString(), 200, media_type=JSON if json else PROTOBUF)


def _standard_error(json: bool, error: Exception) -> Response:
    code, message = grpc_code(grpc_status_of(error)), message_of(error)
    if json:
        body = orjson.dumps({"code": code, "message": message})
    else:
        body = status_pb2.Status(code=code, message=message).SerializeToString()
    return Response(body, _http_status(error), error_headers(error), media_type=JSON if json else PROTOBUF)

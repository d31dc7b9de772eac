"""OTLP over HTTP: `/otlp/v1/logs` answers as Loki does, `/v1/logs` and `/v1/traces` as the OTLP specification says.

| | /otlp/v1/logs | all others |
|---|---|---|
| success | 204, empty | 200, Export…ServiceResponse in the request's content type |
| error | google.rpc.Status in protobuf, message only | google.rpc.Status in the request's content type, with code |
| content type | exact, else 400 | parameters are allowed, else 415 |
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import orjson
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc import status_pb2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lgtm.api.errors import UnsupportedMediaType, error_headers, grpc_code, grpc_status_of, message_of, status_of
from lgtm.api.media_type import media_type
from lgtm.api.otlp import Otlp, partial_success
from lgtm.api.push import answer, push_body
from lgtm.api.tenancy import ORG_ID_HEADER
from lgtm.wire.bounds import MalformedBody

LOKI_PATH = "/otlp/v1/logs"

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_ENCODINGS = {name: name for name in ("", "identity", "gzip", "zstd", "lz4")}
_MORE_ENCODINGS = _ENCODINGS | {"deflate": "zlib", "zlib": "zlib", "snappy": "snappy", "x-snappy-framed": "snappy"}
"""Of the specification's paths, as OpenTelemetry's collector takes them: what it calls deflate has zlib's envelope."""


def otlp_http_routes(otlp: Otlp) -> list[Route]:
    """The specification's paths of a signal; they may be served on any port."""
    return [Route(path, partial(_standard, otlp, path), methods=_METHODS) for path in otlp.paths]


def loki_otlp_route(logs: Otlp) -> Route:
    async def endpoint(request: Request) -> Response:
        work = _work(logs, LOKI_PATH, request, _ENCODINGS, exact=True)
        return await answer(LOKI_PATH, work, lambda: Response(status_code=204), _loki_error, logs.metrics)

    return Route(LOKI_PATH, endpoint, methods=["POST"])


_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


async def _standard(otlp: Otlp, path: str, request: Request) -> Response:
    if request.method != "POST":
        return Response("405 method not allowed, supported: [POST]", 405, {"Allow": "POST"}, media_type="text/plain")
    json = _is_json(request)
    success = partial(_success, otlp.response(), json)
    return await answer(path, _work(otlp, path, request, _MORE_ENCODINGS, exact=False), success, partial(_standard_error, json), otlp.metrics)


async def _work(otlp: Otlp, path: str, request: Request, encodings: Mapping[str, str], *, exact: bool) -> None:
    tenant = otlp.tenancy.tenant(request.headers.get(ORG_ID_HEADER))
    kind = _content_type(request, exact=exact)
    encoding = request.headers.get("content-encoding", "")
    if encoding not in encodings:
        raise MalformedBody(f"unsupported content encoding {encoding}: only gzip, lz4 and zstd are supported")
    decoder = otlp.decoder(tenant, encodings[encoding], json=kind == JSON)
    await push_body(path, request, tenant, decoder, otlp.push, otlp.bodies, otlp.metrics)


def _content_type(request: Request, *, exact: bool) -> str:
    header = request.headers.get("content-type", "")
    kind = header if exact or not header else media_type(header)
    if kind not in (PROTOBUF, JSON):
        raise MalformedBody(f"content type: {header} is not supported") if exact else UnsupportedMediaType(header)
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


def _success(response: Message, json: bool) -> Response:
    """Without partial_success all was taken."""
    if not json:
        return Response(response.SerializeToString(), 200, media_type=PROTOBUF)
    return Response(MessageToJson(response, indent=None), 200, media_type=JSON)


def _standard_error(json: bool, error: Exception) -> Response:
    some = partial_success(error)
    if some is not None:
        return _success(some, json)
    if isinstance(error, UnsupportedMediaType):  # in which of the two an error would have to be told is not known
        return Response(str(error), status_of(error), media_type="text/plain")
    code, message = grpc_code(grpc_status_of(error)), message_of(error)
    if json:
        body = orjson.dumps({"code": code, "message": message})
    else:
        body = status_pb2.Status(code=code, message=message).SerializeToString()
    return Response(body, _http_status(error), error_headers(error), media_type=JSON if json else PROTOBUF)

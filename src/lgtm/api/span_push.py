"""Spans of clients that do not speak OTLP: Zipkin's JSON (`POST /api/v2/spans`, `/api/v1/spans`) and Jaeger's Thrift (`POST /api/traces`).

Success is 202 without a body; an error is its text. Spans that never will be stored are dropped with a 202, as neither format can say so; they are
counted like all refused ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lgtm.api.bodies import Bodies
from lgtm.api.errors import UnsupportedMediaType, text_error
from lgtm.api.metrics import PushMetrics
from lgtm.api.push import answer, push_body
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.distributor.refusals import SpansRefused
from lgtm.model.tenant import Tenant
from lgtm.wire.bounds import BodyBounds, MalformedBody
from lgtm.wire.compression import decompress
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.jaeger_thrift import decode_jaeger_spans
from lgtm.wire.zipkin import decode_zipkin_spans
from lgtm.wire.zipkin_v1 import decode_zipkin_v1_spans

JSON, THRIFT = ("application/json",), ("application/x-thrift", "application/vnd.apache.thrift.binary")
_ENCODINGS = {"": "", "identity": "", "gzip": "gzip", "deflate": "zlib", "zlib": "zlib"}

SpanDecoder = Callable[..., DecodedSpans]


def span_push_routes(push: Callable[[Tenant, DecodedSpans], Awaitable[None]], tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics) -> list[Route]:
    """They may be served on any port."""

    def route(path: str, kinds: tuple[str, ...], decode: SpanDecoder) -> Route:
        async def work(request: Request) -> None:
            tenant = tenancy.tenant(request.headers.get(ORG_ID_HEADER))
            _check_type(request, kinds)
            decoder = partial(_decode, _encoding(request), decode, bodies.config.bounds)
            await push_body(path, request, tenant, decoder, _without_refusals(push), bodies, metrics)

        async def endpoint(request: Request) -> Response:
            return await answer(path, work(request), lambda: Response(status_code=202), text_error, metrics)

        return Route(path, endpoint, methods=["POST"])

    return [
        route("/api/v2/spans", JSON, decode_zipkin_spans),
        route("/api/v1/spans", JSON, decode_zipkin_v1_spans),
        route("/api/traces", THRIFT, decode_jaeger_spans),
    ]


def _without_refusals(push: Callable[[Tenant, DecodedSpans], Awaitable[None]]) -> Callable[[Tenant, DecodedSpans], Awaitable[None]]:
    async def pushed(tenant: Tenant, decoded: DecodedSpans) -> None:
        try:
            await push(tenant, decoded)
        except SpansRefused:
            return

    return pushed


def _decode(encoding: str, decode: SpanDecoder, bounds: BodyBounds, body: bytes, bytes_max: int) -> DecodedSpans:
    return decode(decompress(body, encoding, bytes_max=bytes_max), bounds=bounds)


def _encoding(request: Request) -> str:
    encoding = request.headers.get("content-encoding", "").lower()
    if encoding not in _ENCODINGS:
        raise MalformedBody(f"unsupported content encoding {encoding}: only gzip and deflate are supported")
    return _ENCODINGS[encoding]


def _check_type(request: Request, kinds: tuple[str, ...]) -> None:
    """Clients of Zipkin often name no type."""
    header = request.headers.get("content-type", "")
    if header and header.partition(";")[0].strip().lower() not in kinds:
        raise UnsupportedMediaType(header, kinds)

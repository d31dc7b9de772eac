"""`POST /loki/api/v1/push`, and its legacy alias `/api/prom/push`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lgtm.api.bodies import Bodies, Decoder
from lgtm.api.errors import text_error
from lgtm.api.media_type import media_type
from lgtm.api.metrics import PushMetrics
from lgtm.api.push import Push, answer, push_body
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.wire.bounds import BodyBounds, MalformedBody, TruncatedBody
from lgtm.wire.compression import decompress, is_gzip, snappy_block
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from lgtm.wire.loki_json import decode_json_push, decode_legacy_json_push
from lgtm.wire.loki_push import decode_push

PUSH_PATH = "/loki/api/v1/push"
LEGACY_PUSH_PATH = "/api/prom/push"

BACKFILL_HEADER = "X-Loki-Backfill-Shard"
BACKFILL_SHARD_BYTES_MAX = 128
BACKFILL, BACKFILL_SHARD = "__backfill__", "__backfill_shard__"
_ENCODINGS = ("", "gzip", "deflate", "snappy")


JsonDecoder = Callable[[bytes, BodyBounds], DecodedLogs]


class ReservedLabel(BadRequest):
    def __init__(self, stream: str, name: str) -> None:
        self.stream, self.name = stream, name

    def __str__(self) -> str:
        return f"stream '{self.stream}' has reserved label '{self.name}', which only the header {BACKFILL_HEADER} sets"


def loki_push_routes(push: Push[DecodedLogs], tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics) -> list[Route]:
    """Success is 204; an error is its text."""

    def route(path: str, json_decoder: JsonDecoder) -> Route:
        async def work(request: Request) -> None:
            tenant = tenancy.tenant(request.headers.get(ORG_ID_HEADER))
            decoder = _decoder(request, json_decoder, bodies.config.bounds)
            await push_body(path, request, tenant, decoder, push, bodies, metrics)

        async def endpoint(request: Request) -> Response:
            return await answer(path, work(request), lambda: Response(status_code=204), text_error, metrics)

        return Route(path, endpoint, methods=["POST"])

    return [route(PUSH_PATH, decode_json_push), route(LEGACY_PUSH_PATH, decode_legacy_json_push)]


def _decoder(request: Request, json_decoder: JsonDecoder, bounds: BodyBounds) -> Decoder[DecodedLogs]:
    """What the headers say about the body. Raises MalformedBody when they make no sense."""
    encoding = request.headers.get("content-encoding", "")
    kind = media_type(request.headers.get("content-type"))
    if encoding not in _ENCODINGS:
        raise MalformedBody(f"Content-Encoding {quote(encoding)} not supported")
    decoder = partial(_decode_json, encoding, json_decoder, bounds) if kind == "application/json" else partial(_decode_snappy, encoding, bounds)
    return partial(_with_backfill, _backfill_shard(request), decoder)


def _decode_json(encoding: str, decoder: JsonDecoder, bounds: BodyBounds, body: bytes, bytes_max: int) -> DecodedLogs:
    try:
        data = decompress(body, "" if encoding == "snappy" else encoding, bytes_max=bytes_max)
    except TruncatedBody as error:
        # Go parses while it decompresses, and its text names where in the document it was: nearly always in the streams.
        raise TruncatedBody(f"loghttp.PushRequest.Streams: []loghttp.LogProtoStream: {error}") from error
    return decoder(data, bounds)


def _decode_snappy(encoding: str, bounds: BodyBounds, body: bytes, bytes_max: int) -> DecodedLogs:
    """gzip and deflate are an envelope around the snappy block, which is always there."""
    wrapped = encoding == "deflate" or (encoding == "gzip" and is_gzip(body))
    inner = decompress(body, encoding, bytes_max=bytes_max) if wrapped else body
    return decode_push(snappy_block(inner, bytes_max=bytes_max), bounds)


def _backfill_shard(request: Request) -> str:
    shard = request.headers.get(BACKFILL_HEADER, "")
    if len(shard.encode()) > BACKFILL_SHARD_BYTES_MAX:
        raise BadRequest(f"{BACKFILL_HEADER} is longer than {BACKFILL_SHARD_BYTES_MAX} bytes")
    return shard


def _with_backfill(shard: str, decoder: Decoder[DecodedLogs], body: bytes, bytes_max: int) -> DecodedLogs:
    """Labels that keep history apart from what is sent live, so that its times are not judged by what is new."""
    decoded = decoder(body, bytes_max)
    for stream in decoded.streams:
        for name, _ in stream.labels or ():
            if name in (BACKFILL, BACKFILL_SHARD):
                raise ReservedLabel(stream.text, name)
    if not shard:
        return decoded
    added = ((BACKFILL, "true"), (BACKFILL_SHARD, shard))
    streams = tuple(DecodedStream(stream.text, (*(stream.labels or ()), *added)) for stream in decoded.streams)
    return dataclasses.replace(decoded, streams=streams)

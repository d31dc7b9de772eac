"""Remote read: `POST /api/v1/read`, by which another Prometheus asks for samples as they are, as messages or as a stream of chunks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import pyarrow as pa
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from lgtm.api.errors import client_gone, text_error
from lgtm.api.incomplete import warning_headers
from lgtm.api.loki.form import read_body
from lgtm.api.loki.side import while_connected
from lgtm.api.prometheus.read_series import read_series
from lgtm.api.prometheus.side import PrometheusSide
from lgtm.api.tenancy import ORG_ID_HEADER
from lgtm.model.limits import MIB
from lgtm.model.tenant import Tenant
from lgtm.promql.columns import Selected
from lgtm.promql.errors import TooManySamples
from lgtm.promql.evaluate import SAMPLES_MAX
from lgtm.wire.compression import snappy_block
from lgtm.wire.remote_read import ReadRequest, ResponseType, chunked_frames, decode_read_request, encode_read_response

PATH = "/api/v1/read"
SAMPLES_TYPE = "application/x-protobuf"
CHUNKS_TYPE = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
REQUEST_BYTES_MAX = MIB
"""Of a request when it is decompressed: a few selectors."""


def read_endpoint(side: PrometheusSide) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        start = time.perf_counter()
        try:
            tenant = side.tenancy.tenant(request.headers.get(ORG_ID_HEADER))
            body = await read_body(request, side.shared)
            asked = decode_read_request(snappy_block(body, bytes_max=REQUEST_BYTES_MAX))
            response = await while_connected(request, _answer(side, tenant, asked))
        except ClientDisconnect:
            response = client_gone()
        except Exception as error:
            response = text_error(error)
        # How long a stream is nobody knows yet.
        size = 0 if isinstance(response, StreamingResponse) else len(response.body)
        side.metrics.answered(PATH, str(response.status_code), time.perf_counter() - start, size)
        return response

    return answer


async def _answer(side: PrometheusSide, tenant: Tenant, asked: ReadRequest) -> Response:
    """Raises TooManySamples, and MalformedBody when only unknown kinds of answers are accepted."""
    kind = asked.response_type
    results, warnings = await _select(side, tenant, asked)
    headers = warning_headers(warnings)
    if kind is ResponseType.STREAMED_XOR_CHUNKS and (_only_floats(results) or ResponseType.SAMPLES not in asked.accepted):
        return StreamingResponse(_frames(results), headers=headers | {"Content-Type": CHUNKS_TYPE})
    content = await side.encoded(_samples(results), lambda: _message(results))
    return Response(content, headers=headers | {"Content-Type": SAMPLES_TYPE, "Content-Encoding": "snappy"})


async def _select(side: PrometheusSide, tenant: Tenant, asked: ReadRequest) -> tuple[list[Selected], list[str]]:
    """The samples of each query, and why some may be missing. Both ends of a query belong to it."""
    results: list[Selected] = []
    warnings: dict[str, None] = {}
    for query in asked.queries:
        selected, missing = await side.engine.select(tenant, query.matchers, query.start_ms - 1, query.end_ms)
        results.append(selected)
        warnings.update(dict.fromkeys(missing))
        if _samples(results) > SAMPLES_MAX:
            raise TooManySamples
    return results, list(warnings)


def _samples(results: Sequence[Selected]) -> int:
    return sum(len(selected.ts_ms) for selected in results)


def _only_floats(results: Sequence[Selected]) -> bool:
    """XOR chunks have no place for histograms."""
    return all(selected.histograms is None for selected in results)


def _message(results: Sequence[Selected]) -> bytes:
    compressed: bytes = pa.compress(encode_read_response(map(read_series, results)), codec="snappy", asbytes=True)
    return compressed


def _frames(results: Sequence[Selected]) -> Iterator[bytes]:
    """Made in a thread, one by one, as the client takes them."""
    for number, selected in enumerate(results):
        yield from chunked_frames(number, read_series(selected))

"""Tempo's gRPC service `tempopb.StreamingQuerier`, on raw bytes: what Grafana asks when streaming is switched on in its data source.

Each call is answered when all is known: results in as many messages as they need, none told twice, each with what was read. An answer without results
is one message. An answer that may lack something says so in its message where it has one, else in the trailing metadata `x-lgtm-warning`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from lgtm.api.errors import message_of, status_of
from lgtm.api.incomplete import WARNING_HEADER, header_text, log_incomplete
from lgtm.api.otlp_grpc import MESSAGE_BYTES_MAX
from lgtm.api.tempo.encode import (
    bare_tag_values_fields,
    instant_fields,
    range_fields,
    scoped_tag_names_fields,
    search_fields,
    tag_names_fields,
    tag_values_fields,
)
from lgtm.api.tempo.metrics import series_max
from lgtm.api.tempo.params import Ranges
from lgtm.api.tempo.pieces import pieces
from lgtm.api.tempo.reads import Reads
from lgtm.api.tempo.side import TraceSide
from lgtm.api.tempo.streamed_requests import (
    bare_tag_values_asked,
    instant_asked,
    range_asked,
    search_asked,
    tag_names_asked,
    tag_values_asked,
)
from lgtm.api.tempo.tags import bounded_bare_values, bounded_values
from lgtm.api.tenancy import ORG_ID_HEADER
from lgtm.wire.tempo_messages import Fields, read_message

T = TypeVar("T")

SERVICE = "tempopb.StreamingQuerier"

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    499: grpc.StatusCode.CANCELLED,
}
"""From HTTP's status. As in Tempo, but for 401, which is UNKNOWN there."""


@dataclass(slots=True, frozen=True)
class Told:
    """fields: makes the answer. values: how much there is to encode."""

    fields: Callable[[], Fields]
    values: int
    warnings: Sequence[str] = ()


@dataclass(slots=True, frozen=True)
class Call:
    """One call. message: the request."""

    side: TraceSide
    reads: Reads
    ranges: Ranges
    message: Any

    async def asked(self, reader: Callable[[Any, Ranges], T]) -> T:
        """What the message asks. Raises what the reader raises."""
        return await self.side.read(self.message.ByteSize(), lambda: reader(self.message, self.ranges))


@dataclass(slots=True, frozen=True)
class Method:
    """The messages of a call, and what answers it."""

    request: str
    response: str
    ask: Callable[[Call], Awaitable[Told]]


async def _search(call: Call) -> Told:
    asked = await call.asked(search_asked)
    answer = await call.reads.search(asked)
    values = sum(1 + len(spanset.spans) for trace in answer.traces for spanset in trace.spansets)
    return Told(lambda: search_fields(answer, plain=asked.plain), values, answer.warnings)


async def _tag_names(call: Call) -> Told:
    asked = await call.asked(tag_names_asked)
    answer = await call.reads.tag_names(asked)
    return Told(lambda: tag_names_fields(answer, asked), sum(map(len, answer.names.values())), answer.warnings)


async def _scoped_tag_names(call: Call) -> Told:
    asked = await call.asked(tag_names_asked)
    answer = await call.reads.tag_names(asked)
    return Told(lambda: scoped_tag_names_fields(answer, asked), sum(map(len, answer.names.values())), answer.warnings)


async def _tag_values(call: Call) -> Told:
    answer = await bounded_values(call.side, call.reads, await call.asked(tag_values_asked))
    return Told(lambda: tag_values_fields(answer), len(answer.values), answer.warnings)


async def _bare_tag_values(call: Call) -> Told:
    answer = await bounded_bare_values(call.side, call.reads, await call.asked(bare_tag_values_asked))
    return Told(lambda: bare_tag_values_fields(answer), len(answer.values), answer.warnings)


async def _range(call: Call) -> Told:
    asked = await call.asked(range_asked)
    answer = await call.reads.metrics(asked)
    most = series_max(call.side, asked)
    return Told(lambda: range_fields(answer, asked.steps, most), len(answer.series) * asked.steps.count, answer.warnings)


async def _instant(call: Call) -> Told:
    asked = await call.asked(instant_asked)
    answer = await call.reads.metrics(asked)
    most = series_max(call.side, asked)
    return Told(lambda: instant_fields(answer, most), len(answer.series), answer.warnings)


METHODS = {
    "Search": Method("SearchRequest", "SearchResponse", _search),
    "SearchTags": Method("SearchTagsRequest", "SearchTagsResponse", _tag_names),
    "SearchTagsV2": Method("SearchTagsRequest", "SearchTagsV2Response", _scoped_tag_names),
    "SearchTagValues": Method("SearchTagValuesRequest", "SearchTagValuesResponse", _bare_tag_values),
    "SearchTagValuesV2": Method("SearchTagValuesRequest", "SearchTagValuesV2Response", _tag_values),
    "MetricsQueryRange": Method("QueryRangeRequest", "QueryRangeResponse", _range),
    "MetricsQueryInstant": Method("QueryInstantRequest", "QueryInstantResponse", _instant),
}

Stream = Callable[[bytes, Any], AsyncIterator[bytes]]


def tempo_grpc_handler(side: TraceSide) -> grpc.GenericRpcHandler:
    """For `grpc.aio.Server.add_generic_rpc_handlers`."""
    streams = {name: grpc.unary_stream_rpc_method_handler(_stream(side, name, method)) for name, method in METHODS.items()}
    return grpc.method_handlers_generic_handler(SERVICE, streams)


def _stream(side: TraceSide, name: str, method: Method) -> Stream:
    async def stream(body: bytes, context: Any) -> AsyncIterator[bytes]:
        start, status, size = time.perf_counter(), grpc.StatusCode.CANCELLED, 0
        try:
            for piece in await _answer(side, method, body, context):
                size += len(piece)
                yield piece
            status = grpc.StatusCode.OK
        except Exception as error:
            status = code_of(error)
            await context.abort(status, message_of(error).encode()[:MESSAGE_BYTES_MAX].decode(errors="ignore"))
        finally:
            side.metrics.answered(f"/{SERVICE}/{name}", status.name, time.perf_counter() - start, size)

    return stream


async def _answer(side: TraceSide, method: Method, body: bytes, context: Any) -> list[bytes]:
    metadata = dict(context.invocation_metadata() or ())
    reads = side.reads(side.tenancy.tenants(metadata.get(ORG_ID_HEADER.lower())))
    told = await method.ask(Call(side, reads, side.ranges(), read_message(method.request, body)))
    if told.warnings:
        log_incomplete(told.warnings)
        context.set_trailing_metadata(((WARNING_HEADER.lower(), header_text(told.warnings)),))
    return await side.encoded(told.values, lambda: list(pieces(method.response, told.fields())))


def code_of(error: Exception) -> grpc.StatusCode:
    status = status_of(error)
    return _CODES.get(status, grpc.StatusCode.INTERNAL if status >= 500 else grpc.StatusCode.UNKNOWN)

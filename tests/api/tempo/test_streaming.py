"""The service that streams, with a real server and real clients on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from api.tempo.tempo_server import NOW_NS, TENANT, TempoServer
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.streaming import METHODS, SERVICE, tempo_grpc_handler
from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest, LimitExceeded, NotFound, Unavailable
from lgtm.wire.tempo_messages import json_bytes, message_bytes, read_message

METADATA = (("x-scope-orgid", TENANT),)
RATE = "{} | rate() by(resource.service.name)"
RANGE_S = (NOW_NS // NS_PER_S - 3_600, NOW_NS // NS_PER_S)
HTTP: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "Search": ("/api/search", {"query": '{ name = "ping" }', "limit": 5}, {"q": '{ name = "ping" }', "limit": 5}),
    "SearchTags": ("/api/search/tags", {"scope": "span"}, {"scope": "span"}),
    "SearchTagsV2": ("/api/v2/search/tags", {"maxTagsPerScope": 3}, {"limit": 3}),
    "SearchTagValues": ("/api/search/tag/service.name/values", {"tagName": "service.name"}, {}),
    "SearchTagValuesV2": ("/api/v2/search/tag/name/values", {"tagName": "name"}, {}),
    "MetricsQueryRange": (
        "/api/metrics/query_range",
        {"query": RATE, "start": RANGE_S[0] * NS_PER_S, "end": RANGE_S[1] * NS_PER_S, "step": 60 * NS_PER_S},
        {"q": RATE, "start": RANGE_S[0], "end": RANGE_S[1], "step": "1m"},
    ),
    "MetricsQueryInstant": (
        "/api/metrics/query",
        {"query": RATE, "start": RANGE_S[0] * NS_PER_S, "end": RANGE_S[1] * NS_PER_S},
        {"q": RATE, "start": RANGE_S[0], "end": RANGE_S[1]},
    ),
}


@contextlib.asynccontextmanager
async def channel_to(server: TempoServer) -> AsyncIterator[Any]:
    grpc_server = grpc.aio.server()
    grpc_server.add_generic_rpc_handlers((tempo_grpc_handler(server.side),))
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await grpc_server.stop(None)


async def ask(server: TempoServer, name: str, metadata: Any = METADATA, /, **fields: Any) -> tuple[list[Any], dict[str, Any]]:
    """Messages and trailing metadata."""
    async with channel_to(server) as channel:
        call = channel.unary_stream(f"/{SERVICE}/{name}")(message_bytes(METHODS[name].request, fields), metadata=metadata)
        messages = [read_message(METHODS[name].response, message) async for message in call]
        return messages, dict(await call.trailing_metadata() or ())


async def refused(server: TempoServer, name: str, metadata: Any = METADATA, /, **fields: Any) -> tuple[Any, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(server, name, metadata, **fields)
    return caught.value.code(), str(caught.value.details())


@pytest.mark.parametrize("name", METHODS)
async def test_what_is_streamed_is_what_http_answers(server: TempoServer, name: str) -> None:
    path, fields, params = HTTP[name]
    (message,), _ = await ask(server, name, **fields)
    told = (await server.get(path, params)).json()
    for trace in told.get("traces", []):
        trace["serviceStats"] = [{"key": key, "value": value} for key, value in trace["serviceStats"].items()]
    assert _numbers(told) == _numbers(_plain(message))
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", {"route": f"/{SERVICE}/{name}", "status": "OK"}) == 1


def _plain(message: Any) -> Any:
    """What is set of a message."""
    if not hasattr(message, "ListFields"):
        return [_plain(each) for each in message] if hasattr(message, "append") else message
    return {field.name: _plain(value) for field, value in message.ListFields()}


def _numbers(value: Any) -> Any:
    """64-bit integers as text, as JSON has them; small ones, too."""
    match value:
        case dict():
            return {key: _numbers(member) for key, member in value.items()}
        case list():
            return list(map(_numbers, value))
        case bool() | float() | str():
            return value
    return str(value)


async def test_nothing_found_is_one_message_with_what_was_read(server: TempoServer) -> None:
    (message,), trailing = await ask(server, "Search", query='{ name = "nowhere" }')
    assert (len(message.traces), message.metrics.inspectedBytes) == (0, 1_000)
    assert "x-lgtm-warning" not in trailing


async def test_several_tenants_are_read_together(server: TempoServer) -> None:
    (message,), _ = await ask(server, "SearchTagValues", (("x-scope-orgid", f"{TENANT}|{TENANT}-b"),), tagName="service.name")
    assert {"edge", "tenant-b"} <= set(message.tagValues)


@pytest.mark.parametrize("name", METHODS)
async def test_an_answer_that_may_lack_something_says_so(server: TempoServer, name: str) -> None:
    server.engine.warnings = ("node-2 could not be asked",)
    (message,), trailing = await ask(server, name, **HTTP[name][1])
    assert trailing["x-lgtm-warning"] == "node-2 could not be asked"
    if name.startswith("Metrics"):
        assert (message.status, message.message) == (1, "node-2 could not be asked")


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (BadRequest("why"), grpc.StatusCode.INVALID_ARGUMENT),
        (NotFound("why"), grpc.StatusCode.NOT_FOUND),
        (LimitExceeded("why"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (Unavailable("why"), grpc.StatusCode.INTERNAL),
        (RuntimeError("secret"), grpc.StatusCode.INTERNAL),
    ],
)
async def test_errors_have_their_codes(server: TempoServer, refusal: Exception, code: grpc.StatusCode) -> None:
    async def refuse() -> None:
        raise refusal

    server.engine.before = refuse
    assert await refused(server, "Search") == (code, "internal error" if isinstance(refusal, RuntimeError) else "why")
    labels = {"route": f"/{SERVICE}/Search", "status": code.name}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", labels) == 1


async def test_requests_are_checked(server: TempoServer) -> None:
    code, text = await refused(server, "Search", query="{ status }")
    assert (code, text[:42]) == (grpc.StatusCode.INVALID_ARGUMENT, "invalid TraceQL query: span filter field e")
    assert await refused(server, "Search", ()) == (grpc.StatusCode.UNAUTHENTICATED, "no org id")
    assert await refused(server, "SearchTags", scope="x") == (grpc.StatusCode.INVALID_ARGUMENT, "invalid scope: x")


async def test_bytes_that_are_no_request_are_refused(server: TempoServer) -> None:
    async with channel_to(server) as channel:
        call = channel.unary_stream(f"/{SERVICE}/Search")(b"\xff\xff", metadata=METADATA)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_large_answers_come_in_several_messages() -> None:
    server = TempoServer(TempoApiConfig(metrics_range_s_max=0))
    fields = {"query": "{} | rate() by(span:id)", "start": RANGE_S[0] * NS_PER_S, "end": RANGE_S[1] * NS_PER_S, "step": 10 * NS_PER_S}
    messages, _ = await ask(server, "MetricsQueryRange", **fields)
    assert len(messages) > 1
    assert len({json_bytes({"key": str(series.labels)}) for message in messages for series in message.series}) == 1_000
    server.side.close()


async def test_the_work_ends_when_the_client_goes(server: TempoServer) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    server.engine.before = wait
    async with channel_to(server) as channel:
        call = channel.unary_stream(f"/{SERVICE}/Search")(b"", metadata=METADATA)
        await begun.wait()
        call.cancel()
        await ended.wait()
    labels = {"route": f"/{SERVICE}/Search", "status": "CANCELLED"}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", labels) == 1

"""Tails over a real websocket, as a client sees them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.loki.query_server import NOW_NS, QueryServer, labels
from lgtm.api.loki.tail import REASON_BYTES_MAX
from lgtm.errors import BadRequest
from lgtm.model.labels import labels_of
from lgtm.model.window import Window
from support.rows import Entry, batch_of

QUERY = "query=%7Bapp%3D%22a%22%7D"
FLAGS = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
APP = {"app": "a"}

Open = Callable[..., connect]


@pytest.fixture
async def tail(server: QueryServer) -> AsyncIterator[Open]:
    """Opens a tail with a query string and headers."""
    async with server.on_loopback() as address:

        def tail(query: str, **headers: str) -> connect:
            sent = {"X-Scope-OrgID": "t"} | {name.replace("_", "-"): value for name, value in headers.items()}
            return connect(f"ws://{address}/loki/api/v1/tail?{query}", additional_headers=sent)

        yield tail


async def frame(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server closes."""
    with pytest.raises(ConnectionClosed) as end:
        await frame(socket)
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def test_the_newest_entries_come_first_then_those_that_arrive(server: QueryServer, tail: Open) -> None:
    server.engine.rows = [(2, "two", labels(APP)), (1, "one", labels(APP))]
    async with tail(f"{QUERY}&limit=7") as socket:
        assert await frame(socket) == {"streams": [{"stream": APP, "values": [["1", "one"], ["2", "two"]]}]}
        asked = server.engine.asked
        assert (asked["window"], asked["limit"], asked["forward"]) == (Window(NOW_NS - 3_600 * 10**9, NOW_NS), 7, False)
        server.engine.follower.arrived.put_nowait(batch_of([Entry(labels_of(APP), 3, "three", {"trace_id": "1"})]))
        assert await frame(socket) == {"streams": [{"stream": APP | {"trace_id": "1"}, "values": [["3", "three"]]}]}


async def test_nothing_is_left_when_the_client_goes(server: QueryServer, tail: Open) -> None:
    server.engine.rows = [(1, "one", labels(APP))]
    async with tail(QUERY) as socket:
        await frame(socket)
        assert server.registry.get_sample_value("lgtm_api_tails") == server.engine.following == 1
    async with asyncio.timeout(5):
        await server.engine.followers_gone.wait()
    assert server.engine.following == 0
    assert server.registry.get_sample_value("lgtm_api_tails") == 0


async def test_flags_categorize_labels_and_are_told(server: QueryServer, tail: Open) -> None:
    server.engine.rows = [(1, "one", labels(APP, {"trace_id": "1"}))]
    async with tail(QUERY, **FLAGS) as socket:
        assert await frame(socket) == {
            "streams": [{"stream": APP, "values": [["1", "one", {"structuredMetadata": {"trace_id": "1"}}]]}],
            "encodingFlags": ["categorize-labels"],
        }


@pytest.mark.parametrize(
    ("query", "org_id", "status", "text"),
    [
        ("query=x", "t", 400, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER\n"),
        ("query=vector(1)", "t", 400, "only log selector is supported\n"),
        (f"{QUERY}&delay_for=6", "t", 400, "delay_for can't be greater than 5\n"),
        (f"{QUERY}&limit=0", "t", 400, "limit must be a positive value\n"),
        (QUERY, "a|b", 400, "multiple org IDs present\n"),
        (QUERY, "", 401, "no org id\n"),
    ],
)
async def test_what_is_wrong_with_the_request_is_answered_before_the_upgrade(tail: Open, query: str, org_id: str, status: int, text: str) -> None:
    with pytest.raises(InvalidStatus) as denied:
        async with tail(query, X_Scope_OrgID=org_id):
            pass
    assert (denied.value.response.status_code, bytes(denied.value.response.body or b"").decode()) == (status, text)


async def test_what_goes_wrong_later_closes_the_socket(server: QueryServer, tail: Open) -> None:
    async def fail() -> None:
        raise BadRequest("x" * 200)

    server.engine.before = fail
    async with tail(QUERY) as socket:
        assert await closed(socket) == (1011, "x" * REASON_BYTES_MAX)


async def test_a_tenant_has_a_bounded_number_of_tails(server: QueryServer, tail: Open) -> None:
    server.engine.limits_of_all = dataclasses.replace(server.engine.limits_of_all, max_concurrent_tail_requests=1)
    server.engine.rows = [(1, "one", labels(APP))]
    async with tail(QUERY) as first:
        await frame(first)
        async with tail(QUERY) as second:
            assert await closed(second) == (1011, "max concurrent tail requests limit exceeded, count > limit (2 > 1)")


async def test_a_tail_ends_after_an_hour(server: QueryServer, tail: Open) -> None:
    server.engine.rows = [(1, "one", labels(APP))]
    async with tail(QUERY) as socket:
        await frame(socket)
        await server.clock.advance(3_600)
        assert await closed(socket) == (1011, "reached tail max duration limit")

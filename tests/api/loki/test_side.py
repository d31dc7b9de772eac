"""The frame around a query: whose it is, how it fails, and what happens when the client goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from api.loki.query_server import QueryServer
from lgtm.api.loki.side import encoding_flags, first_of, while_connected
from lgtm.errors import BadRequest, Corruption, LimitExceeded, Unavailable
from lgtm.query.admission import QueryTimeout, TooManyQueries

PATH = "/loki/api/v1/query_range"
QUERY = {"query": '{app="a"}'}


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (BadRequest("told"), 400, "told\n"),
        (LimitExceeded("told"), 429, "told\n"),
        (TooManyQueries(), 429, "too many outstanding requests\n"),
        (QueryTimeout(), 504, None),
        (Unavailable("told"), 503, "told\n"),
        (Corruption("told"), 500, "told\n"),
        (ZeroDivisionError("not told"), 500, "internal error\n"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_errors_of_the_engine_are_plain_text(server: QueryServer, error: Exception, status: int, text: str | None) -> None:
    async def fail() -> None:
        raise error

    server.engine.before = fail
    response = await server.get(PATH, QUERY)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == text if text else response.text.startswith("request timed out, decrease the duration of the request")
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", {"route": PATH, "status": str(status)}) == 1


async def test_a_request_without_a_tenant_is_refused(server: QueryServer) -> None:
    for path in (PATH, "/loki/api/v1/labels", "/loki/api/v1/drilldown-limits", "/config/tenant/v1/limits"):
        response = await server.get(path, QUERY, {"X-Scope-OrgID": None})
        assert (response.status_code, response.text) == (401, "no org id\n")


async def test_the_work_ends_when_the_client_goes() -> None:
    ended = asyncio.Event()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        try:
            gone.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientDisconnect):
        await while_connected(Request({"type": "http"}, receive), work())
    assert ended.is_set()


async def test_a_client_that_went_is_answered_with_499(server: QueryServer) -> None:
    cancelled = False

    async def wait() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    server.engine.before = wait
    sent: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    received = iter(messages)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return next(received)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"x-scope-orgid", b"t")]
    scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"query=%7Ba%3D%22b%22%7D", "headers": headers, "root_path": ""}
    await server.app(scope, receive, send)  # type: ignore[arg-type]
    assert cancelled
    assert sent[0]["status"] == 499


async def test_the_first_to_end_decides_and_the_others_have_ended_too() -> None:
    ended = False

    async def slow() -> str:
        nonlocal ended
        try:
            await asyncio.Event().wait()
            return "slow"
        finally:
            ended = True

    async def quick() -> str:
        return "quick"

    async def broken() -> str:
        raise BadRequest("broken")

    assert await first_of(slow(), quick()) == "quick"
    assert ended
    with pytest.raises(BadRequest, match="broken"):
        await first_of(slow(), broken())


@pytest.mark.parametrize(("header", "flags"), [(None, ()), ("", ()), ("a", ("a",)), ("a,b", ("a", "b"))])
def test_flags_stand_between_commas(header: str | None, flags: tuple[str, ...]) -> None:
    assert encoding_flags(header) == flags

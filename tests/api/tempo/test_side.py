"""The frame around every request: tenants, clients that go, mistakes, and answers that may lack something."""

from __future__ import annotations

import asyncio
import logging

import pytest

from api.tempo.tempo_server import TENANT, TempoServer
from lgtm.api.incomplete import WARNING_HEADER
from lgtm.api.loki.config import QueryApiConfig
from lgtm.errors import Unavailable

PATHS = (
    "/api/search",
    "/api/search/tags",
    "/api/v2/search/tags",
    "/api/search/tag/service.name/values",
    "/api/v2/search/tag/name/values",
    "/api/traces/1",
    "/api/v2/traces/1",
    "/api/metrics/query",
    "/api/metrics/query_range",
)


@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_that_may_lack_something_says_so_in_a_header_and_in_the_log(
    server: TempoServer, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.engine.warnings = ("node-2 could not be asked", "ключ\n")
    params = {"q": "{} | rate()"} if "metrics" in path else {}
    with caplog.at_level(logging.WARNING):
        response = await server.get(path, params)
    assert response.status_code == 200, response.text
    assert response.headers[WARNING_HEADER] == "node-2 could not be asked; ???? "
    assert "an answer may be incomplete" in caplog.messages


@pytest.mark.parametrize("path", PATHS)
async def test_a_whole_answer_has_no_such_header(server: TempoServer, path: str) -> None:
    assert WARNING_HEADER not in (await server.get(path, {"q": "{} | rate()"} if "metrics" in path else {})).headers


async def test_the_tenant_is_that_of_the_header(server: TempoServer) -> None:
    await server.get("/api/search", headers={"X-Scope-OrgID": "team-a"})
    assert server.engine.asked["tenant"] == "team-a"
    response = await server.get("/api/search", headers={"X-Scope-OrgID": None})
    assert (response.status_code, response.text) == (401, "no org id\n")


async def test_errors_have_their_status_and_mistakes_are_not_told(server: TempoServer) -> None:
    async def unavailable() -> None:
        raise Unavailable("nobody is here")

    async def mistaken() -> None:
        raise KeyError("secret")

    server.engine.before = unavailable
    response = await server.get("/api/search")
    assert (response.status_code, response.text, response.headers["retry-after"]) == (503, "nobody is here\n", "1")
    server.engine.before = mistaken
    response = await server.get("/api/search")
    assert (response.status_code, response.text) == (500, "internal error\n")


async def test_large_answers_are_encoded_in_a_thread_and_are_the_same(server: TempoServer) -> None:
    threaded = TempoServer(shared=QueryApiConfig(inline_values_max=0))
    for path in ("/api/search", "/api/v2/traces/1", "/api/traces/1"):
        for accept in ("application/protobuf", "application/json"):
            headers = {"Accept": accept}
            params = {"q": "{}", "since": "1h"} if path == "/api/search" else {}
            assert (await threaded.get(path, params, headers)).content == (await server.get(path, params, headers)).content
    threaded.side.close()


async def test_the_work_ends_when_the_client_goes(server: TempoServer) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    server.engine.before = wait
    messages: list[dict[str, object]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    headers = [(b"x-scope-orgid", TENANT.encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/search", "raw_path": b"/api/search", "query_string": b"", "headers": headers}
    await server.app(scope, receive, send)
    assert ended.is_set()
    labels = {"route": "/api/search", "status": "499"}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", labels) == 1

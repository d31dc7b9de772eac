"""The frame around every request: tenants, clients that go, timeouts, mistakes, and answers that may lack something."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from starlette.requests import Request

from api.prometheus.prometheus_server import TENANT, MemoryEngine, PrometheusServer
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.prometheus.query import query
from lgtm.api.prometheus.side import endpoint
from lgtm.errors import LgtmError, Unavailable
from lgtm.promql.errors import TooManySamples
from lgtm.query.admission import QueryTimeout, TooManyQueries

ASKED: dict[str, dict[str, Any]] = {
    "/api/v1/query": {"query": "up"},
    "/api/v1/query_range": {"query": "up", "start": "0", "end": "60", "step": "15"},
    "/api/v1/query_exemplars": {"query": "up"},
    "/api/v1/series": {"match[]": "up"},
    "/api/v1/labels": {},
    "/api/v1/label/job/values": {},
    "/api/v1/status/tsdb": {},
}
"""Requests that read what is stored."""


@pytest.mark.parametrize("path", ASKED)
async def test_an_answer_that_may_lack_something_says_so(server: PrometheusServer, path: str) -> None:
    server.engine.warnings = ("node-2 could not be asked",)
    assert (await server.get(path, ASKED[path])).json()["warnings"] == ["node-2 could not be asked"]


@pytest.mark.parametrize("path", ASKED)
async def test_a_whole_answer_has_no_warnings(server: PrometheusServer, path: str) -> None:
    assert "warnings" not in (await server.get(path, ASKED[path])).json()


@pytest.mark.parametrize("path", [*ASKED, "/api/v1/metadata", "/api/v1/targets", "/api/v1/scrape_pools"])
async def test_the_tenant_is_that_of_the_header(server: PrometheusServer, path: str) -> None:
    await server.get(path, ASKED.get(path), {"X-Scope-OrgID": "team-a"})
    assert server.engine.asked.get("tenant", "team-a") == "team-a"
    response = await server.get(path, ASKED.get(path), {"X-Scope-OrgID": None})
    assert (response.status_code, response.json()["error"]) == (401, "no org id")
    assert (await server.get(path, ASKED.get(path), {"X-Scope-OrgID": "a|b"})).status_code == 400


@pytest.mark.parametrize(
    ("error", "status", "kind", "text"),
    [
        (QueryTimeout(), 503, "timeout", "query timed out in expression evaluation"),
        (TooManySamples(), 422, "execution", "query processing would load too many samples into memory in query execution"),
        (TooManyQueries(), 429, "too_many_requests", "too many outstanding requests"),
        (Unavailable("nobody is here"), 503, "unavailable", "nobody is here"),
        (LgtmError("odd"), 500, "internal", "odd"),
        (KeyError("secret"), 500, "internal", "internal error"),
    ],
)
async def test_errors_have_their_status_and_mistakes_are_not_told(
    server: PrometheusServer, caplog: pytest.LogCaptureFixture, error: Exception, status: int, kind: str, text: str
) -> None:
    async def fail() -> None:
        raise error

    server.engine.before = fail
    with caplog.at_level(logging.CRITICAL):
        response = await server.get("/api/v1/query", {"query": "up"})
    assert (response.status_code, response.json()) == (status, {"status": "error", "errorType": kind, "error": text})


async def test_the_work_of_a_client_that_goes_is_cancelled(server: PrometheusServer) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def receive() -> dict[str, Any]:
        await begun.wait()
        return {"type": "http.disconnect"}

    server.engine.before = wait
    scope = {"type": "http", "method": "GET", "query_string": b"query=up", "headers": [(b"x-scope-orgid", TENANT.encode())], "path": "/"}
    response = await endpoint(server.side, "/api/v1/query", query)(Request(scope, receive))
    assert response.status_code == 499
    assert cancelled.is_set()


async def test_long_answers_are_encoded_in_a_thread_and_are_the_same() -> None:
    engine = MemoryEngine()
    answers = []
    for inline_values_max in (0, 1_000):
        server = PrometheusServer(engine, shared=QueryApiConfig(inline_values_max=inline_values_max))
        answers.append((await server.get("/api/v1/query", {"query": "vector(1)"})).content)
        server.side.close()
    assert answers[0] == answers[1]


async def test_requests_are_counted_by_the_path_of_the_route(server: PrometheusServer) -> None:
    await server.get("/prometheus/api/v1/label/job/values")
    labels = {"route": "/api/v1/label/{name:path}/values", "status": "200"}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", labels) == 1

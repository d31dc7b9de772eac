"""What operators and probes are told."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from lgtm.api.loki.status import status_router
from lgtm.api.operations import Operations
from lgtm.errors import Unavailable


class Node:
    def __init__(self) -> None:
        self.reason: str | None = None
        self.flushes = 0
        self.broken = False
        registry = CollectorRegistry()
        Counter("lgtm_events", "Some.", registry=registry).inc(3)
        self.operations = Operations(
            registry,
            not_ready=lambda: self.reason,
            services=lambda: {"ingester": "Running", "distributor": "Starting"},
            config=lambda mode: f"mode: {mode}\n",
            flush=self.flush,
        )

    async def flush(self) -> None:
        if self.broken:
            raise Unavailable("store is away")
        self.flushes += 1


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
async def client(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(status_router(node.operations))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
def root_level() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


async def test_the_version_is_one_that_grafana_knows(client: httpx.AsyncClient) -> None:
    told = (await client.get("/loki/api/v1/status/buildinfo")).json()
    assert told["version"].startswith("3.")
    assert set(told) == {"version", "revision", "branch", "buildDate", "buildUser", "goVersion"}


async def test_a_node_is_ready_or_says_why_not(client: httpx.AsyncClient, node: Node) -> None:
    assert (await client.get("/ready")).text == "ready\n"
    node.reason = "Ingester not ready: replaying"
    response = await client.get("/ready")
    assert (response.status_code, response.text) == (503, "Ingester not ready: replaying\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/services", "ingester => Running\ndistributor => Starting\n"),
        ("/config", "mode: None\n"),
        ("/config?mode=diff", "mode: diff\n"),
    ],
)
async def test_operators_see_what_the_node_knows(client: httpx.AsyncClient, path: str, text: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.text) == (200, text)


async def test_metrics_are_those_of_the_registry(client: httpx.AsyncClient) -> None:
    assert "lgtm_events_total 3.0" in (await client.get("/metrics")).text


async def test_a_flush_is_started_or_waited_for(client: httpx.AsyncClient, node: Node) -> None:
    for flushes, (method, path) in enumerate([("GET", "/flush"), ("POST", "/flush"), ("POST", "/flush/tenant")], start=1):
        assert (await client.request(method, path)).status_code == 204
        assert node.flushes == flushes


async def test_a_flush_that_is_waited_for_tells_that_it_failed(client: httpx.AsyncClient, node: Node) -> None:
    node.broken = True
    response = await client.post("/flush/tenant")
    assert (response.status_code, response.text) == (503, "store is away\n")


@pytest.mark.usefixtures("root_level")
async def test_the_log_level_can_be_read_and_changed(client: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post("/log_level", content="log_level=error", headers=form)).json()["status"] == "success"
    assert (await client.get("/log_level")).json() == {"message": "Current log level is error"}
    response = await client.post("/log_level?log_level=loud")
    assert (response.status_code, response.json()["message"]) == (400, 'unrecognized log level "loud"')

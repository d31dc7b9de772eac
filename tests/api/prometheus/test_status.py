"""What the server says of itself. It needs no tenant."""

from __future__ import annotations

import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.operations import Reloaded
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.prometheus.status import PROMETHEUS_VERSION, flags
from lgtm.errors import BadRequest
from lgtm.model.limits import Limits
from lgtm.promql.features import Features


@pytest.mark.parametrize("prefix", ["", "/prometheus"])
async def test_clients_are_told_the_version(server: PrometheusServer, prefix: str) -> None:
    response = await server.get(f"{prefix}/api/v1/status/buildinfo", headers={"X-Scope-OrgID": None})
    assert response.headers["content-type"] == "application/json"
    assert (response.json()["data"]["version"], response.json()["data"]["revision"]) == (PROMETHEUS_VERSION, "abc")


async def test_settings_are_yaml(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/status/config") == {"yaml": "mode: None\n"}


async def test_the_log_has_been_replayed_before_anything_is_answered(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/status/walreplay") == {"min": 0, "max": 0, "current": 0}


async def test_the_process_tells_since_when_it_runs(server: PrometheusServer) -> None:
    told = await server.data("/api/v1/status/runtimeinfo")
    assert told["startTime"] == told["serverTime"] == "2026-11-20T11:00:00Z"
    assert told["storageRetention"] == "15d"


def test_settings_have_the_names_of_flags() -> None:
    told = flags(PrometheusApiConfig(lookback_ms=90_000, admin_enabled=True, experimental=False), Limits())
    assert (told["query.lookback-delta"], told["web.enable-admin-api"], told["enable-feature"]) == ("1m30s", "true", "")
    assert flags(PrometheusApiConfig(), Limits())["enable-feature"].split(",") == Features().flags


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_node_is_healthy_while_it_answers_and_ready_when_it_takes_requests(server: PrometheusServer, method: str) -> None:
    assert [(await server.ask(method, f"/-/{name}")).status_code for name in ("healthy", "ready")] == [200, 200]
    server.reason = "starting"
    assert [(await server.ask(method, f"/-/{name}")).status_code for name in ("healthy", "ready")] == [200, 503]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_can_be_reloaded_is(server: PrometheusServer, method: str) -> None:
    await server.clock.advance(5)
    response = await server.ask(method, "/-/reload", headers={"X-Scope-OrgID": None})
    assert (response.status_code, response.text) == (200, "")
    told = await server.data("/api/v1/status/runtimeinfo")
    assert (told["reloadConfigSuccess"], told["lastConfigTime"]) == (True, "2026-11-20T11:00:05Z")


async def test_a_reload_that_fails_says_why(server: PrometheusServer) -> None:
    server.reload_error, server.reloaded = BadRequest("scrape.yml: is no YAML"), Reloaded(is_well=False)
    response = await server.ask("POST", "/-/reload")
    assert (response.status_code, response.text) == (500, "failed to reload config: scrape.yml: is no YAML\n")
    told = await server.data("/api/v1/status/runtimeinfo")
    assert (told["reloadConfigSuccess"], told["lastConfigTime"]) == (False, told["startTime"])


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_nobody_can_end_the_process(server: PrometheusServer, method: str) -> None:
    response = await server.ask(method, "/-/quit", headers={"X-Scope-OrgID": None})
    assert (response.status_code, response.text) == (403, "Lifecycle API is not enabled.")

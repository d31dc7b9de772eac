"""One port answers every API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from app.nodes import node_in
from lgtm.api.bodies import Bodies
from lgtm.api.metrics import PushMetrics
from lgtm.api.tenancy import Tenancy
from lgtm.app.build import Node
from lgtm.app.http import http_app, otlp_app, query_sides, receivers
from lgtm.model.tenant import DEFAULT_TENANT
from support.samples import decoded_samples, metric


@asynccontextmanager
async def clients(
    directory: Path, stop: asyncio.Event | None = None, **settings: str
) -> AsyncIterator[tuple[Node, httpx.AsyncClient, httpx.AsyncClient]]:
    """A node, a client of its main port and one of its OTLP port."""
    async with node_in(directory, clock=None, **settings) as node:
        tenancy, bodies, metrics = Tenancy(enabled=False), Bodies(node.config.push), PushMetrics(node.registry)
        sides = query_sides(node, tenancy)
        taken = receivers(node, tenancy, bodies, metrics)
        main = httpx.ASGITransport(http_app(node, tenancy, bodies, metrics, taken, sides, stop or asyncio.Event()))
        otlp = httpx.ASGITransport(otlp_app(taken))
        try:
            async with (
                httpx.AsyncClient(transport=main, base_url="http://a") as first,
                httpx.AsyncClient(transport=otlp, base_url="http://b") as other,
            ):
                yield node, first, other
        finally:
            bodies.close()
            sides.close()


RECORD = {"timeUnixNano": "1779962400000000000", "body": {"stringValue": "over otlp"}}
EXPORT = {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"logRecords": [RECORD]}]}]}
PUSH = {"streams": [{"stream": {"app": "a"}, "values": [["1779962400000000001", "over loki push"]]}]}


async def test_what_comes_in_by_any_door_is_found_by_one_query(tmp_path: Path) -> None:
    async with clients(tmp_path) as (_, main, otlp):
        assert (await main.post("/loki/api/v1/push", json=PUSH)).status_code == 204
        assert (await main.post("/otlp/v1/logs", json=EXPORT)).status_code == 204
        assert (await otlp.post("/v1/logs", json=EXPORT)).status_code == 200
        asked = {"query": '{service_name=~".+"}', "start": "1779962400", "end": "1779962401"}
        found = (await main.get("/loki/api/v1/query_range", params=asked)).json()["data"]["result"]
    assert sorted(line for stream in found for _, line in stream["values"]) == ["over loki push", "over otlp"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/ready", 200, "ready"),
        ("/services", 200, "ingester => Running"),
        ("/metrics", 200, "lgtm_ingester_head_rows 0.0"),
        ("/loki/api/v1/status/buildinfo", 200, "version"),
        ("/-/ready", 200, "Ready"),
        ("/prometheus/-/healthy", 200, "Healthy"),
        ("/prometheus/api/v1/status/buildinfo", 200, "3.14"),
        ("/api/v1/status/config", 200, "data_dir"),
        ("/api/v1/query?query=1%2B1", 200, '"2"'),
        ("/api-docs", 200, "openapi.json"),
        ("/nowhere", 404, ""),
    ],
)
async def test_the_node_tells_about_itself(tmp_path: Path, path: str, status: int, text: str) -> None:
    async with clients(tmp_path) as (_, main, _):
        answer = await main.get(path)
    assert answer.status_code == status
    assert text in answer.text


async def test_samples_are_found_under_both_prefixes(tmp_path: Path) -> None:
    async with clients(tmp_path) as (node, main, _):
        await node.distributor.push_samples(DEFAULT_TENANT, decoded_samples([(metric("up", job="a"), 60_000, 1.5)]))
        for prefix in ("", "/prometheus"):
            data = (await main.get(f"{prefix}/api/v1/query", params={"query": "sum(up)", "time": "60"})).json()["data"]
            assert data == {"resultType": "vector", "result": [{"metric": {}, "value": [60, "1.5"]}]}


async def test_settings_are_shown_as_the_file_would_say_them(tmp_path: Path) -> None:
    async with clients(tmp_path) as (node, main, _):
        shown = yaml.safe_load((await main.get("/config")).text)
        changed = yaml.safe_load((await main.get("/config", params={"mode": "diff"})).text)
    assert shown["data_dir"] == changed["data_dir"] == node.config.data_dir
    assert shown["limits"]["query_timeout"] == "1m"
    assert "limits" not in changed


async def test_a_node_that_stops_is_not_ready_any_more(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with clients(tmp_path, stop) as (_, main, _):
        stop.set()
        answer = await main.get("/ready")
    assert (answer.status_code, answer.text) == (503, "Application is stopping\n")


async def test_a_node_that_does_not_know_its_blocks_is_not_ready_yet(tmp_path: Path) -> None:
    async with clients(tmp_path) as (node, main, _):
        node.catalogue.is_loaded = False
        answer = await main.get("/ready")
    assert answer.status_code == 503
    assert "list of blocks" in answer.text


async def test_what_is_scraped_is_told_and_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text("scrape_configs: [{job_name: j}]", encoding="utf-8")
    async with clients(tmp_path / "data", scrape__config_file=str(file)) as (_, main, _):
        config = await main.get("/api/v1/scrape_pools/config", params={"scrapePool": "j"})
        assert config.json()["data"] == {"yaml": "job_name: j\n"}
        assert (await main.post("/-/reload")).status_code == 200
        file.write_text("scrape_configs: [{}]", encoding="utf-8")
        answer = await main.post("/prometheus/-/reload")
        assert (answer.status_code, "job_name is empty" in answer.text) == (500, True)
        assert (await main.get("/api/v1/status/runtimeinfo")).json()["data"]["reloadConfigSuccess"] is False
        config = await main.get("/api/v1/scrape_pools/config", params={"scrapePool": "j"})
        assert config.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/api/v1/nope", 404, "404 page not found\n"),
        ("GET", "/loki/nope", 404, "404 page not found\n"),
        ("GET", "/loki/api/v1/push", 405, "Method Not Allowed\n"),
        ("DELETE", "/api/v1/query", 405, "Method Not Allowed\n"),
    ],
)
async def test_what_nobody_answers_is_said_in_plain_text(tmp_path: Path, method: str, path: str, status: int, text: str) -> None:
    async with clients(tmp_path) as (_, main, otlp):
        for client in (main, otlp) if status == 404 else (main,):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.text, answer.headers["content-type"]) == (status, text, "text/plain; charset=utf-8")
            assert ("allow" in answer.headers) == (status == 405)


async def test_a_prometheus_has_its_metrics_below_its_prefix(tmp_path: Path) -> None:
    async with clients(tmp_path) as (_, main, _):
        pages = [await main.get(f"{prefix}/metrics") for prefix in ("", "/prometheus")]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].headers["content-type"] == pages[1].headers["content-type"]


async def test_long_answers_are_compressed(tmp_path: Path) -> None:
    async with clients(tmp_path) as (_, main, _):
        answer = await main.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")

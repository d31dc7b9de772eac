"""What is scraped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.scraping import ActiveTarget, DroppedTarget, NothingScraped, TenantTargets
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.wire.decoded_samples import Metadata

DESCRIPTIONS = [Metadata("up_total", "counter", "Ups.", ""), Metadata("seats", "gauge", "Seats.", "seats")]
SCRAPED = TenantTargets(
    ["api", "node"],
    [
        ActiveTarget(
            pool="api",
            url="http://a:80/metrics",
            labels=(("instance", "a:80"), ("job", "api")),
            discovered=(("__address__", "a:80"),),
            health="down",
            last_error="connection refused",
            last_scrape_ns=1_500_000_000,
            last_scrape_s=0.25,
            interval_ns=15_000_000_000,
            timeout_ns=10_000_000_000,
            metadata=DESCRIPTIONS,
        ),
        ActiveTarget(pool="node", url="http://n:80/metrics", labels=(("instance", "n:80"), ("job", "node")), metadata=DESCRIPTIONS[:1]),
    ],
    [DroppedTarget("api", (("__address__", "b:80"),)), DroppedTarget("api", (("__address__", "c:80"),))],
    {"api": 7, "node": 0},
)


@pytest.fixture
def scraping() -> Iterator[PrometheusServer]:
    server = PrometheusServer(targets=SCRAPED)
    yield server
    server.side.close()


async def test_a_target_is_told_with_its_last_scrape(scraping: PrometheusServer) -> None:
    first, second = (await scraping.data("/api/v1/targets"))["activeTargets"]
    assert first == {
        "discoveredLabels": {"__address__": "a:80"},
        "labels": {"instance": "a:80", "job": "api"},
        "scrapePool": "api",
        "scrapeUrl": "http://a:80/metrics",
        "globalUrl": "http://a:80/metrics",
        "lastError": "connection refused",
        "lastScrape": "1970-01-01T00:00:01.5Z",
        "lastScrapeDuration": 0.25,
        "health": "down",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
    assert (second["health"], second["lastScrape"]) == ("unknown", "0001-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("params", "active", "dropped", "counts"),
    [
        ({}, 2, 2, {"api": 7, "node": 0}),
        ({"state": "any"}, 2, 2, {"api": 7, "node": 0}),
        ({"state": "Active"}, 2, 0, {}),
        ({"state": "dropped"}, 0, 2, {"api": 7, "node": 0}),
        ({"scrapePool": "node"}, 1, 0, {"node": 0}),
        ({"scrapePool": "none"}, 0, 0, {}),
    ],
)
async def test_targets_are_filtered(scraping: PrometheusServer, params: dict[str, str], active: int, dropped: int, counts: dict[str, int]) -> None:
    told = await scraping.data("/api/v1/targets", params)
    assert (len(told["activeTargets"]), len(told["droppedTargets"])) == (active, dropped)
    assert told["droppedTargetCounts"] == counts


async def test_without_scraping_there_are_none(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/targets") == {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
    assert await server.data("/api/v1/scrape_pools") == {"scrapePools": []}


async def test_pools_are_named(scraping: PrometheusServer) -> None:
    assert await scraping.data("/api/v1/scrape_pools") == {"scrapePools": ["api", "node"]}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, [("a:80", "up_total"), ("a:80", "seats"), ("n:80", "up_total")]),
        ({"limit": "1"}, [("a:80", "up_total")]),
        ({"match_target": '{job="node"}'}, [("n:80", "up_total")]),
        ({"metric": "seats"}, [("a:80", None)]),
    ],
)
async def test_targets_describe_their_metrics(scraping: PrometheusServer, params: dict[str, str], told: list[Any]) -> None:
    found = await scraping.data("/api/v1/targets/metadata", params)
    assert [(each["target"]["instance"], each.get("metric")) for each in found] == told


async def test_metadata_that_nobody_has_are_not_found(scraping: PrometheusServer) -> None:
    response = await scraping.get("/api/v1/targets/metadata", {"metric": "nothing"})
    assert (response.status_code, response.json()["error"]) == (404, "specified metadata not found")


async def test_a_job_is_told_as_yaml(scraping: PrometheusServer) -> None:
    assert await scraping.data("/api/v1/scrape_pools/config", {"scrapePool": "api"}) == {"yaml": "job_name: api\n"}


async def test_what_rules_make_of_a_target_is_told(scraping: PrometheusServer) -> None:
    told = await scraping.data("/api/v1/targets/relabel_steps", {"scrapePool": "api", "labels": '{"__address__": "a:80"}'})
    assert told == {"steps": [{"rule": {"action": "replace"}, "output": {"__address__": "a:80"}, "keep": True}]}


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("scrape_pools/config", {}, "no scrapePool parameter provided"),
        ("targets/relabel_steps", {"labels": "{}"}, "no scrapePool parameter provided"),
        ("targets/relabel_steps", {"scrapePool": "api"}, "no labels parameter provided"),
        ("targets/relabel_steps", {"scrapePool": "api", "labels": "{"}, "error parsing labels: "),
        ("targets/relabel_steps", {"scrapePool": "api", "labels": '{"a": 1}'}, "error parsing labels: "),
    ],
)
async def test_questions_about_jobs_that_make_no_sense_are_refused(scraping: PrometheusServer, path: str, params: dict[str, str], error: str) -> None:
    response = await scraping.get(f"/api/v1/{path}", params)
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    assert response.json()["error"].startswith(error)


@pytest.mark.parametrize(("path", "params"), [("scrape_pools/config", {}), ("targets/relabel_steps", {"labels": "{}"})])
async def test_a_job_that_nobody_knows_is_not_found(scraping: PrometheusServer, server: PrometheusServer, path: str, params: dict[str, str]) -> None:
    for each in (scraping, server):
        response = await each.get(f"/api/v1/{path}", {"scrapePool": "x", **params})
        assert (response.status_code, response.json()["errorType"]) == (404, "not_found")
        assert response.json()["error"] == 'scrape pool "x" not found'


async def test_a_target_may_have_been_discovered_without_labels(scraping: PrometheusServer) -> None:
    told = await scraping.data("/api/v1/targets/relabel_steps", {"scrapePool": "api", "labels": "{}"})
    assert told == {"steps": [{"rule": {"action": "replace"}, "output": {}, "keep": True}]}


async def test_without_scraping_there_are_no_targets() -> None:
    assert (await NothingScraped().targets(DEFAULT_TENANT)).active == ()

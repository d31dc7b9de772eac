"""What is scraped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.scraping import ActiveTarget, DroppedTarget, TenantTargets
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
    ("params", "active", "dropped"),
    [
        ({}, 2, 2),
        ({"state": "any"}, 2, 2),
        ({"state": "Active"}, 2, 0),
        ({"state": "dropped"}, 0, 2),
        ({"scrapePool": "node"}, 1, 0),
        ({"scrapePool": "none"}, 0, 0),
    ],
)
async def test_targets_are_filtered(scraping: PrometheusServer, params: dict[str, str], active: int, dropped: int) -> None:
    told = await scraping.data("/api/v1/targets", params)
    assert (len(told["activeTargets"]), len(told["droppedTargets"])) == (active, dropped)
    assert told["droppedTargetCounts"] == ({"api": dropped} if dropped else {})


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

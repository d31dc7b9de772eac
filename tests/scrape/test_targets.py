"""Targets are told of in the form of Prometheus' API."""

from __future__ import annotations

import asyncio

from lgtm.clock import NS_PER_S, ManualClock
from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.config_discovery import StaticConfig
from lgtm.scrape.scraper import Scraper
from lgtm.scrape.targets import NEVER, relabel_steps_data, scrape_pools_data, targets_data
from scrape.fakes import Pages, Remembered, loop_parts, pool_parts

DROP = RelabelRule(action=Action.DROP, source_labels=("__address__",), regex="d")
JOB = ScrapeConfig(job_name="j", interval_ns=10 * NS_PER_S, timeout_ns=5 * NS_PER_S, static=(StaticConfig(("h:1", "d")),), relabel=(DROP,))


async def test_targets_are_told_of_as_prometheus_does() -> None:
    clock = ManualClock()
    scraper = Scraper(pool_parts(loop_parts(clock, Pages(clock), Remembered())), [JOB])
    running = asyncio.ensure_future(scraper.run())
    await clock.advance(0)
    (before,) = targets_data(scraper.views())["activeTargets"]
    assert (before["health"], before["lastScrape"], before["lastError"]) == ("unknown", NEVER, "")
    await clock.advance(10)
    data = targets_data(scraper.views())
    (active,) = data["activeTargets"]
    assert active.pop("lastScrape").startswith("2023-11-14T22:13:2")
    assert active == {
        "discoveredLabels": {
            "__address__": "h:1",
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "__scrape_interval__": "10s",
            "__scrape_timeout__": "5s",
            "job": "j",
        },
        "labels": {"instance": "h:1", "job": "j"},
        "scrapePool": "j",
        "scrapeUrl": "http://h:1/metrics",
        "globalUrl": "http://h:1/metrics",
        "lastError": "",
        "lastScrapeDuration": 0.0,
        "health": "up",
        "scrapeInterval": "10s",
        "scrapeTimeout": "5s",
    }
    (dropped,) = data["droppedTargets"]
    assert (dropped["discoveredLabels"]["__address__"], dropped["scrapePool"], data["droppedTargetCounts"]) == ("d", "j", {"j": 1})
    views = scraper.views()
    assert targets_data(views, state="active")["droppedTargets"] == []
    assert targets_data(views, state="dropped")["activeTargets"] == []
    assert targets_data(views, scrape_pool="other") == {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
    assert scrape_pools_data(views) == {"scrapePools": ["j"]}
    running.cancel()
    await asyncio.wait([running])


def test_relabelling_is_told_step_by_step() -> None:
    job = ScrapeConfig(job_name="j", relabel=(RelabelRule(target_label="a", replacement="b"), DROP, RelabelRule(target_label="c")))
    first, last = relabel_steps_data(job, {"__address__": "d"})["steps"]
    assert (first["keep"], first["output"]["a"], first["rule"]["action"]) == (True, "b", "replace")
    assert (last["keep"], last["output"]) == (False, {})

"""Gauges are read when they are asked for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from lgtm.scrape.metrics import ScrapeMetrics


def test_targets_are_counted_by_state_at_the_moment() -> None:
    registry, counts = CollectorRegistry(), {"up": 1}
    ScrapeMetrics(registry).watch(lambda: counts)
    counts["up"] = 2
    assert registry.get_sample_value("lgtm_scrape_targets", {"state": "up"}) == 2
    assert registry.get_sample_value("lgtm_scrape_targets", {"state": "elsewhere"}) == 0

"""What scraping tells about itself. How single targets do, `up` and its relatives say, which are samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

OK, TIMEOUT, UNREACHABLE, STATUS, LIMIT, MALFORMED = "ok", "timeout", "unreachable", "status", "limit", "malformed"
OUTCOMES = (OK, TIMEOUT, UNREACHABLE, STATUS, LIMIT, MALFORMED)
STATES = ("up", "down", "unknown", "elsewhere", "dropped")
"""elsewhere: another node scrapes it. dropped: relabelled away."""
MECHANISMS = ("file", "http", "dns", "ec2", "ecs", "nodes")
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class ScrapeMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.scrapes = Counter("lgtm_scrape_scrapes_total", f"Scrapes by outcome: {', '.join(OUTCOMES)}.", ["outcome"], registry=registry)
        self.seconds = Histogram("lgtm_scrape_duration_seconds", "From asking to knowing the page.", buckets=_BUCKETS_S, registry=registry)
        self.samples = Counter("lgtm_scrape_samples_total", "Samples on pages, before relabelling.", registry=registry)
        self.body_bytes = Counter("lgtm_scrape_body_bytes_total", "Bytes of pages, decompressed.", registry=registry)
        self.not_stored = Counter("lgtm_scrape_append_failures_total", "Scrapes whose samples were not stored, `up` among them.", registry=registry)
        self.discovery_failures = Counter(
            "lgtm_scrape_discovery_failures_total", "Times that targets could not be discovered.", ["mechanism"], registry=registry
        )
        self._targets = Gauge("lgtm_scrape_targets", f"Targets by state: {', '.join(STATES)}.", ["state"], registry=registry)
        for outcome in OUTCOMES:
            self.scrapes.labels(outcome)
        for mechanism in MECHANISMS:
            self.discovery_failures.labels(mechanism)

    def watch(self, targets: Callable[[], Mapping[str, int]]) -> None:
        """Reads the gauge whenever it is asked for. targets: how many are in each state."""
        for state in STATES:
            self._targets.labels(state).set_function(lambda state=state: targets().get(state, 0))  # type: ignore[misc]

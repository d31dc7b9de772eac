"""Spans that fall to this node become samples that can be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from lgtm.app.span_metrics import SpanMetricsFeed, SpanMetricsSettings
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.errors import Unavailable
from lgtm.model.part import Part, PartId
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.wire.decoded_samples import DecodedSamples
from support.spans import span, spans_batch

NOW_NS = 1_790_000_000 * NS_PER_S
BOTH = SpanMetricsSettings(processors=("span-metrics", "service-graphs"))


class Pushed:
    def __init__(self) -> None:
        self.requests: list[DecodedSamples] = []
        self.error: Exception | None = None

    async def __call__(self, tenant: Tenant, decoded: DecodedSamples) -> None:
        assert tenant == DEFAULT_TENANT
        if self.error is not None:
            raise self.error
        self.requests.append(decoded)

    def values(self, name: str) -> dict[str, float]:
        """The last value of each series with the name, by `span_name` or by the two ends of an edge."""
        found: dict[str, float] = {}
        for decoded in self.requests:
            rows = decoded.rows.to_pylist()
            for row in rows:
                labels = dict(decoded.labels_of(row["series"]))
                if labels["__name__"] == name:
                    assert labels["lgtm_node"] == "me"
                    found[labels.get("span_name") or f"{labels['client']}>{labels['server']}"] = row["value"]
        return found


def feed_of(pushed: Pushed, settings: SpanMetricsSettings = BOTH) -> SpanMetricsFeed:
    return SpanMetricsFeed("me", pushed, settings, ManualClock(NOW_NS), CollectorRegistry())


def part(number: int, *owners: str, name: str = "get", **fixed: Any) -> Part:
    made = span("shop", NOW_NS - 10**6, number, number, name=name, duration_ns=10**6, **fixed)
    return Part(PartId(b"w" * 16, 1, number), owners, spans_batch([made]))


async def test_a_part_is_counted_by_its_primary_alone() -> None:
    pushed = Pushed()
    feed = feed_of(pushed)
    for number, owners in enumerate([("me", "other"), ("other", "me"), ("me", "other")], 1):
        feed.offer(part(number, *owners))
    await feed.collect()
    assert pushed.values("traces_spanmetrics_calls_total") == {"get": 2}
    feed.offer(part(9, "me"))
    await feed.collect()
    assert pushed.values("traces_spanmetrics_calls_total") == {"get": 3}


async def test_both_ends_of_a_call_are_an_edge() -> None:
    pushed = Pushed()
    feed = feed_of(pushed)
    client = span("web", NOW_NS - 10**7, 1, 1, kind=3, duration_ns=10**7)
    server = span("shop", NOW_NS - 10**6, 1, 2, kind=2, duration_ns=10**6, parent_id=(1).to_bytes(8))
    for number, one in enumerate((client, server)):
        feed.offer(Part(PartId(b"w" * 16, 1, number), ("me",), spans_batch([one])))
    await feed.collect()
    assert pushed.values("traces_service_graph_request_total") == {"web>shop": 1}


async def test_what_could_not_be_stored_is_in_the_next_collection() -> None:
    pushed = Pushed()
    feed = feed_of(pushed)
    feed.offer(part(1, "me"))
    pushed.error = Unavailable("disk full")
    await feed.collect()
    pushed.error = None
    await feed.collect()
    assert pushed.values("traces_spanmetrics_calls_total") == {"get": 1}


async def test_waiting_spans_and_tenants_are_bounded() -> None:
    pushed = Pushed()
    feed = feed_of(pushed, SpanMetricsSettings(processors=("span-metrics",), waiting_bytes_max=100))
    for number in range(1, 9):
        feed.offer(part(number, "me"))
    await feed.collect()
    (counted,) = pushed.values("traces_spanmetrics_calls_total").values()
    assert 0 < counted < 8


def test_settings_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no host-info"):
        SpanMetricsSettings(processors=("host-info",))
    with pytest.raises(ValueError, match="collect_interval_s"):
        SpanMetricsSettings(collect_interval_s=0)

"""Pushes are counted by route and answer; each registry has its own collectors."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from lgtm.api.metrics import PushMetrics


def test_a_push_is_counted_once_for_each_thing_it_is() -> None:
    registry = CollectorRegistry()
    metrics = PushMetrics(registry)
    PushMetrics(CollectorRegistry())
    metrics.received("/push", 100)
    metrics.decoded("/push", 3)
    metrics.answered("/push", "204", 0.01)
    assert registry.get_sample_value("lgtm_api_push_body_bytes_total", {"route": "/push"}) == 100
    assert registry.get_sample_value("lgtm_api_push_rows_total", {"route": "/push"}) == 3
    assert registry.get_sample_value("lgtm_api_push_requests_total", {"route": "/push", "status": "204"}) == 1
    assert registry.get_sample_value("lgtm_api_push_seconds_count", {"route": "/push"}) == 1

"""Defaults are Tempo's, and settings that make no sense are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lgtm.spanmetrics.config import (
    AttributeMatch,
    FilterPolicy,
    GeneratorConfig,
    IntrinsicDimensions,
    PolicyMatch,
    ServiceGraphsConfig,
    SpanMetricsConfig,
)


def test_the_defaults_are_those_of_tempo_but_for_a_limit_on_series() -> None:
    config = GeneratorConfig()
    assert (config.processors, config.ingestion_slack_s, config.stale_after_s, config.max_active_series) == ((), 30, 900, 200_000)
    metrics, graphs = config.span_metrics, config.service_graphs
    assert metrics.histogram_buckets_s == (0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384)
    assert metrics.intrinsic_dimensions == IntrinsicDimensions(service=True, span_name=True, span_kind=True, status_code=True, status_message=False)
    assert (metrics.count, metrics.latency, metrics.size, metrics.enable_target_info) == (True, True, True, False)
    assert graphs.histogram_buckets_s == (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
    assert (graphs.wait_s, graphs.max_items) == (10, 10_000)
    assert graphs.database_name_attributes == ("db.namespace", "db.name", "db.system", "db.system.name")
    assert graphs.peer_attributes == ("peer.service", "db.name", "db.system", "db.system.name")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: AttributeMatch("duration", "1s"), "not duration"),
        (lambda: PolicyMatch("glob", ()), "invalid match type: glob"),  # type: ignore[arg-type]
        (lambda: PolicyMatch("regex", (AttributeMatch("span.x", 1),)), "values of a policy of match type regex are texts"),
        (lambda: FilterPolicy(), "at least one of"),
        (lambda: SpanMetricsConfig(histogram_buckets_s=(1.0, 1.0)), "span_metrics.histogram_buckets_s must be finite and ascending"),
        (lambda: SpanMetricsConfig(histogram_buckets_s=()), "span_metrics.histogram_buckets_s"),
        (lambda: ServiceGraphsConfig(histogram_buckets_s=(1.0, float("inf"))), "service_graphs.histogram_buckets_s"),
        (lambda: ServiceGraphsConfig(wait_s=0), "service_graphs.wait_s"),
        (lambda: GeneratorConfig(processors=("host-info",)), "unknown processors: host-info"),  # type: ignore[arg-type]
        (lambda: GeneratorConfig(stale_after_s=0), "stale_after_s"),
        (lambda: GeneratorConfig(max_active_series=-1), "max_active_series"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make()

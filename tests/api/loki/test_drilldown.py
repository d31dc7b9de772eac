"""Limits are shown under Loki's names and in its units."""

from __future__ import annotations

import dataclasses

import yaml

from api.loki.query_server import QueryServer
from lgtm.api.loki.drilldown import limits_by_name
from lgtm.model.limits import DAY_NS, Limits


def test_durations_are_text_without_a_unit_in_the_name() -> None:
    named = limits_by_name(Limits(retention_period_ns=7 * DAY_NS))
    assert (named["retention_period"], named["max_query_length"], named["query_timeout"], named["max_query_lookback"]) == ("1w", "30d1h", "1m", "0s")
    assert len(named) == len(dataclasses.fields(Limits))


async def test_the_limits_of_the_tenant_are_yaml(server: QueryServer) -> None:
    server.engine.limits_of_all = Limits(max_query_series=7)
    response = await server.get("/config/tenant/v1/limits")
    assert yaml.safe_load(response.text) == limits_by_name(server.engine.limits_of_all)


async def test_drilldown_sees_the_limits_it_knows(server: QueryServer) -> None:
    answer = (await server.get("/loki/api/v1/drilldown-limits")).json()
    assert set(answer) == {"limits", "pattern_ingester_enabled", "version"}
    assert answer["version"].startswith("3.")
    assert set(answer["limits"]) == {
        "discover_log_levels", "discover_service_name", "log_level_fields", "max_entries_limit_per_query", "max_line_size_truncate",
        "max_query_bytes_read", "max_query_length", "max_query_lookback", "max_query_range", "max_query_series", "metric_aggregation_enabled",
        "otlp_config", "pattern_persistence_enabled", "query_timeout", "retention_period", "retention_stream", "volume_enabled", "volume_max_series",
    }  # fmt: skip

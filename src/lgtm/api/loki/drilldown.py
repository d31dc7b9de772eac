"""A tenant's limits: as YAML for people, and those that Grafana's Logs Drilldown asks for as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml
from starlette.responses import Response

from lgtm.api.loki.encode import dump
from lgtm.api.loki.side import Call, QuerySide, json_answer
from lgtm.api.loki.status import LOKI_VERSION
from lgtm.model.limits import Limits
from lgtm.parsing.durations import format_duration

_NS = "_ns"
DRILLDOWN_LIMITS = (
    "discover_log_levels",
    "discover_service_name",
    "log_level_fields",
    "max_entries_limit_per_query",
    "max_line_size_truncate",
    "max_query_bytes_read",
    "max_query_length",
    "max_query_lookback",
    "max_query_range",
    "max_query_series",
    "query_timeout",
    "retention_period",
    "volume_enabled",
    "volume_max_series",
)
"""Of our own limits, those that Drilldown may see."""

_NOT_OURS = {"metric_aggregation_enabled": False, "pattern_persistence_enabled": False, "retention_stream": []}


async def drilldown_limits(side: QuerySide, call: Call) -> Response:
    limits = limits_by_name(side.engine.limits(call.tenant))
    shown = {name: limits[name] for name in DRILLDOWN_LIMITS} | _NOT_OURS
    shown["otlp_config"] = {"resource_attributes": {"attributes_config": [{"action": "index_label", "attributes": limits["otlp_index_attributes"]}]}}
    # Patterns are found when they are asked for, so there is no ingester to enable and Drilldown may always ask.
    return json_answer(dump({"limits": shown, "pattern_ingester_enabled": True, "version": LOKI_VERSION}))


async def tenant_limits(side: QuerySide, call: Call) -> Response:
    text = yaml.safe_dump(limits_by_name(side.engine.limits(call.tenant)), sort_keys=True)
    return Response(text, media_type="text/plain")


def limits_by_name(limits: Limits) -> dict[str, Any]:
    """Under Loki's names: durations as text, without the unit in the name."""
    named: dict[str, Any] = {}
    for each in dataclasses.fields(limits):
        value = getattr(limits, each.name)
        if each.name.endswith(_NS):
            named[each.name.removesuffix(_NS)] = format_duration(value)
        else:
            named[each.name] = list(value) if isinstance(value, tuple) else value
    return named

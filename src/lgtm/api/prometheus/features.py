"""`/api/v1/features`: what this server can do, by the names that Prometheus gives to such things."""

from __future__ import annotations

from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.promql.features import Features
from lgtm.promql.functions import FUNCTIONS
from lgtm.promql.syntax import AGGREGATIONS, ARITHMETIC, COMPARISONS, EXPERIMENTAL_AGGREGATIONS, SET_OPERATORS, TRIMS

_ALWAYS = (
    "at_modifier",
    "bool",
    "by",
    "duration_expr",
    "group_left",
    "group_right",
    "ignoring",
    "negative_offset",
    "offset",
    "on",
    "per_query_lookback_delta",
    "per_step_stats",
    "subqueries",
    "without",
)
_DISCOVERY = ("dns", "ec2", "ecs", "file", "http", "static")


def features(config: PrometheusApiConfig) -> dict[str, dict[str, bool]]:
    """Of what Prometheus lists, the groups that have a meaning here."""
    language = Features.of(experimental=config.experimental)
    return {
        "api": {
            "admin": config.admin_enabled,
            "exclude_alerts": False,
            "label_values_match": True,
            "lifecycle": False,
            "otlp_write_receiver": True,
            "query_stats": True,
            "query_warnings": True,
            "remote_write_receiver": True,
            "time_range_labels": True,
            "time_range_series": True,
        },
        "promql": dict.fromkeys(_ALWAYS, True)
        | dict.fromkeys(("anchored", "smoothed"), language.extended_ranges)
        | dict.fromkeys(("fill", "fill_left", "fill_right"), language.fill)
        | {"delayed_name_removal": language.delayed_name_removal, "type_and_unit_labels": language.type_and_unit_labels},
        "promql_functions": {name: language.functions or not function.experimental for name, function in sorted(FUNCTIONS.items())},
        "promql_operators": dict.fromkeys((*ARITHMETIC, *COMPARISONS, *SET_OPERATORS, *TRIMS, "=~", "!~", "@"), True)
        | {name: language.functions or name not in EXPERIMENTAL_AGGREGATIONS for name in AGGREGATIONS},
        "scrape": {"extra_scrape_metrics": True, "type_and_unit_labels": False},
        "service_discovery_providers": dict.fromkeys(_DISCOVERY, True),
        "tsdb": {"exemplar_storage": True, "native_histograms": True},
    }

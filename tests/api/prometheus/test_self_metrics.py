"""Families of metrics as JSON of their protobuf messages."""

from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.self_metrics import self_metrics

PATH = "/api/v1/status/self_metrics"


def test_each_kind_has_its_own_form() -> None:
    registry = CollectorRegistry()
    Counter("asked", "Questions.", ["path"], registry=registry).labels("/a").inc(3)
    Gauge("level", "Of water.", registry=registry).set(math.inf)
    Histogram("took_seconds", "Time.", buckets=(0.5, 1), registry=registry).observe(0.75)
    Summary("size", "Bytes.", registry=registry).observe(7)
    assert self_metrics(registry.collect()) == [
        {
            "name": "asked_total",
            "help": "Questions.",
            "type": "COUNTER",
            "metric": [{"label": [{"name": "path", "value": "/a"}], "counter": {"value": 3.0}}],
        },
        {"name": "level", "help": "Of water.", "type": "GAUGE", "metric": [{"gauge": {"value": "Infinity"}}]},
        {"name": "size", "help": "Bytes.", "type": "SUMMARY", "metric": [{"summary": {"sampleCount": "1", "sampleSum": 7.0, "quantile": []}}]},
        {
            "name": "took_seconds",
            "help": "Time.",
            "type": "HISTOGRAM",
            "metric": [
                {
                    "histogram": {
                        "sampleCount": "1",
                        "sampleSum": 0.75,
                        "bucket": [{"cumulativeCount": "0", "upperBound": 0.5}, {"cumulativeCount": "1", "upperBound": 1.0}],
                    }
                }
            ],
        },
    ]


def test_a_family_without_values_is_told_without_them() -> None:
    registry = CollectorRegistry()
    Counter("asked", "Questions.", ["path"], registry=registry)
    assert self_metrics(registry.collect()) == [{"name": "asked_total", "help": "Questions.", "type": "COUNTER", "metric": []}]


@pytest.mark.parametrize(("pattern", "names"), [("a.*", ["a_level"]), ("level", []), (".*level", ["a_level", "b_level"])])
async def test_a_pattern_has_to_match_the_whole_name(server: PrometheusServer, pattern: str, names: list[str]) -> None:
    for name in ("a_level", "b_level"):
        Gauge(name, "", registry=server.registry)
    told = await server.data(PATH, {"metric_name_pattern": pattern})
    assert [family["name"] for family in told] == names


async def test_without_a_pattern_all_are_told(server: PrometheusServer) -> None:
    names = [family["name"] for family in await server.data(PATH)]
    assert names
    assert names == sorted(names)


async def test_a_pattern_that_is_none_is_refused(server: PrometheusServer) -> None:
    response = await server.get(PATH, {"metric_name_pattern": "("})
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    assert response.json()["error"].startswith('invalid parameter "metric_name_pattern": ')

"""Exemplars of the series that a query reads."""

from __future__ import annotations

import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.engine import FoundExemplar
from lgtm.api.prometheus.exemplars import selectors_of
from lgtm.promql.parser import parse


@pytest.mark.parametrize(
    ("query", "selectors"),
    [
        ("1 + 2", []),
        ("a + b", [['__name__="a"'], ['__name__="b"']]),
        ("a + a", [['__name__="a"']]),
        ('topk(scalar(k), rate(a{x="1"}[5m:1m]))', [['x="1"', '__name__="a"'], ['__name__="k"']]),
    ],
)
def test_every_selector_of_a_query_counts_once(query: str, selectors: list[list[str]]) -> None:
    assert [list(map(str, matchers)) for matchers in selectors_of(parse(query))] == selectors


async def test_values_are_text_and_times_seconds(server: PrometheusServer) -> None:
    labels = (("__name__", "a"),)
    server.engine.found_exemplars = {labels: [FoundExemplar((("trace_id", "1"),), 1e-7, 1_500)]}
    assert await server.data("/api/v1/query_exemplars", {"query": "rate(a[5m])"}) == [
        {"seriesLabels": {"__name__": "a"}, "exemplars": [{"labels": {"trace_id": "1"}, "value": "1e-07", "timestamp": 1.5}]}
    ]


async def test_a_query_that_reads_nothing_is_answered_with_nothing(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/query_exemplars", {"query": "1"})
    assert (response.status_code, response.content) == (204, b"")


async def test_a_range_ends_after_it_starts(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/query_exemplars", {"query": "a", "start": "2", "end": "1"})
    assert (response.status_code, response.json()["error"]) == (400, "end timestamp must not be before start timestamp")

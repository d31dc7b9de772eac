"""Recorded requests are answered as Prometheus answered them, under both prefixes, and every route is documented."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from api.prometheus.comparing import disagreement
from api.prometheus.prometheus_server import PrometheusServer, read_lines
from lgtm.api.prometheus.routes import FEDERATE, PARAMETERS, ROUTES, Entry

AREAS = {
    "annotations": 14,
    "exec_error": 11,
    "exemplars": 13,
    "format_query": 28,
    "http": 16,
    "label_values": 24,
    "labels": 14,
    "limits": 18,
    "metadata": 12,
    "number_format": 22,
    "params": 15,
    "parse_error": 44,
    "parse_query": 18,
    "query": 73,
    "query_range": 21,
    "series": 27,
    "status": 15,
    "time_format": 30,
}
"""How many of each area agree: all of them."""


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for case in read_lines("cases.jsonl.gz"):
        found.setdefault(case["area"], []).append(case)
    return found


def test_every_area_is_asked() -> None:
    assert {area: len(found) for area, found in cases().items()} == AREAS


@pytest.mark.parametrize("area", AREAS)
async def test_recorded_requests_are_answered_as_prometheus_answered_them(recorded: PrometheusServer, area: str) -> None:
    verdicts = {case["id"]: await _verdict(recorded, case) for case in cases()[area]}
    assert {name: why for name, why in verdicts.items() if why} == {}


async def _verdict(server: PrometheusServer, case: Mapping[str, Any]) -> str:
    response = await server.ask(case["method"], case["path"], case.get("params"), case.get("headers"), case.get("body"))
    return disagreement(case, response)


@pytest.mark.parametrize("path", ["/api/v1/query?query=1&time=0", "/api/v1/labels", "/api/v1/rules", "/federate"])
async def test_both_prefixes_have_the_same_routes(recorded: PrometheusServer, path: str) -> None:
    assert (await recorded.get(path)).content == (await recorded.get(f"/prometheus{path}")).content


def test_every_parameter_is_documented_once(server: PrometheusServer) -> None:
    told = server.app.openapi()["paths"]
    for entry in ROUTES:
        methods = told[entry.path.replace(":path", "")]
        assert list(methods) == [entry.methods[0].lower()]
        documented = [each for each in methods[entry.methods[0].lower()]["parameters"] if each["in"] == "query"]
        assert [each["name"] for each in documented] == list(entry.parameters)
        assert all(each["description"] for each in documented)
    assert set(PARAMETERS) == {name for entry in [*ROUTES, FEDERATE] for name in entry.parameters}


@pytest.mark.parametrize("entry", ROUTES, ids=lambda entry: entry.path)
async def test_other_methods_are_refused_and_options_answered(server: PrometheusServer, entry: Entry) -> None:
    path = entry.path.replace("{name:path}", "job")
    assert (await server.ask("OPTIONS", path)).status_code == 204
    assert (await server.ask("DELETE", path)).status_code == 405

"""Queries at one time and over a range: what the engine is asked, and what is said beside the answer."""

from __future__ import annotations

from typing import Any

import pytest

from api.prometheus.prometheus_server import NOW_MS, MemoryEngine, PrometheusServer
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.promql.features import Features
from lgtm.promql.times import Times
from promql.memory import Memory

RANGE = {"start": "0", "end": "60", "step": "15"}


async def test_a_query_without_a_time_is_for_now(server: PrometheusServer) -> None:
    await server.data("/api/v1/query", {"query": "up"})
    assert server.engine.asked["times"] == Times(NOW_MS, NOW_MS)


async def test_the_engine_is_told_what_the_request_says(server: PrometheusServer) -> None:
    await server.data("/api/v1/query_range", {"query": "up", **RANGE, "timeout": "5s", "lookback_delta": "1m"})
    assert server.engine.asked == {
        "tenant": "conf",
        "times": Times(0, 60_000, 15_000),
        "lookback_ms": 60_000,
        "timeout_s": 5.0,
        "features": Features.of(experimental=True),
    }


async def test_what_the_request_does_not_say_is_left_to_the_settings_and_the_engine() -> None:
    server = PrometheusServer(config=PrometheusApiConfig(lookback_ms=7_000, experimental=False))
    await server.data("/api/v1/query", {"query": "up"})
    asked = server.engine.asked
    assert (asked["lookback_ms"], asked["timeout_s"], asked["features"]) == (7_000, None, Features.of(experimental=False))
    server.side.close()


async def test_a_timeout_of_nothing_is_over_before_anything_is_read(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/query", {"query": "up", "timeout": "-1"})
    assert (response.status_code, response.json()["error"]) == (503, "query timed out in query execution")
    assert server.engine.asked == {}


@pytest.mark.parametrize(
    ("path", "params", "text"),
    [
        ("query", {}, 'invalid parameter "query": unknown position: parse error: no expression found in input'),
        ("query", {"query": "sum("}, 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'),
        ("query", {"query": "sum(", "limit": "x"}, 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'),
        ("query", {"query": "up[5m % 0]"}, 'invalid parameter "query": 1:9: parse error: modulo by zero'),
        (
            "query_range",
            {"query": "up[5m]", **RANGE},
            'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
        ),
        (
            "query_range",
            {"query": '"text"', **RANGE},
            'invalid parameter "query": invalid expression type "string" for range query, must be Scalar or instant Vector',
        ),
        ("query_range", {"query": "up[", **RANGE, "step": "0.001", "end": "11.002"}, ""),
    ],
)
async def test_what_is_wrong_with_the_request_is_bad_data(server: PrometheusServer, path: str, params: dict[str, Any], text: str) -> None:
    response = await server.get(f"/api/v1/{path}", params)
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    assert response.json()["error"].startswith(text)


async def test_what_the_data_do_not_allow_is_told_as_such() -> None:
    server = PrometheusServer(engine_of('a{x="1"} 1\na{x="2"} 1'))
    response = await server.get("/api/v1/query", {"query": "a * on () a", "time": "0"})
    assert (response.status_code, response.json()["errorType"]) == (422, "execution")
    server.side.close()


async def test_warnings_of_the_language_the_limit_and_the_store_stand_together() -> None:
    server = PrometheusServer(engine_of('a{x="1"} 1 2\na{x="2"} 1 2'))
    server.engine.warnings = ("node-2 could not be asked",)
    response = await server.get("/api/v1/query", {"query": "rate(a[5m]) + quantile by (x) (2, a)", "time": "60", "limit": "1", "stats": "1"})
    told = response.json()
    assert len(told["data"]["result"]) == 1
    assert told["warnings"][1:] == [
        "results truncated due to limit",
        'value "1" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
        "node-2 could not be asked",
    ]
    assert told["warnings"][0].startswith("PromQL warning: quantile value should be between 0 and 1, got 2")
    assert told["infos"][0].startswith("PromQL info: metric might not be a counter")
    server.side.close()


async def test_one_step_of_a_range_is_still_a_matrix(server: PrometheusServer) -> None:
    data = await server.data("/api/v1/query_range", {"query": "vector(1)", "start": "5", "end": "5", "step": "15"})
    assert data == {"resultType": "matrix", "result": [{"metric": {}, "values": [[5, "1"]]}]}


async def test_statistics_are_part_of_the_data(server: PrometheusServer) -> None:
    assert "stats" not in await server.data("/api/v1/query", {"query": "1"})
    assert (await server.data("/api/v1/query", {"query": "1", "stats": "all"}))["stats"]["timings"]["execTotalTime"] == 1.75


def engine_of(text: str) -> MemoryEngine:
    engine = MemoryEngine()
    engine.memory = Memory.of(text)
    return engine


@pytest.mark.parametrize(
    ("url", "value"),
    [({}, "3"), ({"query": "7"}, "7")],  # what the URL says comes first, as in Go
)
async def test_a_query_may_be_part_of_a_form(server: PrometheusServer, url: dict[str, str], value: str) -> None:
    body = '--XX\r\nContent-Disposition: form-data; name="query"\r\n\r\n1+2\r\n--XX--\r\n'
    response = await server.ask("POST", "/api/v1/query", url, {"Content-Type": "multipart/form-data; boundary=XX"}, body)
    assert (response.status_code, response.json()["data"]["result"][1]) == (200, value)


async def test_a_form_that_cannot_be_taken_apart_is_an_empty_query(server: PrometheusServer) -> None:
    response = await server.ask("POST", "/api/v1/query", {}, {"Content-Type": "multipart/form-data; boundary=XX"}, "--XX\r\n")
    assert (response.status_code, response.json()["error"]) == (
        400,
        'invalid parameter "query": unknown position: parse error: no expression found in input',
    )

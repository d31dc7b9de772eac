"""Log and metric queries: what reaches the engine, and the kind of answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.loki.query_server import NOW_NS, QueryServer, labels
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.params import Bounds
from lgtm.api.loki.query import aligned, is_scalar
from lgtm.logql.parser import parse
from lgtm.logql.syntax import LogExpr
from lgtm.model.window import Window

S = 10**9
RANGE, INSTANT = "/loki/api/v1/query_range", "/loki/api/v1/query"
FLAGS = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


async def test_a_log_query_passes_its_parameters_on(server: QueryServer) -> None:
    params = {"query": '{app="a"} |= "x"', "start": "10", "end": "20", "limit": "7", "direction": "forward", "interval": "1.5"}
    assert (await server.get(RANGE, params)).status_code == 200
    assert server.engine.asked == {
        "expr": '{app="a"} |= "x"',
        "window": Window(10 * S, 20 * S),
        "limit": 7,
        "forward": True,
        "interval_ns": 1_500_000_000,
        "tenant": "t",
    }


async def test_the_newest_hundred_of_the_last_hour_are_asked_for_unless_told(server: QueryServer) -> None:
    await server.get(RANGE, {"query": '{app="a"}'})
    asked = server.engine.asked
    assert (asked["window"], asked["limit"], asked["forward"]) == (Window(NOW_NS - 3_600 * S, NOW_NS), 100, False)


async def test_entries_are_streams_and_categorized_when_asked(server: QueryServer) -> None:
    server.engine.rows = [(5, "line", labels({"app": "a"}, {"trace_id": "1"}))]
    plain, categorized = await server.get(RANGE, {"query": '{app="a"}'}), await server.get(RANGE, {"query": '{app="a"}'}, FLAGS)
    assert plain.json()["data"]["result"] == [{"stream": {"app": "a", "trace_id": "1"}, "values": [["5", "line"]]}]
    assert categorized.json()["data"]["result"] == [{"stream": {"app": "a"}, "values": [["5", "line", {"structuredMetadata": {"trace_id": "1"}}]]}]
    assert plain.headers["content-type"] == "application/json; charset=UTF-8"


async def test_metric_answers_carry_no_flags(server: QueryServer) -> None:
    for path in (RANGE, INSTANT):
        assert "encodingFlags" not in (await server.get(path, {"query": "vector(1)"}, FLAGS)).json()["data"]


async def test_long_answers_are_the_same_as_short_ones() -> None:
    server = QueryServer(QueryApiConfig(inline_values_max=0))
    server.engine.rows = [(5, "line", labels({"app": "a"}))]
    response = await server.get(RANGE, {"query": '{app="a"}'})
    server.side.close()
    assert response.json()["data"]["result"] == [{"stream": {"app": "a"}, "values": [["5", "line"]]}]


async def test_warnings_of_the_engine_are_passed_on(server: QueryServer) -> None:
    server.engine.warnings = ("partial",)
    for path, query in ((RANGE, '{app="a"}'), (RANGE, "vector(1)"), (INSTANT, "vector(1)")):
        assert (await server.get(path, {"query": query})).json()["warnings"] == ["partial"]


async def test_samples_are_asked_for_at_multiples_of_the_step(server: QueryServer) -> None:
    await server.get(RANGE, {"query": "vector(1)", "start": "130", "end": "290", "step": "1m"})
    assert (server.engine.asked["start_ns"], server.engine.asked["end_ns"], server.engine.asked["step_ns"]) == (120 * S, 300 * S, 60 * S)


@given(st.integers(-(2**62), 2**62), st.integers(0, 2**40), st.integers(1, 2**40))
def test_an_aligned_range_holds_the_range_and_is_less_than_a_step_longer_on_each_side(start: int, length: int, step: int) -> None:
    asked = Bounds(start, start + length)
    found = aligned(asked, step)
    assert found.start_ns % step == found.end_ns % step == 0
    assert 0 <= asked.start_ns - found.start_ns < step
    assert 0 <= found.end_ns - asked.end_ns < step


async def test_an_instant_query_has_the_time_to_the_nanosecond(server: QueryServer) -> None:
    response = await server.get(INSTANT, {"query": "vector(1) + vector(1)", "time": "1795170600123456789"})
    assert server.engine.asked["start_ns"] == server.engine.asked["end_ns"] == 1_795_170_600_123_456_789
    assert server.engine.asked["instant"]
    assert response.json()["data"]["result"] == [{"metric": {}, "value": [1_795_170_600.123, "2"]}]


async def test_grafana_s_test_of_a_data_source_works_whatever_the_time(server: QueryServer) -> None:
    for time in ("4000000000", "1", "9999999999", "-9999999999999999999"):
        response = await server.get(INSTANT, {"query": "vector(1)+vector(1)", "time": time})
        if time.startswith("-"):
            assert response.status_code == 400
        else:
            assert [each["value"][1] for each in response.json()["data"]["result"]] == ["2"]


@pytest.mark.parametrize(
    ("order", "params", "text"),
    [
        (0, {"start": "x"}, "could not parse 'start'"),
        (1, {"start": "20", "end": "10"}, "end timestamp must not be before"),
        (2, {"limit": "x"}, "strconv.Atoi"),
        (3, {"direction": "x"}, "invalid direction"),
        (4, {"step": "x"}, 'cannot parse "x"'),
        (5, {"interval": "x"}, 'cannot parse "x"'),
        (6, {"query": "x"}, "parse error"),
    ],
)
async def test_parameters_are_checked_in_order(server: QueryServer, order: int, params: dict[str, str], text: str) -> None:
    later = [{"start": "20", "end": "10"}, {"limit": "x"}, {"direction": "x"}, {"step": "x"}, {"interval": "x"}, {"query": "x"}]
    broken: dict[str, str] = {}
    for each in reversed(later[order:]):
        broken |= each
    response = await server.get(RANGE, broken | params)
    assert response.status_code == 400
    assert response.text.startswith(text)


@pytest.mark.parametrize(
    ("query", "scalar"), [("1", True), ("1 + 2 * 3", True), ("-1", True), ("vector(1)", False), ("1 + vector(1)", False), ("vector(1) > 1", False)]
)
def test_only_numbers_make_a_scalar(query: str, scalar: bool) -> None:
    expr = parse(query)
    assert not isinstance(expr, LogExpr)
    assert is_scalar(expr) is scalar

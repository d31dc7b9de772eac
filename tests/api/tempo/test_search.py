"""What a search asks of the engine, and in which form it is answered. Its answers are held in test_routes."""

from __future__ import annotations

import pytest

from api.tempo.tempo_server import NOW_NS, TempoServer
from lgtm.clock import NS_PER_S
from lgtm.model.window import Window


async def test_a_search_is_asked_as_it_was_meant(server: TempoServer) -> None:
    await server.get("/api/search", {"q": '{ name = "ping" }', "limit": "7", "spss": "5", "start": "100", "end": "200"})
    asked = server.engine.asked
    assert (str(asked["query"]), asked["limit"], asked["spans_max"]) == ("{ name = `ping` }", 7, 5)
    assert asked["window"] == Window(100 * NS_PER_S, 200 * NS_PER_S + 1)


async def test_without_a_range_the_last_hour_is_searched(server: TempoServer) -> None:
    await server.get("/api/search")
    assert server.engine.asked["window"] == Window(NOW_NS - 3_600 * NS_PER_S, NOW_NS + 1)


@pytest.mark.parametrize(("parameters", "told"), [({"q": "{}"}, True), ({"tags": "service.name=ping"}, False), ({}, False)])
async def test_only_a_query_is_answered_with_spans(server: TempoServer, parameters: dict[str, str], told: bool) -> None:
    traces = (await server.get("/api/search", parameters)).json()["traces"]
    assert len(traces) == 20
    assert all(("spanSets" in trace) is told for trace in traces)

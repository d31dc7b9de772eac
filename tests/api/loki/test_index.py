"""Volumes are grouped as asked, in buckets that end at multiples of the step."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from api.loki.query_server import QueryServer
from lgtm.model.matchers import Matcher, MatchOp

S = 10**9
VOLUME, VOLUME_RANGE, STATS = "/loki/api/v1/index/volume", "/loki/api/v1/index/volume_range", "/loki/api/v1/index/stats"
RANGE = {"start": "1795168800", "end": "1795172400"}
A_DEV, A_PROD, B = (("app", "a"), ("env", "dev")), (("app", "a"), ("env", "prod")), (("app", "b"), ("pod", "p"))


@pytest.fixture
def filled(server: QueryServer) -> QueryServer:
    server.engine.volumes_of = {A_DEV: ([1], [10]), A_PROD: ([2], [20]), B: ([3], [300]), (("app", "idle"),): ([0], [0])}
    return server


async def volumes(server: QueryServer, **params: str) -> list[tuple[dict[str, str], str]]:
    response = await server.get(VOLUME, RANGE | params)
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    assert data["resultType"] == "vector"
    assert all(row["value"][0] == 1_795_172_400 for row in data["result"])
    return [(row["metric"], row["value"][1]) for row in data["result"]]


@pytest.mark.parametrize(
    ("params", "result"),
    [
        ({"query": "{}"}, [(dict(B), "300"), (dict(A_PROD), "20"), (dict(A_DEV), "10")]),
        ({"query": '{app=~".+"}'}, [({"app": "b"}, "300"), ({"app": "a"}, "30")]),
        ({"query": "{}", "targetLabels": "env"}, [({"env": "prod"}, "20"), ({"env": "dev"}, "10")]),
        ({"query": '{app="a"}', "targetLabels": "env,app"}, [(dict(A_PROD), "20"), (dict(A_DEV), "10")]),
        ({"query": '{app=~".+"}', "limit": "1"}, [({"app": "b"}, "300")]),
        ({"query": '{app=~".+"}', "limit": "0"}, [({"app": "b"}, "300"), ({"app": "a"}, "30")]),
        ({"query": "{}", "aggregateBy": "labels"}, [({"app": ""}, "330"), ({"pod": ""}, "300"), ({"env": ""}, "30")]),
        ({"query": "{}", "aggregateBy": "labels", "targetLabels": "env"}, [({"env": ""}, "30")]),
        ({"query": '{app="a"}', "aggregateBy": "labels"}, [({"app": ""}, "30"), ({"env": ""}, "30")]),
        ({"query": '{app="z"}'}, []),
    ],
)
async def test_volumes_are_told_by_series_or_by_label_largest_first(
    filled: QueryServer, params: dict[str, str], result: list[tuple[dict[str, str], str]]
) -> None:
    assert await volumes(filled, **params) == result


async def test_target_labels_must_be_there(filled: QueryServer) -> None:
    await volumes(filled, query='{app="a"}', targetLabels="app,env")
    assert filled.engine.asked["matchers"] == (Matcher("app", MatchOp.EQ, "a"), Matcher("env", MatchOp.RE, ".+"))


async def test_a_range_is_cut_at_multiples_of_the_step(server: QueryServer) -> None:
    server.engine.volumes_of = {A_DEV: ([1, 1, 1], [5, 0, 7]), B: ([0, 0, 1], [0, 0, 9])}
    params: dict[str, Any] = {"query": "{}", "start": "100", "end": "210", "step": "60"}
    response = await server.get(VOLUME_RANGE, params)
    assert server.engine.asked["edges_ns"] == [100 * S, 120 * S, 180 * S, 210 * S]
    assert response.json()["data"] == {
        "resultType": "matrix",
        "result": [{"metric": dict(B), "values": [[210, "9"]]}, {"metric": dict(A_DEV), "values": [[119.999, "5"], [210, "7"]]}],
    }


async def test_a_range_where_no_series_has_two_samples_is_a_vector(server: QueryServer) -> None:
    server.engine.volumes_of = {A_DEV: ([1, 0], [5, 0])}
    response = await server.get(VOLUME_RANGE, {"query": "{}", "start": "100", "end": "170", "step": "60"})
    assert response.json()["data"] == {"resultType": "vector", "result": [{"metric": dict(A_DEV), "value": [119.999, "5"]}]}


async def test_too_many_series_are_refused(filled: QueryServer) -> None:
    filled.engine.limits_of_all = dataclasses.replace(filled.engine.limits_of_all, volume_max_series=2)
    response = await filled.get(VOLUME, RANGE | {"query": "{}"})
    assert (response.status_code, response.text) == (400, "the query hit the max number of series limit (limit: 2 series)\n")


async def test_volumes_can_be_switched_off(filled: QueryServer) -> None:
    filled.engine.limits_of_all = dataclasses.replace(filled.engine.limits_of_all, volume_enabled=False)
    response = await filled.get(VOLUME, RANGE | {"query": "{}"})
    assert (response.status_code, response.text) == (404, "not found\n")


async def test_too_fine_a_range_is_refused(filled: QueryServer) -> None:
    response = await filled.get(VOLUME_RANGE, RANGE | {"query": "{}", "step": "1ms"})
    assert response.status_code == 400
    assert "11,000 points" in response.text


async def test_statistics_count_streams_that_hold_something(filled: QueryServer) -> None:
    response = await filled.get(STATS, RANGE | {"query": '{app=~".+"}'})
    assert response.json() == {"streams": 3, "chunks": 3, "bytes": 330, "entries": 6}
    assert filled.engine.asked["edges_ns"] == [1_795_168_800 * S, 1_795_172_400 * S]

"""Queries are counted by route and status, with their time and the size of their answers."""

from __future__ import annotations

from api.loki.query_server import QueryServer

PATH = "/loki/api/v1/query"


async def test_each_answer_is_counted(server: QueryServer) -> None:
    response = await server.get(PATH, {"query": "vector(1)"})
    await server.get(PATH, {"query": "{"})
    value = server.registry.get_sample_value
    assert value("lgtm_api_query_requests_total", {"route": PATH, "status": "200"}) == 1
    assert value("lgtm_api_query_requests_total", {"route": PATH, "status": "400"}) == 1
    assert value("lgtm_api_query_seconds_count", {"route": PATH}) == 2
    size = value("lgtm_api_query_answer_bytes_total", {"route": PATH})
    assert size is not None
    assert size > len(response.content)


async def test_a_name_in_the_path_makes_no_series_of_its_own(server: QueryServer) -> None:
    for name in ("a", "b"):
        await server.get(f"/loki/api/v1/label/{name}/values")
    route = {"route": "/loki/api/v1/label/{name}/values", "status": "200"}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", route) == 2

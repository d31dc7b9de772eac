"""Laying out a query needs no tenant, and fails in JSON. What is printed is tested with the printer, and recorded answers with the routes."""

from __future__ import annotations

from api.loki.query_server import QueryServer

PATH = "/loki/api/v1/format_query"


async def test_a_query_is_laid_out_for_anybody(server: QueryServer) -> None:
    response = await server.get(PATH, {"query": '{app="a"}|="x"'}, {"X-Scope-OrgID": None})
    assert response.json() == {"status": "success", "data": '{app="a"} |= "x"'}
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_what_is_wrong_is_told_in_json(server: QueryServer) -> None:
    response = await server.get(PATH, {"query": "{"})
    assert response.status_code == 400
    assert response.json()["status"] == "invalid-query"
    assert response.json()["error"].startswith("parse error at line 1, col 2: syntax error")

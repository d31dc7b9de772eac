"""What can be told of a query without data needs no tenant."""

from __future__ import annotations

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.config import PrometheusApiConfig

NOBODY = {"X-Scope-OrgID": None}


async def test_a_query_is_laid_out(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/format_query", {"query": "sum(up)by(job)"}, NOBODY)
    assert response.json() == {"status": "success", "data": "sum by (job) (up)"}


async def test_a_query_is_taken_apart(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/parse_query", {"query": "(1)"}, NOBODY)
    assert response.json()["data"] == {"type": "parenExpr", "expr": {"type": "numberLiteral", "val": "1"}}


async def test_what_is_switched_off_cannot_be_parsed() -> None:
    server = PrometheusServer(config=PrometheusApiConfig(experimental=False))
    response = await server.get("/api/v1/parse_query", {"query": "mad_over_time(up[5m])"})
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    server.side.close()

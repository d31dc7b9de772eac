"""How large a query may be, wherever one is asked, and that large ones are answered like small ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.config import PrometheusApiConfig

LONG = "up{" + ",".join(['job!="x"'] * 300) + "}"
RANGE = {"start": "0", "end": "60", "step": "15"}


@pytest.fixture
def bounded() -> Iterator[PrometheusServer]:
    server = PrometheusServer(config=PrometheusApiConfig(query_bytes_max=20))
    yield server
    server.side.close()


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        ("query", {"query": "é" * 11}, "query"),
        ("query_range", {"query": "a" * 22, **RANGE}, "query"),
        ("format_query", {"query": "a" * 22}, "query"),
        ("parse_query", {"query": "a" * 22}, "query"),
        ("query_exemplars", {"query": "a" * 22}, ""),
        ("series", {"match[]": ["a" * 11, "b" * 11]}, "match[]"),
        ("labels", {"match[]": "a" * 22}, ""),
        ("label/job/values", {"match[]": "a" * 22}, ""),
        ("rules", {"match[]": "a" * 22}, ""),
        ("targets/metadata", {"match_target": "a" * 22}, ""),
    ],
)
async def test_what_is_too_long_is_refused(bounded: PrometheusServer, path: str, params: dict[str, Any], parameter: str) -> None:
    response = await bounded.get(f"/api/v1/{path}", params)
    told = "query of 22 bytes is too long: at most 20 are read; see prometheus_query.query_bytes_max"
    assert response.status_code == 400
    assert response.json() == {
        "status": "error",
        "errorType": "bad_data",
        "error": f'invalid parameter "{parameter}": {told}' if parameter else told,
    }


async def test_federation_is_bounded_too(bounded: PrometheusServer) -> None:
    response = await bounded.get("/federate", {"match[]": "a" * 22})
    assert (response.status_code, "query_bytes_max" in response.text) == (400, True)


async def test_without_a_bound_any_size_is_read() -> None:
    server = PrometheusServer(config=PrometheusApiConfig(query_bytes_max=0))
    assert await server.data("/api/v1/format_query", {"query": LONG})
    server.side.close()


@pytest.mark.parametrize("path", ["query", "format_query", "parse_query"])
async def test_a_long_query_is_answered_like_a_short_one(server: PrometheusServer, path: str) -> None:
    assert (await server.get(f"/api/v1/{path}", {"query": LONG})).status_code == 200
    refused = await server.get(f"/api/v1/{path}", {"query": LONG + "("})
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        f'invalid parameter "query": 1:{len(LONG) + 1}: parse error: unexpected "("',
    )


async def test_long_selectors_are_read_like_short_ones(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/series", {"match[]": [LONG, "up"]}) == []

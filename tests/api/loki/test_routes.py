"""Recorded requests are answered as Loki answered them, and every route is documented."""

from __future__ import annotations

from typing import Any

import pytest

from api.loki.query_server import QueryServer, recorded
from lgtm.api.loki.routes import PARAMETERS, ROUTES


@pytest.mark.parametrize("case", recorded(), ids=lambda case: case["id"])
async def test_recorded_requests_are_answered_as_loki_answered_them(server: QueryServer, case: dict[str, Any]) -> None:
    response = await server.ask(case["method"], case["path"], case["params"], case["headers"], case.get("body"))
    assert response.status_code == case["status"], response.text
    assert response.headers["content-type"] == case["content_type"]
    if isinstance(case["response"], str):
        assert response.text == case["response"] + "\n"
        assert response.headers["x-content-type-options"] == "nosniff"
    else:
        assert _comparable(response.json()) == _comparable(case["response"], time_unit_s=1_000)


def _comparable(answer: dict[str, Any], time_unit_s: int = 1) -> dict[str, Any]:
    """Without statistics; times of scalars, which Loki writes in milliseconds, in seconds."""
    data = answer.get("data")
    if isinstance(data, dict):
        data.pop("stats", None)
        if data["resultType"] == "scalar":
            data["result"][0] //= time_unit_s
    return answer


async def test_every_documented_parameter_has_a_meaning(server: QueryServer) -> None:
    paths = server.app.openapi()["paths"]
    for entry in ROUTES:
        documented = {each["name"]: each for each in paths[entry.path]["get"]["parameters"]}
        assert set(documented) - {"name"} == set(entry.parameters) <= set(PARAMETERS)
        assert paths[entry.path]["get"]["summary"] == entry.summary
    assert "/loki/api/v1/format_query" in paths


async def test_an_empty_label_name_is_redirected(server: QueryServer) -> None:
    response = await server.get("/loki/api/v1/label//values")
    assert (response.status_code, response.headers["location"]) == (301, "/loki/api/v1/label/values")


@pytest.mark.parametrize("path", ["/loki/api/v1/label", "/loki/api/v1/labels", "/api/prom/label"])
async def test_labels_answer_under_all_their_paths(server: QueryServer, path: str) -> None:
    server.engine.series_of_all = [(("app", "a"), ("env", "b"))]
    for method in ("GET", "POST"):
        assert (await server.ask(method, path)).json() == {"status": "success", "data": ["app", "env"]}
    assert (await server.ask("DELETE", path)).status_code == 405

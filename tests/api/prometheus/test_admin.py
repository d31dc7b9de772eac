"""Deleting series, where it is allowed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.prometheus.prometheus_server import PrometheusServer, recorded_engine
from lgtm.api.prometheus.config import PrometheusApiConfig

DELETE = "/api/v1/admin/tsdb/delete_series"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def admin() -> Iterator[PrometheusServer]:
    server = PrometheusServer(recorded_engine(), PrometheusApiConfig(admin_enabled=True))
    yield server
    server.side.close()


@pytest.mark.parametrize("name", ["delete_series", "clean_tombstones", "snapshot"])
async def test_nothing_is_done_unless_the_settings_allow_it(server: PrometheusServer, name: str) -> None:
    response = await server.ask("POST", f"/api/v1/admin/tsdb/{name}", {"match[]": "up"})
    assert (response.status_code, response.json()) == (500, {"status": "error", "errorType": "unavailable", "error": "admin APIs disabled"})
    assert server.engine.asked == {}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_selected_series_are_gone_and_others_stay(admin: PrometheusServer, method: str) -> None:
    response = await admin.ask(method, DELETE, headers=FORM, body="match[]=up&match[]=build_info")
    assert (response.status_code, response.content) == (204, b"")
    names = await admin.data("/api/v1/label/__name__/values")
    assert not {"up", "build_info"} & set(names)
    assert "http_requests_total" in names


async def test_both_ends_of_the_range_are_deleted(admin: PrometheusServer) -> None:
    await admin.ask("POST", DELETE, {"match[]": "up", "start": "1795168815", "end": "1795168830"})
    data = await admin.data("/api/v1/query", {"query": 'up{instance="api-1:8080"}[1m]', "time": "1795168845"})
    assert [time for time, _ in data["result"][0]["values"]] == [1795168800, 1795168845]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "no match[] parameter provided"),
        ({"match[]": "{}"}, 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'),
        ({"match[]": "up["}, 'invalid parameter "match[]": 1:3: parse error: unexpected "["'),
        ({"match[]": "up", "end": "x"}, 'invalid parameter "end": invalid time value for \'end\': cannot parse "x" to a valid timestamp'),
    ],
)
async def test_what_does_not_say_what_to_delete_deletes_nothing(admin: PrometheusServer, params: dict[str, str], text: str) -> None:
    response = await admin.ask("POST", DELETE, params)
    assert (response.status_code, response.json()["error"]) == (400, text)
    assert admin.engine.asked == {}


async def test_a_get_deletes_nothing(admin: PrometheusServer) -> None:
    assert (await admin.get(DELETE, {"match[]": "up"})).status_code == 405


async def test_tombstones_are_left_to_compaction_and_snapshots_to_the_object_store(admin: PrometheusServer) -> None:
    assert (await admin.ask("POST", "/api/v1/admin/tsdb/clean_tombstones")).status_code == 204
    response = await admin.ask("POST", "/api/v1/admin/tsdb/snapshot")
    assert (response.status_code, response.json()["errorType"]) == (501, "unavailable")

"""What the server can do is what its settings say."""

from __future__ import annotations

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.prometheus.features import features


def test_experimental_parts_are_there_unless_they_are_switched_off() -> None:
    for experimental in (True, False):
        told = features(PrometheusApiConfig(experimental=experimental))
        language = told["promql"]
        named = ("anchored", "smoothed", "fill", "fill_left", "fill_right", "delayed_name_removal")
        assert {language[name] for name in named} == {experimental}
        assert told["promql_functions"]["mad_over_time"] is told["promql_operators"]["limitk"] is experimental
        assert told["promql_functions"]["rate"] is told["promql_operators"]["sum"] is language["subqueries"] is True


async def test_they_are_told_without_a_tenant(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/features", headers={"X-Scope-OrgID": None})
    assert (response.status_code, response.json()["data"]["api"]["admin"]) == (200, False)

"""What a metrics query asks of the engine, and how many series it is answered. Its answers are held in test_routes."""

from __future__ import annotations

import pytest

from api.tempo.tempo_server import TempoServer
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.clock import NS_PER_S
from lgtm.traceql.steps import Steps
from traceql.dataset import T0_NS

RANGE = {"start": str(T0_NS // NS_PER_S), "end": str(T0_NS // NS_PER_S + 1_800)}
BY_SERVICE = {"q": "{} | rate() by(resource.service.name)", "exemplars": "5"}


async def test_a_range_is_asked_at_steps(server: TempoServer) -> None:
    await server.get("/api/metrics/query_range", RANGE | BY_SERVICE | {"step": "5m"})
    assert server.engine.asked["steps"] == Steps(T0_NS, 300 * NS_PER_S, 7)
    assert server.engine.asked["exemplars"] == 5


async def test_an_instant_is_one_step_without_exemplars(server: TempoServer) -> None:
    await server.get("/api/metrics/query", RANGE | BY_SERVICE)
    assert server.engine.asked["steps"] == Steps(T0_NS + 1_800 * NS_PER_S, 1_800 * NS_PER_S, 1)
    assert server.engine.asked["exemplars"] == 0


@pytest.mark.parametrize("path", ["/api/metrics/query", "/api/metrics/query_range"])
@pytest.mark.parametrize(("wanted", "told"), [("", 4), ("2", 2), ("9", 4)])
async def test_a_client_may_want_fewer_series_but_not_more(path: str, wanted: str, told: int) -> None:
    server = TempoServer(TempoApiConfig(series_max=4))
    answer = (await server.get(path, RANGE | BY_SERVICE | {"maxSeries": wanted}, {"Accept": "application/protobuf"})).json()
    assert len(answer["series"]) == told
    assert answer["status"] == "PARTIAL"
    assert answer["message"].startswith(f"Response exceeds maximum series limit of {told}, ")
    server.side.close()

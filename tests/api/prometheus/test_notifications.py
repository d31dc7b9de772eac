"""There is nothing to tell, and no stream of it."""

from __future__ import annotations

from api.prometheus.prometheus_server import PrometheusServer


async def test_there_are_none(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/notifications") == []


async def test_who_wants_a_stream_is_sent_away_as_if_all_were_taken(server: PrometheusServer) -> None:
    response = await server.get("/api/v1/notifications/live")
    assert (response.status_code, response.content) == (204, b"")

"""Descriptions of metrics, and their limits."""

from __future__ import annotations

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.wire.decoded_samples import Metadata


async def test_each_description_of_a_family_is_told(server: PrometheusServer) -> None:
    server.engine.descriptions = {"a": [Metadata("a", "gauge", "Rooms.", ""), Metadata("a", "counter", "Doors.", "doors")]}
    told = [{"type": "gauge", "unit": "", "help": "Rooms."}, {"type": "counter", "unit": "doors", "help": "Doors."}]
    assert await server.data("/api/v1/metadata") == {"a": told}
    assert await server.data("/api/v1/metadata", {"limit_per_metric": "1"}) == {"a": told[:1]}


async def test_the_engine_is_told_0_for_no_limit(server: PrometheusServer) -> None:
    await server.data("/api/v1/metadata", {"metric": "a", "limit": "-3"})
    assert server.engine.asked == {"tenant": "conf", "metric": "a", "limit": 0, "limit_per_metric": 0}


async def test_a_limit_of_0_is_one(server: PrometheusServer) -> None:
    server.engine.descriptions = {"a": [Metadata("a", "gauge", "", "")]}
    assert await server.data("/api/v1/metadata", {"limit": "0"}) == {}
    assert server.engine.asked == {}

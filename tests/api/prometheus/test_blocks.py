"""Blocks are told as Prometheus tells its own."""

from __future__ import annotations

from dataclasses import replace

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.blocks.meta import BlockIdentity, BlockMeta
from lgtm.model.signal import SAMPLES
from lgtm.model.tenant import Tenant

IDENTITY = BlockIdentity(SAMPLES, Tenant("conf"), "2026-11-20", "b1")
FLUSHED = BlockMeta(IDENTITY, 40, 4, 5_000_000_000, 6_000_999_999, 0, 0, (), (), False, "x", {}, 0)
COMPACTED = replace(FLUSHED, identity=replace(IDENTITY, block_id="b2", level=1, sources=("a", "b")), min_ns=0)


async def test_blocks_are_told_in_the_order_of_their_first_sample(server: PrometheusServer) -> None:
    server.blocks = [FLUSHED, COMPACTED]
    assert await server.data("/api/v1/status/tsdb/blocks") == {
        "blocks": [
            {
                "ulid": "b2",
                "minTime": 0,
                "maxTime": 6_001,
                "stats": {"numSamples": 40, "numSeries": 4},
                "compaction": {"level": 2, "sources": ["a", "b"]},
                "version": 1,
            },
            {
                "ulid": "b1",
                "minTime": 5_000,
                "maxTime": 6_001,
                "stats": {"numSamples": 40, "numSeries": 4},
                "compaction": {"level": 1, "sources": ["b1"]},
                "version": 1,
            },
        ]
    }


async def test_without_blocks_the_list_is_empty(server: PrometheusServer) -> None:
    assert await server.data("/api/v1/status/tsdb/blocks") == {"blocks": []}
    assert (await server.get("/api/v1/status/tsdb/blocks", headers={"X-Scope-OrgID": None})).status_code == 401

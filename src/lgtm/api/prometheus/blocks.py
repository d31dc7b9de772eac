"""`/api/v1/status/tsdb/blocks`: the blocks that hold a tenant's samples, in the words of Prometheus' meta.json."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.side import Call, PrometheusSide
from lgtm.blocks.meta import BlockMeta

_NS_PER_MS = 1_000_000


async def tsdb_blocks(side: PrometheusSide, call: Call) -> Response:
    """In the order of their first sample. What is in memory is in none of them."""
    blocks = sorted(side.blocks(call.tenant), key=lambda block: (block.min_ns, block.block_id))
    return await side.encode(len(blocks), lambda: success({"blocks": list(map(_told, blocks))}))


def _told(block: BlockMeta) -> dict[str, Any]:
    """Times are half open, and an id is of our own kind. A block that was flushed is of level 1, with itself as its source."""
    identity = block.identity
    return {
        "ulid": block.block_id,
        "minTime": block.min_ns // _NS_PER_MS,
        "maxTime": block.max_ns // _NS_PER_MS + 1,
        "stats": {"numSamples": block.row_count, "numSeries": block.series_count},
        "compaction": {"level": identity.level + 1, "sources": list(identity.sources) or [block.block_id]},
        "version": 1,
    }

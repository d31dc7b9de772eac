"""The index object of a tenant and signal: all its block metas, one JSON line each, compressed. A cache of what the listing finds anyway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import orjson
import zstandard

from lgtm.blocks.layout import DamagedBlock, tenant_prefix
from lgtm.blocks.meta import BlockMeta
from lgtm.model.tenant import Tenant
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectNotFound, ObjectStore
from lgtm.telemetry import event

_log = logging.getLogger(__name__)

INDEX_BYTES_MAX = 512 * 1024 * 1024
"""Uncompressed; a larger one is not believed."""


def index_key(signal: str, tenant: Tenant) -> str:
    return f"index/{tenant_prefix(signal, tenant)}metas.jsonl.zst"


async def write_index(store: ObjectStore, signal: str, tenant: Tenant, metas: Iterable[BlockMeta]) -> None:
    lines = (orjson.dumps(orjson.loads(meta.to_json())) for meta in sorted(metas, key=lambda meta: (meta.min_ns, meta.block_id)))
    await store.put(index_key(signal, tenant), zstandard.ZstdCompressor(write_checksum=True).compress(b"\n".join(lines)))


async def read_index(store: ObjectStore, signal: str, tenant: Tenant, metrics: StorageMetrics) -> list[BlockMeta]:
    """Nothing when there is no index, or a damaged one."""
    key = index_key(signal, tenant)
    try:
        return await asyncio.to_thread(_parse, await store.get(key), key)
    except ObjectNotFound:
        return []
    except DamagedBlock as error:
        metrics.damaged.labels("index").inc()
        event(_log, logging.WARNING, "index is damaged; it will be written anew", index=key, error=error)
        return []


def _parse(data: bytes, key: str) -> list[BlockMeta]:
    try:
        if zstandard.frame_content_size(data) > INDEX_BYTES_MAX:
            raise DamagedBlock(key, "it says that it is too large")
        text = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedBlock(key, str(error)) from error
    return [BlockMeta.from_json(line, name=key) for line in text.splitlines()]

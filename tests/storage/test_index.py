from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.meta import BlockMeta
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.storage.index import index_key, read_index, write_index
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from support.blocks import day_of_entries, identity, written

METRICS = StorageMetrics(CollectorRegistry())


@pytest.fixture
def metas(tmp_path: Path) -> list[BlockMeta]:
    meta = written(day_of_entries(), tmp_path).meta
    return [replace(meta, identity=identity(generation=n)) for n in range(50)]


async def test_an_index_reads_back_as_itself(metas: list[BlockMeta]) -> None:
    store = MemoryStore()
    await write_index(store, "logs", DEFAULT_TENANT, metas)
    assert {m.block_id: m for m in await read_index(store, "logs", DEFAULT_TENANT, METRICS)} == {m.block_id: m for m in metas}
    assert await read_index(store, "logs", Tenant("other"), METRICS) == []


async def test_an_index_is_small(metas: list[BlockMeta]) -> None:
    store = MemoryStore()
    await write_index(store, "logs", DEFAULT_TENANT, metas)
    assert (await store.head(index_key("logs", DEFAULT_TENANT))).nbytes < 0.2 * sum(len(m.to_json()) for m in metas)


async def test_a_cut_index_is_no_index_at_any_length(metas: list[BlockMeta]) -> None:
    store = MemoryStore()
    await write_index(store, "logs", DEFAULT_TENANT, metas[:2])
    key = index_key("logs", DEFAULT_TENANT)
    whole = await store.get(key)
    for length in range(len(whole)):
        await store.put(key, whole[:length])
        assert await read_index(store, "logs", DEFAULT_TENANT, METRICS) == []


async def test_a_flipped_bit_never_invents_a_block(metas: list[BlockMeta]) -> None:
    store = MemoryStore()
    await write_index(store, "logs", DEFAULT_TENANT, metas[:2])
    key = index_key("logs", DEFAULT_TENANT)
    whole = await store.get(key)
    for at in range(0, len(whole), 3):
        await store.put(key, whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert await read_index(store, "logs", DEFAULT_TENANT, METRICS) in ([], metas[:2])

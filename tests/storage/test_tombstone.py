from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.layout import META_FILE, TOMBSTONE_FILE, DamagedBlock
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.publish import publish
from lgtm.storage.tombstone import Tombstone, delete_block, erase_block
from support.blocks import day_of_entries, written
from support.faultystore import Crash, Fault, FaultyStore


@pytest.fixture
async def marked(tmp_path: Path) -> tuple[MemoryStore, str]:
    store, block = MemoryStore(), written(day_of_entries(), tmp_path)
    await publish(store, block.files, block.meta, StorageMetrics(CollectorRegistry()))
    await delete_block(store, block.meta.path, now_ns=100, reason="retention")
    return store, block.meta.path


async def names(store: MemoryStore) -> list[str]:
    return [info.key.rsplit("/", 1)[1] async for info in store.list()]


async def test_a_mark_leaves_everything_until_the_delay_is_over(marked: tuple[MemoryStore, str]) -> None:
    store, path = marked
    assert not await erase_block(store, path, now_ns=149, delay_ns=50)
    assert len(await names(store)) == 4
    assert await erase_block(store, path, now_ns=150, delay_ns=50)
    assert await names(store) == []


async def test_the_first_mark_counts(marked: tuple[MemoryStore, str]) -> None:
    store, path = marked
    await delete_block(store, path, now_ns=900, reason="again")
    mark = await store.get(f"{path}/{TOMBSTONE_FILE}")
    assert Tombstone.from_json(mark, name="mark") == Tombstone(100, "retention")


@pytest.mark.parametrize("step", range(6))
async def test_an_interrupted_erasure_keeps_its_mark_and_is_finished_later(marked: tuple[MemoryStore, str], step: int) -> None:
    store, path = marked
    with pytest.raises(Crash):
        await erase_block(FaultyStore(store, [Fault.NONE] * step + [Fault.CRASH_BEFORE]), path, now_ns=999, delay_ns=50)
    left = await names(store)
    assert TOMBSTONE_FILE in left
    assert META_FILE in left or left == [TOMBSTONE_FILE]
    assert await erase_block(store, path, now_ns=999, delay_ns=50)
    assert await names(store) == []


async def test_a_block_without_a_mark_is_never_erased(marked: tuple[MemoryStore, str]) -> None:
    store, path = marked
    await store.delete(f"{path}/{TOMBSTONE_FILE}")
    assert not await erase_block(store, path, now_ns=999, delay_ns=0)
    assert META_FILE in await names(store)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"deleted_ns": "1", "reason": ""}', b'{"deleted_ns": true, "reason": ""}'])
async def test_a_mark_that_cannot_be_read_erases_nothing(marked: tuple[MemoryStore, str], data: bytes) -> None:
    store, path = marked
    await store.put(f"{path}/{TOMBSTONE_FILE}", data)
    with pytest.raises(DamagedBlock):
        await erase_block(store, path, now_ns=999, delay_ns=0)
    assert len(await names(store)) == 4

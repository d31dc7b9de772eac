from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import META_FILE, ROWS_FILE, DamagedBlock
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.writer import WrittenBlock
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore, StoreUnavailable
from lgtm.storage.publish import BlockConflict, BlockUnverified, publish
from support.blocks import day_of_entries, written
from support.faultystore import Crash, Fault, FaultyStore
from support.rows import entries_of

STEPS = 6
"""put rows, put series, put meta, get meta, head rows, head series."""


@pytest.fixture
def block(tmp_path: Path) -> WrittenBlock:
    return written(day_of_entries(), tmp_path / "block")


@pytest.fixture
def metrics() -> StorageMetrics:
    return StorageMetrics(CollectorRegistry())


async def keys(store: ObjectStore) -> set[str]:
    return {info.key async for info in store.list()}


async def stands(store: ObjectStore, block: WrittenBlock) -> None:
    """The block is there, whole and readable, and nothing else is."""
    key = f"{block.meta.path}/{META_FILE}"
    meta = BlockMeta.from_json(await store.get(key), name=key)
    files = {name: await store.get(meta.key_of(name)) for name in meta.files}
    reader = BlockReader(files["rows.parquet"], files["series.parquet"], meta)
    assert {e.identity for e in entries_of(list(reader.read()))} == {e.identity for e in day_of_entries()}
    assert await keys(store) == {key, *(meta.key_of(name) for name in meta.files)}


async def test_a_published_block_stands(block: WrittenBlock, metrics: StorageMetrics) -> None:
    store = FaultyStore(MemoryStore())
    assert await publish(store, block.files, block.meta, metrics) == block.meta
    await stands(store.store, block)
    assert len(store.calls) == STEPS
    assert [call.rsplit("/", 1)[1] for call in store.calls[:3]] == ["rows.parquet", "series.parquet", "meta.json"]


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.LOSE_ANSWER, Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("step", range(STEPS))
async def test_a_publish_that_ends_at_any_step_is_settled_by_the_next(block: WrittenBlock, metrics: StorageMetrics, fault: Fault, step: int) -> None:
    store = MemoryStore()
    with pytest.raises((StoreUnavailable, Crash)):
        await publish(FaultyStore(store, [Fault.NONE] * step + [fault]), block.files, block.meta, metrics)
    metas = [key for key in await keys(store) if key.endswith(META_FILE)]
    for key in metas:  # readers see no block, or all of it
        seen = BlockMeta.from_json(await store.get(key), name=key)
        for name, file in seen.files.items():
            assert (await store.head(seen.key_of(name))).nbytes == file.nbytes
    assert await publish(store, block.files, block.meta, metrics) == block.meta
    await stands(store, block)


@pytest.mark.parametrize("step", range(STEPS))
async def test_a_retry_after_a_crash_may_have_written_other_bytes_for_the_same_rows(tmp_path: Path, metrics: StorageMetrics, step: int) -> None:
    """As after an upgrade of the Parquet library: another attempt, the same block."""
    first = written(day_of_entries(), tmp_path / "1")
    second = written(day_of_entries(), tmp_path / "2", options=WriteOptions(row_group_rows=7))
    assert first.meta.attempt != second.meta.attempt
    store = MemoryStore()
    with pytest.raises(Crash):
        await publish(FaultyStore(store, [Fault.NONE] * step + [Fault.CRASH_AFTER]), first.files, first.meta, metrics)
    meta_was_put = step >= 2
    standing = await publish(store, second.files, second.meta, metrics)
    assert standing == (first if meta_was_put else second).meta
    visible = [key for key in await keys(store) if standing.attempt not in key and not key.endswith(META_FILE)]
    assert all(first.meta.attempt in key for key in visible)  # an orphan only of the crashed attempt, to which no meta points
    assert not visible or not meta_was_put


async def test_of_two_racing_writers_of_the_same_rows_one_attempt_stands(tmp_path: Path, metrics: StorageMetrics) -> None:
    blocks = [written(day_of_entries(), tmp_path / str(n), options=WriteOptions(row_group_rows=7 + n)) for n in range(4)]
    store = MemoryStore()
    standing = await asyncio.gather(*(publish(store, block.files, block.meta, metrics) for block in blocks))
    assert len({meta.attempt for meta in standing}) == 1
    await stands(store, blocks[0])


async def test_a_block_of_the_same_name_with_other_rows_is_left_alone(tmp_path: Path, metrics: StorageMetrics) -> None:
    store = MemoryStore()
    first, other = written(day_of_entries(), tmp_path / "1"), written(day_of_entries(39), tmp_path / "2")
    await publish(store, first.files, first.meta, metrics)
    with pytest.raises(BlockConflict):
        await publish(store, other.files, other.meta, metrics)
    assert BlockMeta.from_json(await store.get(f"{first.meta.path}/{META_FILE}"), name="meta") == first.meta


@pytest.mark.parametrize("seed", range(30))
async def test_a_flaky_store_ends_with_one_block_after_enough_tries(block: WrittenBlock, metrics: StorageMetrics, seed: int) -> None:
    store = FaultyStore.seeded(MemoryStore(), random.Random(seed))
    for _ in range(200):
        try:
            assert await publish(store, block.files, block.meta, metrics) == block.meta
            break
        except StoreUnavailable:
            continue
    else:
        pytest.fail(f"seed {seed}: never published")
    await stands(store.store, block)


class LosingStore(MemoryStore):
    """Says yes to the rows and keeps only what `keep` leaves of them."""

    def __init__(self, keep: int | None) -> None:
        super().__init__()
        self._keep = keep

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        if not key.endswith(ROWS_FILE):
            await super().put_file(key, path, if_absent=if_absent)
        elif self._keep is not None:
            await self.put(key, path.read_bytes()[: self._keep])  # noqa: ASYNC240 - a test file of a few KiB


@pytest.mark.parametrize("keep", [None, 0, 10])
async def test_data_that_the_store_lost_is_noticed_before_the_log_may_go(block: WrittenBlock, metrics: StorageMetrics, keep: int | None) -> None:
    with pytest.raises(BlockUnverified, match=ROWS_FILE):
        await publish(LosingStore(keep), block.files, block.meta, metrics)


async def test_a_damaged_meta_in_the_way_is_for_a_person(block: WrittenBlock, metrics: StorageMetrics) -> None:
    store = MemoryStore()
    await store.put(f"{block.meta.path}/{META_FILE}", b"{")
    with pytest.raises(DamagedBlock):
        await publish(store, block.files, block.meta, metrics)


async def test_equal_content_is_judged_by_the_rows_not_by_when_they_were_written(block: WrittenBlock, metrics: StorageMetrics) -> None:
    store = MemoryStore()
    await publish(store, block.files, block.meta, metrics)
    assert await publish(store, block.files, replace(block.meta, created_ns=99), metrics) == block.meta

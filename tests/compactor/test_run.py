from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.layout import META_FILE, ROWS_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.compactor.config import CompactorConfig
from lgtm.compactor.metrics import CompactorMetrics
from lgtm.compactor.run import Compactor
from lgtm.model.limits import DAY_NS, Limits, TenantLimits
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.storage.catalog import Catalog
from lgtm.storage.config import StorageConfig
from lgtm.storage.fetch import BlockFiles
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import StoreUnavailable
from lgtm.storage.publish import publish
from support.blocks import DAY_START_NS, day_of_entries, identity, written
from support.faultystore import Crash, Fault, FaultyStore
from support.rows import Entry, entries_of

SEEN_BY_ALL_S, TOMBSTONE_DELAY_S = 70.0, 3_600.0
ENTRIES = day_of_entries(60)
Record = tuple[object, ...]


class World:
    """A store, and a compactor over it as one process would have; `restart` is another process."""

    def __init__(self, directory: Path, *, limits: Limits | None = None, config: CompactorConfig | None = None) -> None:
        self.directory, self.limits = directory, TenantLimits(limits)
        self.config = config or CompactorConfig(fan_in=3)
        self.clock = ManualClock(DAY_START_NS + DAY_NS // 2)
        self.store = FaultyStore(MemoryStore(), clock=self.clock)
        self.starts = 0
        self.restart()

    def restart(self) -> None:
        self.starts += 1
        self.metrics = CompactorMetrics(CollectorRegistry())
        self.catalog = self.new_catalog()
        storage = StorageMetrics(CollectorRegistry())
        self.files = BlockFiles(self.store, self.directory / f"cache-{self.starts}", 1 << 30, storage)
        self.compactor = Compactor(
            self.store, self.catalog, self.files.open, directory=self.directory / "compact", config=self.config, limits=self.limits, clock=self.clock,
            metrics=self.metrics, storage_metrics=storage, tombstone_delay_s=TOMBSTONE_DELAY_S, seen_by_all_s=SEEN_BY_ALL_S,
        )  # fmt: skip

    def new_catalog(self) -> Catalog:
        return Catalog(self.store.store, StorageConfig(), StorageMetrics(CollectorRegistry()))

    async def flush(self, number: int, entries: Sequence[Entry], *, tenant: Tenant = DEFAULT_TENANT) -> BlockMeta:
        block = written(entries, self.directory / f"flush-{number}", of=identity(generation=number, tenant=tenant))
        return await publish(self.store.store, block.files, block.meta, StorageMetrics(CollectorRegistry()))

    async def keys(self, meta: BlockMeta) -> list[str]:
        """Objects of a block that are there."""
        return [info.key async for info in self.store.store.list(f"{meta.path}/")]

    async def round(self) -> None:
        await self.catalog.poll()
        await self.compactor.round()

    async def blocks(self) -> list[BlockMeta]:
        """What another node would see."""
        catalog = self.new_catalog()
        await catalog.poll()
        return catalog.blocks(DEFAULT_TENANT, LOGS)

    async def records(self) -> list[Record]:
        """Of all visible blocks, copies included."""
        found: list[Record] = []
        storage = StorageMetrics(CollectorRegistry())
        files = BlockFiles(self.store.store, self.directory / f"cache-r{random.getrandbits(40)}", 1 << 30, storage)
        for meta in await self.blocks():
            async with files.open(meta) as reader:
                found += [one.identity for batch in reader.read() for one in entries_of(batch)]
        return sorted(found)


def identities(entries: Sequence[Entry]) -> list[Record]:
    return sorted(entry.identity for entry in entries)


async def test_small_blocks_become_one_and_the_old_ones_go_later(tmp_path: Path) -> None:
    world = World(tmp_path)
    sources = [await world.flush(n, ENTRIES[n * 20 : n * 20 + 20]) for n in range(3)]
    await world.round()
    (merged,) = await world.blocks()
    assert set(merged.identity.sources) == {meta.block_id for meta in sources}
    assert await world.records() == identities(ENTRIES)
    catalog = world.new_catalog()
    await catalog.poll()
    assert catalog.snapshot().of(DEFAULT_TENANT, LOGS).tombstoned == (), "not before every node has read of the new block"

    await world.round()
    await world.clock.advance(SEEN_BY_ALL_S)
    await world.round()
    await catalog.poll()
    assert len(catalog.snapshot().of(DEFAULT_TENANT, LOGS).tombstoned) == 3
    await world.clock.advance(TOMBSTONE_DELAY_S - 1)
    await world.round()
    assert len(await world.keys(sources[0])) > 1, "a query may still be reading"
    await world.clock.advance(2)
    await world.round()
    assert [await world.keys(meta) for meta in sources] == [[], [], []]
    assert await world.records() == identities(ENTRIES)


async def test_copies_of_both_replicas_become_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = await world.flush(1, ENTRIES[:40])
    block = written(ENTRIES[20:], tmp_path / "other", of=identity(generation=1, wal_id="b2"))
    await publish(world.store.store, block.files, block.meta, StorageMetrics(CollectorRegistry()))
    assert block.meta.block_id != first.block_id
    await world.round()
    (merged,) = await world.blocks()
    assert merged.row_count == len(ENTRIES)


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.FAIL, Fault.LOSE_ANSWER])
async def test_wherever_it_ends_early_nothing_is_missing_or_twice_and_the_next_process_finishes(tmp_path: Path, fault: Fault) -> None:
    """Records are looked at after each step that could have been the last one."""
    for step in range(80):
        world = World(tmp_path / str(step))
        for n in range(3):
            await world.flush(n, ENTRIES[n * 20 : n * 20 + 20])
        world.store.play([*[Fault.NONE] * step, fault])
        outcomes = []
        for at in range(8):
            try:
                await world.round()
                outcomes.append("done")
            except (Crash, StoreUnavailable):
                outcomes.append("ended")
                world.restart()
            assert await world.records() == identities(ENTRIES)
            await world.clock.advance(SEEN_BY_ALL_S if at < 4 else TOMBSTONE_DELAY_S)
        (merged,) = await world.blocks()
        assert {info.key.rsplit("/", 1)[0] for info in [i async for i in world.store.store.list("signal=")]} == {
            merged.path,
            f"{merged.path}/{merged.attempt}",
        }, "everything else is gone"
        if "ended" not in outcomes:
            assert step > 8
            return
    pytest.fail("the script never ran out")


async def test_two_nodes_that_both_compact_do_no_harm(tmp_path: Path) -> None:
    world, entries = World(tmp_path), ENTRIES[:40]
    for n in range(2):
        await world.flush(n, entries[n * 10 : n * 10 + 10])
    other = World(tmp_path / "other")
    other.store.store = world.store.store
    other.restart()
    await world.flush(2, entries[20:30])
    await world.catalog.poll()
    await world.flush(3, entries[30:40])
    await other.catalog.poll()
    await world.compactor.round()
    await other.compactor.round()
    assert set(await world.records()) == set(identities(entries))
    for _ in range(3):
        await world.round()
        await world.clock.advance(SEEN_BY_ALL_S + TOMBSTONE_DELAY_S)
    assert await world.records() == identities(entries), "overlapping results are copies, and merged"


async def test_a_flush_that_is_repeated_after_its_block_was_merged_and_erased_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    for n in range(3):
        await world.flush(n, ENTRIES[n * 20 : n * 20 + 20])
    for _ in range(4):
        await world.round()
        await world.clock.advance(TOMBSTONE_DELAY_S)
    again = await world.flush(0, ENTRIES[:20])
    assert await world.records() == identities(ENTRIES)
    for _ in range(4):
        await world.round()
        await world.clock.advance(TOMBSTONE_DELAY_S)
    assert await world.keys(again) == []


async def test_retention_deletes_what_is_past_it_by_tenant(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(retention_period_ns=DAY_NS))
    meta = await world.flush(1, ENTRIES)
    world.clock.jump((meta.max_ns + DAY_NS - world.clock.now_ns()) / NS_PER_S)
    await world.round()
    assert len(await world.blocks()) == 1
    world.clock.jump(1)
    await world.round()
    assert await world.blocks() == []
    world.clock.jump(TOMBSTONE_DELAY_S)
    await world.round()
    assert await world.keys(meta) == []


async def test_a_damaged_block_is_left_as_it_is_and_the_others_are_merged(tmp_path: Path) -> None:
    world = World(tmp_path)
    metas = [await world.flush(n, ENTRIES[n * 10 : n * 10 + 10]) for n in range(4)]
    key = metas[1].key_of(ROWS_FILE)
    data = bytearray(await world.store.store.get(key))
    data[len(data) // 2] ^= 1
    await world.store.store.put(key, bytes(data))
    await world.round()
    await world.round()
    assert {meta.identity.level for meta in await world.blocks()} == {0, 1}
    assert metas[1].block_id in {meta.block_id for meta in await world.blocks()}


async def test_what_a_flush_left_behind_is_erased_when_it_is_old(tmp_path: Path) -> None:
    world = World(tmp_path)
    meta = await world.flush(1, ENTRIES)
    await world.store.store.delete(f"{meta.path}/{META_FILE}")
    modified_ns = (await world.store.store.head(meta.key_of(ROWS_FILE))).modified_ns
    world.clock.jump((modified_ns - world.clock.now_ns()) / NS_PER_S + world.config.erase_orphans_after_s + 1)
    await world.round()
    assert await world.keys(meta) == []


async def test_one_node_looks_for_orphans(tmp_path: Path) -> None:
    world = World(tmp_path)
    meta = await world.flush(1, ENTRIES)
    await world.store.store.delete(f"{meta.path}/{META_FILE}")
    modified_ns = (await world.store.store.head(meta.key_of(ROWS_FILE))).modified_ns
    world.clock.jump((modified_ns - world.clock.now_ns()) / NS_PER_S + world.config.erase_orphans_after_s + 1)
    world.compactor._is_mine = lambda *_: False
    await world.round()
    assert len(await world.keys(meta)) == 2
    world.compactor._is_mine = lambda *_: True
    await world.round()
    assert await world.keys(meta) == []


async def test_tenants_of_other_nodes_are_left_to_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    for n in range(3):
        await world.flush(n, ENTRIES[n * 20 : n * 20 + 20])
    world.compactor._is_mine = lambda *_: False
    await world.round()
    assert len(await world.blocks()) == 3


class BetweenRounds(ManualClock):
    """Says when the loop has come to its end and waits for the next round: what it does in threads takes as long as it takes."""

    def __init__(self, now_ns: int) -> None:
        super().__init__(now_ns)
        self.waits = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.waits.set()
        await super().sleep(seconds)

    async def next(self, seconds: float) -> None:
        """Lets one round begin and end."""
        await self.waits.wait()
        self.waits.clear()
        await self.advance(seconds)
        await self.waits.wait()


async def test_a_loop_reports_what_fails_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path)
    for n in range(3):
        await world.flush(n, ENTRIES[n * 20 : n * 20 + 20])
    await world.catalog.poll()
    clock = BetweenRounds(world.clock.now_ns())
    world.clock = clock
    world.restart()
    await world.catalog.poll()
    world.store.play([Fault.FAIL])
    running = asyncio.ensure_future(world.compactor.run())
    await clock.next(world.config.interval_s)
    assert "a round of compaction ended early" in caplog.text
    assert len(await world.blocks()) == 3
    await clock.next(world.config.interval_s)
    running.cancel()
    assert len(await world.blocks()) == 1

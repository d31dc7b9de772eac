from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.layout import META_FILE
from lgtm.blocks.lineage import compacted_identity
from lgtm.blocks.meta import BlockMeta
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.window import Window
from lgtm.storage.catalog import Catalog
from lgtm.storage.config import StorageConfig
from lgtm.storage.index import index_key
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectInfo, StoreUnavailable
from lgtm.storage.tombstone import delete_block
from support.blocks import DAY_START_NS, identity, written
from support.faultystore import Fault, FaultyStore
from support.rows import entry

CONFIG = StorageConfig(index_blocks_behind_max=2)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> BlockMeta:
    return written([entry("api", DAY_START_NS, "x")], tmp_path_factory.mktemp("block")).meta


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(MemoryStore())


def catalog_of(store: FaultyStore) -> Catalog:
    return Catalog(store, CONFIG, StorageMetrics(CollectorRegistry()))


def numbered(template: BlockMeta, number: int, tenant: Tenant = DEFAULT_TENANT) -> BlockMeta:
    """A meta of its own generation, one second long, `number` seconds into the day."""
    start = DAY_START_NS + number * 10**9
    return replace(template, identity=identity(generation=number, tenant=tenant), min_ns=start, max_ns=start + 10**9 - 1)


async def put(store: FaultyStore, *metas: BlockMeta) -> None:
    for meta in metas:
        await store.store.put(f"{meta.path}/{META_FILE}", meta.to_json())


def ids(catalog: Catalog, tenant: Tenant = DEFAULT_TENANT) -> list[str]:
    return [meta.block_id for meta in catalog.blocks(tenant, LOGS)]


async def test_blocks_are_those_in_the_store_oldest_first(store: FaultyStore, template: BlockMeta) -> None:
    metas = [numbered(template, n) for n in range(5)]
    await put(store, *reversed(metas))
    catalog = catalog_of(store)
    await catalog.poll()
    assert catalog.blocks(DEFAULT_TENANT, LOGS) == metas


@pytest.mark.parametrize(("start", "end", "numbers"), [(0, 1, [0]), (1, 3, [1, 2]), (2, 99, [2, 3, 4]), (5, 9, []), (-9, 0, [])])
async def test_a_window_gets_the_blocks_that_touch_it(store: FaultyStore, template: BlockMeta, start: int, end: int, numbers: list[int]) -> None:
    metas = [numbered(template, n) for n in range(5)]
    await put(store, *metas)
    catalog = catalog_of(store)
    await catalog.poll()
    window = Window(DAY_START_NS + start * 10**9, DAY_START_NS + end * 10**9)
    assert catalog.blocks(DEFAULT_TENANT, LOGS, window) == [metas[n] for n in numbers]


async def test_tenants_see_their_own_blocks(store: FaultyStore, template: BlockMeta) -> None:
    tenants = [Tenant("a"), Tenant("a!"), Tenant("ab")]
    await put(store, *(numbered(template, n, tenant) for n, tenant in enumerate(tenants)))
    catalog = catalog_of(store)
    await catalog.poll()
    assert catalog.tenants() == set(tenants)
    assert [ids(catalog, tenant) for tenant in tenants] == [[numbered(template, n, tenant).block_id] for n, tenant in enumerate(tenants)]
    assert ids(catalog, Tenant("b")) == []


async def test_a_block_without_a_meta_does_not_exist(store: FaultyStore, template: BlockMeta) -> None:
    await store.put(template.key_of("rows.parquet"), b"data")
    await store.put("signal=logs/tenant=fake/strange", b"data")
    catalog = catalog_of(store)
    await catalog.poll()
    assert (ids(catalog), catalog.tenants()) == ([], set())


async def test_a_marked_block_is_hidden_and_listed_for_erasure(store: FaultyStore, template: BlockMeta) -> None:
    metas = [numbered(template, n) for n in range(2)]
    await put(store, *metas)
    await delete_block(store, metas[0].path, now_ns=1, reason="test")
    catalog = catalog_of(store)
    await catalog.poll()
    assert ids(catalog) == [metas[1].block_id]
    assert catalog.snapshot().of(DEFAULT_TENANT, LOGS).tombstoned == (metas[0].path,)


async def test_a_compacted_block_takes_the_place_of_its_sources_at_once(store: FaultyStore, template: BlockMeta) -> None:
    metas = [numbered(template, n) for n in range(3)]
    await put(store, *metas)
    catalog = catalog_of(store)
    await catalog.poll()
    compacted = replace(template, identity=compacted_identity(metas[:2]))
    catalog.add(compacted)
    assert ids(catalog) == [compacted.block_id, metas[2].block_id]
    await put(store, compacted)
    await catalog.poll()
    assert ids(catalog) == [compacted.block_id, metas[2].block_id]


async def test_a_snapshot_does_not_change(store: FaultyStore, template: BlockMeta) -> None:
    await put(store, numbered(template, 0))
    catalog = catalog_of(store)
    await catalog.poll()
    before = catalog.snapshot()
    catalog.add(numbered(template, 1))
    catalog.remove(numbered(template, 0))
    await catalog.poll()
    assert [meta.block_id for meta in before.blocks(DEFAULT_TENANT, LOGS)] == [numbered(template, 0).block_id]


class SlowListing(FaultyStore):
    """Gives out what it found only when `given_out` is set."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.found, self.given_out = asyncio.Event(), asyncio.Event()
        self.given_out.set()

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        found = [info async for info in super().list(prefix, start_after=start_after)]
        self.found.set()
        await self.given_out.wait()
        for info in found:
            yield info


async def test_what_was_added_or_removed_during_a_poll_is_not_undone_by_it(template: BlockMeta) -> None:
    store = SlowListing()
    removed, added = numbered(template, 0), numbered(template, 1)
    await put(store, removed)
    catalog = catalog_of(store)
    await catalog.poll()
    store.found.clear()
    store.given_out.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(catalog.poll())
        await store.found.wait()
        catalog.add(added)
        catalog.remove(removed)
        store.given_out.set()
    assert ids(catalog) == [added.block_id]


@pytest.mark.parametrize("step", range(4))
async def test_a_poll_that_fails_keeps_the_view_whole(store: FaultyStore, template: BlockMeta, step: int) -> None:
    old = [numbered(template, n) for n in range(2)]
    await put(store, *old)
    catalog = catalog_of(store)
    await catalog.poll()
    await put(store, *(numbered(template, n) for n in range(2, 5)))
    store.play([Fault.NONE] * step + [Fault.FAIL])
    with pytest.raises(StoreUnavailable):
        await catalog.poll()
    assert catalog.blocks(DEFAULT_TENANT, LOGS) == old
    await catalog.poll()
    assert len(ids(catalog)) == 5


async def test_a_start_with_an_index_costs_a_few_requests(store: FaultyStore, template: BlockMeta) -> None:
    await put(store, *(numbered(template, n) for n in range(40)))
    await catalog_of(store).poll()
    await put(store, numbered(template, 40))
    store.calls.clear()
    catalog = catalog_of(store)
    await catalog.poll()
    assert len(ids(catalog)) == 41
    assert len([call for call in store.calls if call.startswith("get ")]) == 2  # the index, and what it lacks


async def test_a_poll_without_news_only_lists(store: FaultyStore, template: BlockMeta) -> None:
    await put(store, *(numbered(template, n) for n in range(40)))
    catalog = catalog_of(store)
    await catalog.poll()
    store.calls.clear()
    await catalog.poll()
    assert store.calls == ["list signal="]


@pytest.mark.parametrize("index", [b"", b"nonsense", b"\x28\xb5\x2f\xfd" + b"\xff" * 20])
async def test_a_damaged_index_is_ignored_and_written_anew(store: FaultyStore, template: BlockMeta, index: bytes) -> None:
    await put(store, *(numbered(template, n) for n in range(5)))
    key = index_key("logs", DEFAULT_TENANT)
    await store.put(key, index)
    catalog = catalog_of(store)
    await catalog.poll()
    assert len(ids(catalog)) == 5
    assert await store.get(key) != index


async def test_what_only_the_index_knows_does_not_exist(store: FaultyStore, template: BlockMeta) -> None:
    await put(store, *(numbered(template, n) for n in range(5)))
    await catalog_of(store).poll()
    await store.delete(f"{numbered(template, 0).path}/{META_FILE}")
    catalog = catalog_of(store)
    await catalog.poll()
    assert len(ids(catalog)) == 4


async def test_a_block_with_a_damaged_meta_is_named_not_skipped_in_silence(store: FaultyStore, template: BlockMeta) -> None:
    good, bad, foreign = (numbered(template, n) for n in range(3))
    await put(store, good)
    await store.put(f"{bad.path}/{META_FILE}", bad.to_json()[:-9])
    await store.put(f"{foreign.path}/{META_FILE}", good.to_json())
    catalog = catalog_of(store)
    await catalog.poll()
    found = catalog.snapshot().of(DEFAULT_TENANT, LOGS)
    assert (found.blocks, set(found.damaged)) == ((good,), {bad.path, foreign.path})


async def test_blocks_erased_between_listing_and_reading_are_simply_gone(store: FaultyStore, template: BlockMeta) -> None:
    await put(store, numbered(template, 0), numbered(template, 1))

    class Erasing(FaultyStore):
        async def get(self, key: str) -> bytes:
            await self.store.delete(f"{numbered(template, 0).path}/{META_FILE}")
            return await super().get(key)

    catalog = catalog_of(Erasing(store.store))
    await catalog.poll()
    assert ids(catalog) == [numbered(template, 1).block_id]
    assert catalog.snapshot().of(DEFAULT_TENANT, LOGS).damaged == ()

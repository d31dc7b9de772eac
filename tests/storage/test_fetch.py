from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.layout import DATA_FILES, ROWS_FILE, TRACES_FILE, DamagedBlock
from lgtm.blocks.meta import BlockMeta
from lgtm.model.trace_ids import TraceIds
from lgtm.storage import fetch
from lgtm.storage.fetch import BlockFiles, BlockGone, CacheFull
from lgtm.storage.local import LocalStore
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore, StoreUnavailable
from lgtm.storage.publish import publish
from support.blocks import DAY_START_NS, day_of_entries, identity, without_index, written, written_spans
from support.faultystore import Fault, FaultyStore
from support.rows import entries_of
from support.spans import span

METRICS = StorageMetrics(CollectorRegistry())
PLENTY = 10**9


async def published(store: ObjectStore, directory: Path, count: int) -> list[BlockMeta]:
    blocks = [written(day_of_entries(), directory / str(n), of=identity(generation=n)) for n in range(count)]
    return [await publish(store, block.files, block.meta, METRICS) for block in blocks]


async def cache(store: ObjectStore, directory: Path, bytes_max: int = PLENTY) -> BlockFiles:
    files = BlockFiles(store, directory / "cache", bytes_max, METRICS)
    await files.start()
    return files


def lines(reader: object) -> int:
    return len(entries_of(list(reader.read())))  # type: ignore[attr-defined]


def cached(directory: Path) -> set[str]:
    return {path.parent.parent.name for path in (directory / "cache").rglob(ROWS_FILE)}


def fetches(store: FaultyStore) -> int:
    return sum(call.startswith("get_file") for call in store.calls)


async def test_a_block_is_fetched_once_and_read_from_disk_then(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    (meta,) = await published(store, tmp_path, 1)
    files = await cache(store, tmp_path)
    for _ in range(3):
        async with files.open(meta) as reader:
            assert lines(reader) == 40
    assert fetches(store) == len(DATA_FILES)
    assert files.nbytes == meta.nbytes


async def test_many_that_want_a_block_at_once_share_one_fetch(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    (meta,) = await published(store, tmp_path, 1)
    files = await cache(store, tmp_path)

    async def read() -> int:
        async with files.open(meta) as reader:
            return lines(reader)

    assert await asyncio.gather(*(read() for _ in range(8))) == [40] * 8
    assert fetches(store) == len(DATA_FILES)


async def test_the_least_recently_used_block_makes_room(tmp_path: Path) -> None:
    store = MemoryStore()
    metas = await published(store, tmp_path, 3)
    files = await cache(store, tmp_path, 2 * metas[0].nbytes + 10)
    for number in (0, 1, 0, 2):
        async with files.open(metas[number]):
            assert files.nbytes <= 2 * metas[0].nbytes + 10
    assert cached(tmp_path) == {metas[0].block_id, metas[2].block_id}


async def test_a_block_that_is_being_read_stays(tmp_path: Path) -> None:
    store = MemoryStore()
    metas = await published(store, tmp_path, 3)
    files = await cache(store, tmp_path, 2 * metas[0].nbytes + 10)
    async with files.open(metas[0]) as reader:
        for meta in (metas[1], metas[2], metas[1]):
            async with files.open(meta):
                assert lines(reader) == 40
        async with files.open(metas[1]):
            with pytest.raises(CacheFull):
                async with files.open(metas[2]):
                    pass
            assert cached(tmp_path) == {metas[0].block_id, metas[1].block_id}
    async with files.open(metas[2]) as reader:
        assert lines(reader) == 40


async def test_a_block_larger_than_the_cache_is_refused_and_evicts_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    (small,) = await published(store, tmp_path, 1)
    block = written(day_of_entries(4_000), tmp_path / "large", of=identity(generation=9))
    large = await publish(store, block.files, block.meta, METRICS)
    files = await cache(store, tmp_path, small.nbytes + 10)
    async with files.open(small):
        pass
    with pytest.raises(CacheFull):
        async with files.open(large):
            pass
    assert cached(tmp_path) == {small.block_id}


async def test_a_restart_finds_its_files_again_and_the_bound_holds(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    metas = await published(store, tmp_path, 3)
    files = await cache(store, tmp_path)
    for meta in metas:
        async with files.open(meta):
            pass
    store.calls.clear()
    again = await cache(store, tmp_path, 2 * metas[0].nbytes + 10)
    assert again.nbytes <= 2 * metas[0].nbytes + 10
    async with again.open(metas[2]) as reader:
        assert lines(reader) == 40
    assert fetches(store) == 0


async def test_a_restart_removes_what_was_left_half_done(tmp_path: Path) -> None:
    store = MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    half = tmp_path / "cache" / meta.key_of(ROWS_FILE)
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    files = await cache(store, tmp_path)
    assert (files.nbytes, half.parent.exists()) == (0, False)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"!" * path.stat().st_size)], ids=["lost", "overwritten"])
async def test_damage_under_an_open_block_fails_one_reader_and_is_repaired_for_the_next(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    store = MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    files = await cache(store, tmp_path)
    async with files.open(meta):
        pass
    damage(tmp_path / "cache" / meta.key_of(ROWS_FILE))
    with pytest.raises(DamagedBlock):
        async with files.open(meta) as reader:
            lines(reader)
    async with files.open(meta) as reader:
        assert lines(reader) == 40
    assert files.nbytes == meta.nbytes


@pytest.mark.parametrize("name", DATA_FILES)
async def test_damage_in_the_cache_is_repaired_from_the_store(tmp_path: Path, name: str) -> None:
    store = MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    async with (await cache(store, tmp_path)).open(meta):
        pass
    path = tmp_path / "cache" / meta.key_of(name)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    files = await cache(store, tmp_path)
    async with files.open(meta) as reader:
        assert lines(reader) == 40
    assert files.nbytes == meta.nbytes


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("kind", [MemoryStore, LocalStore])
async def test_damage_in_the_store_is_an_error_and_is_not_kept(tmp_path: Path, name: str, kind: type[MemoryStore] | type[LocalStore]) -> None:
    store: ObjectStore = LocalStore(tmp_path / "store") if kind is LocalStore else MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    whole = await store.get(meta.key_of(name))
    await store.put(meta.key_of(name), whole[:-1] + b"!")
    files = await cache(store, tmp_path)
    with pytest.raises(DamagedBlock, match=name):
        async with files.open(meta):
            pass
    assert (files.nbytes, cached(tmp_path)) == (0, set())
    await store.put(meta.key_of(name), whole)
    async with files.open(meta) as reader:
        assert lines(reader) == 40
    await store.close()


@pytest.mark.parametrize("step", range(2))
async def test_a_fetch_that_fails_leaves_nothing_and_may_be_tried_again(tmp_path: Path, step: int) -> None:
    store = MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    files = await cache(FaultyStore(store, [Fault.NONE] * step + [Fault.FAIL]), tmp_path)
    with pytest.raises(StoreUnavailable):
        async with files.open(meta):
            pass
    assert (files.nbytes, cached(tmp_path)) == (0, set())
    async with files.open(meta) as reader:
        assert lines(reader) == 40


async def test_a_cancelled_fetch_is_taken_over_by_the_next_in_line(tmp_path: Path) -> None:
    inner = MemoryStore()
    (meta,) = await published(inner, tmp_path, 1)
    entered, proceed = asyncio.Event(), asyncio.Event()

    class Slow(FaultyStore):
        async def get_file(self, key: str, path: Path) -> None:
            entered.set()
            await proceed.wait()
            await super().get_file(key, path)

    files = await cache(Slow(inner), tmp_path)

    async def read() -> int:
        async with files.open(meta) as reader:
            return lines(reader)

    first, second = asyncio.ensure_future(read()), asyncio.ensure_future(read())
    await entered.wait()
    first.cancel()
    proceed.set()
    assert await second == 40
    assert first.cancelled() or first.done()


@pytest.mark.parametrize("kind", [MemoryStore, LocalStore])
async def test_an_erased_block_is_gone_not_missing(tmp_path: Path, kind: type[MemoryStore] | type[LocalStore]) -> None:
    store: ObjectStore = LocalStore(tmp_path / "store") if kind is LocalStore else MemoryStore()
    (meta,) = await published(store, tmp_path, 1)
    for name in DATA_FILES:
        await store.delete(meta.key_of(name))
    with pytest.raises(BlockGone):
        async with (await cache(store, tmp_path)).open(meta):
            pass
    await store.close()


async def test_a_local_store_is_read_in_place(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    (meta,) = await published(store, tmp_path, 1)
    files = await cache(store, tmp_path)
    async with files.open(meta) as reader:
        assert lines(reader) == 40
    assert (files.nbytes, cached(tmp_path)) == (0, set())
    await store.close()


SHOP = [span("shop", DAY_START_NS + number, number, number) for number in range(50)]
IN_IT, NOT_IN_IT = (TraceIds.of([number.to_bytes(16)]) for number in (49, 50))


async def published_spans(store: ObjectStore, directory: Path, count: int = 1) -> list[BlockMeta]:
    blocks = [written_spans(SHOP, directory / str(n), generation=n) for n in range(count)]
    return [await publish(store, block.files, block.meta, METRICS) for block in blocks]


def keys_fetched(store: FaultyStore) -> list[str]:
    return [call.rpartition("/")[2] for call in store.calls if call.startswith("get_file")]


async def test_the_index_of_traces_is_fetched_without_rows_and_counted(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    (meta,) = await published_spans(store, tmp_path)
    files = await cache(store, tmp_path)
    for _ in range(2):
        async with files.open_index(meta) as index:
            assert index is not None
            assert (index.may_hold(IN_IT), index.may_hold(NOT_IN_IT)) == (True, False)
    assert keys_fetched(store) == [TRACES_FILE]
    assert files.nbytes == meta.files[TRACES_FILE].nbytes
    async with files.open(meta) as reader:
        assert sum(len(batch) for batch in reader.read()) == len(SHOP)
    assert keys_fetched(store) == [TRACES_FILE, *DATA_FILES]
    assert files.nbytes == meta.nbytes


async def test_rows_and_index_make_room_apart(tmp_path: Path) -> None:
    metas = await published_spans(store := FaultyStore(MemoryStore()), tmp_path, 2)
    files = await cache(store, tmp_path, metas[0].nbytes + 10)
    for meta in metas:
        async with files.open(meta):
            pass
    async with files.open_index(metas[0]), files.open_index(metas[1]):
        assert files.nbytes <= metas[0].nbytes + 10
    async with files.open_index(metas[0]) as index:
        assert index is not None
    assert keys_fetched(store).count(TRACES_FILE) == 2


async def test_a_restart_finds_indexes_again(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    (meta,) = await published_spans(store, tmp_path)
    async with (await cache(store, tmp_path)).open_index(meta):
        pass
    store.calls.clear()
    again = await cache(store, tmp_path)
    assert again.nbytes == meta.files[TRACES_FILE].nbytes
    async with again.open_index(meta) as index:
        assert index is not None
        assert index.may_hold(IN_IT)
    assert fetches(store) == 0


async def test_a_damaged_index_is_repaired_from_the_store_or_an_error(tmp_path: Path) -> None:
    store = MemoryStore()
    (meta,) = await published_spans(store, tmp_path)
    async with (await cache(store, tmp_path)).open_index(meta):
        pass
    (path,) = (tmp_path / "cache").rglob(TRACES_FILE)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"!")
    async with (await cache(store, tmp_path)).open_index(meta) as index:
        assert index is not None
        assert index.may_hold(IN_IT)
    await store.put(meta.key_of(TRACES_FILE), whole[:-1] + b"!")
    files = await cache(store, tmp_path / "other")
    with pytest.raises(DamagedBlock, match=TRACES_FILE):
        async with files.open_index(meta):
            pass
    assert files.nbytes == 0


@pytest.mark.parametrize("kind", [MemoryStore, LocalStore])
async def test_a_block_of_before_there_were_indexes_has_none_and_an_erased_one_is_gone(
    tmp_path: Path, kind: type[MemoryStore] | type[LocalStore]
) -> None:
    store: ObjectStore = LocalStore(tmp_path / "store") if kind is LocalStore else MemoryStore()
    (meta,) = await published_spans(store, tmp_path)
    files = await cache(store, tmp_path)
    async with files.open_index(without_index(meta)) as index:
        assert index is None
    await store.delete(meta.key_of(TRACES_FILE))
    with pytest.raises(BlockGone):
        async with files.open_index(meta):
            pass
    await store.close()


async def test_a_local_store_keeps_so_many_readers_open_of_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "READERS_MAX", 2)
    monkeypatch.setattr(fetch, "_TRACES", replace(fetch._TRACES, open_max=2))
    store = LocalStore(tmp_path / "store")
    metas = await published_spans(store, tmp_path, 4)
    files = await cache(store, tmp_path)
    for meta in metas:
        async with files.open_index(meta), files.open(meta):
            pass
    assert files.nbytes == 0
    assert len(files._entries) <= 6
    await store.close()

"""A generation becomes published blocks, or nothing is taken for stored; what was made on the way goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.app.flusher import Flusher, FlushFailed
from lgtm.clock import SystemClock
from lgtm.ingester.generation import Generation
from lgtm.model.limits import DAY_NS
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import LOGS
from lgtm.model.window import ALWAYS
from lgtm.storage.catalog import Catalog
from lgtm.storage.config import StorageConfig
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore, StoreUnavailable
from support.faultystore import Fault, FaultyStore
from support.parts import WRITER, part


class Flushing:
    def __init__(self, directory: Path, store: ObjectStore) -> None:
        metrics = StorageMetrics(CollectorRegistry())
        self.directory = directory
        self.catalog = Catalog(store, StorageConfig(), metrics)
        self.flusher = Flusher(store, self.catalog, metrics, directory, SystemClock())
        self.generation = Generation("a1", 7, 0)
        self.generation.add(part(1, ["day 0", "day 1"], ts=[5, DAY_NS + 5]))

    async def flush(self) -> None:
        await self.flusher.flush(self.generation, 9, PartIds([(WRITER, 1, 1, 1)]))

    @property
    def dates(self) -> list[str]:
        (tenant,) = {tenant for tenant, _ in self.generation.heads}
        return sorted(block.identity.date for block in self.catalog.blocks(tenant, LOGS, ALWAYS))


async def test_every_block_is_known_here_at_once_and_its_files_are_gone(tmp_path: Path) -> None:
    flushing = Flushing(tmp_path / "flush", MemoryStore())
    await flushing.flush()
    assert flushing.dates == ["1970-01-01", "1970-01-02"]
    assert not list((tmp_path / "flush").rglob("*.parquet"))


async def test_a_store_that_fails_is_tried_again_by_the_caller_and_blocks_are_made_anew(tmp_path: Path) -> None:
    flushing = Flushing(tmp_path / "flush", FaultyStore(MemoryStore(), [Fault.FAIL] * 40))
    with pytest.raises(StoreUnavailable):
        await flushing.flush()
    assert flushing.dates == []
    assert not list((tmp_path / "flush").rglob("*.parquet"))
    again = Flushing(tmp_path / "flush", MemoryStore())
    await again.flush()
    assert len(again.dates) == 2


async def test_a_disk_that_takes_no_files_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "flush").write_text("a file where a directory should be")
    with pytest.raises(FlushFailed, match="cannot write block files in"):
        await Flushing(tmp_path / "flush", MemoryStore()).flush()

"""Heads and blocks with the same entries spread over them as a test wants, behind real sources and a real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE
from lgtm.blocks.lineage import stored_parts
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.writer import WrittenBlock
from lgtm.clock import Clock
from lgtm.errors import Unavailable
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.ingester.tails import Tails
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.part import Part, PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.window import Window
from lgtm.query.blocks import BlockSource
from lgtm.query.config import QueryConfig
from lgtm.query.engine import QueryEngine
from lgtm.query.heads import HeadSource
from lgtm.query.metrics import QueryMetrics
from lgtm.query.reader import Reader
from support.rows import Entry, batch_of

WAL_ID = "ab" * 16


class Store:
    """Generations by number, each in memory, in blocks, or (while it is being flushed) in both."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.heads: dict[int, Generation] = {}
        self.blocks: list[WrittenBlock] = []
        self.opened = 0

    def in_memory(self, number: int, *groups: Sequence[Entry], tenant: Tenant = DEFAULT_TENANT) -> None:
        self.heads[number] = _generation(number, groups, tenant)

    def in_blocks(self, number: int, *groups: Sequence[Entry], tenant: Tenant = DEFAULT_TENANT) -> None:
        self.blocks += write_blocks(_generation(number, groups, tenant), number, self._directory, created_ns=0)

    def snapshot(self, tenant: Tenant, signal: Signal) -> list[object]:
        return [g.heads[tenant, signal.name].snapshot() for g in self.heads.values() if (tenant, signal.name) in g.heads]

    def catalog_blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        return [block.meta for block in self.blocks if (block.meta.tenant, block.meta.signal) == (tenant, signal) and block.meta.overlaps(window)]

    @asynccontextmanager
    async def open(self, meta: BlockMeta) -> AsyncIterator[BlockReader]:
        (files,) = [block.files for block in self.blocks if block.meta == meta]
        self.opened += 1
        yield BlockReader(files[ROWS_FILE], files[SERIES_FILE], meta)


class _Catalog:
    def __init__(self, store: Store) -> None:
        self._store = store

    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        return self._store.catalog_blocks(tenant, signal, window)

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return ()

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:
        mine = [block.meta for block in self._store.blocks if (block.meta.tenant, block.meta.signal) == (tenant, signal)]
        return PartIds((part.writer, part.epoch, part.first, part.last) for part in stored_parts(mine))


def sources_of(store: Store) -> tuple[HeadSource, BlockSource]:
    return HeadSource("a", store.snapshot), BlockSource(_Catalog(store), store.open)  # type: ignore[arg-type]  # snapshots satisfy the protocol


@asynccontextmanager
async def engine_over(store: Store, limits: Limits | None = None, clock: Clock | None = None) -> AsyncIterator[QueryEngine]:
    with ThreadPoolExecutor(2) as threads:
        metrics, config = QueryMetrics(CollectorRegistry()), QueryConfig(first_slice_rows=16)
        heads, blocks = sources_of(store)
        yield QueryEngine(Reader(lambda: [heads], blocks, TenantLimits(limits), threads, config, metrics), Tails().follow, clock)


def _generation(number: int, groups: Sequence[Sequence[Entry]], tenant: Tenant) -> Generation:
    generation = Generation(WAL_ID, number, 0)
    for sequence, entries in enumerate(groups):
        if entries:
            generation.add(Part(PartId(b"w" * 16, number, sequence), ("a",), batch_of(entries, tenant=tenant)))
    return generation

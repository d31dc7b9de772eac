"""Which blocks exist: found by listing, kept in memory, and for a quick start in one index object per tenant and signal.

The listing alone decides; metas never change, so the index is only a way to fetch many of them at once. It may be missing, old or damaged, and any
node may write it. A poll that fails leaves the previous view, whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from lgtm.blocks.layout import BLOCKS_PREFIX, META_FILE, TOMBSTONE_FILE, BlockKey, DamagedBlock, block_path, parse_key
from lgtm.blocks.meta import BlockMeta
from lgtm.model.signal import SIGNALS, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import ALWAYS, Window
from lgtm.storage.config import StorageConfig
from lgtm.storage.index import read_index, write_index
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectNotFound, ObjectStore, StoreUnavailable
from lgtm.telemetry import event

_log = logging.getLogger(__name__)

FETCHES_AT_ONCE = 16
Owner = tuple[str, Tenant]
"""Signal name and tenant."""


@dataclass(slots=True, frozen=True)
class TenantBlocks:
    """blocks: visible ones by (min_ns, id). replaced: unmarked ones that a visible block was made of, and which it hides. tombstoned: paths of marked
    ones, for who erases them. damaged: paths of those whose meta is unreadable: an answer that would need them is incomplete."""

    blocks: tuple[BlockMeta, ...] = ()
    replaced: tuple[BlockMeta, ...] = ()
    tombstoned: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class CatalogSnapshot:
    """The catalogue at one moment. It does not change, and the objects of its blocks outlive their deletion by `storage.tombstone_delay_s`."""

    owners: dict[Owner, TenantBlocks] = field(default_factory=dict)

    def of(self, tenant: Tenant, signal: Signal) -> TenantBlocks:
        return self.owners.get((signal.name, tenant), TenantBlocks())

    def blocks(self, tenant: Tenant, signal: Signal, window: Window = ALWAYS) -> list[BlockMeta]:
        """Visible blocks that may hold rows of the window, oldest first."""
        return [meta for meta in self.of(tenant, signal).blocks if window == ALWAYS or meta.overlaps(window)]

    def tenants(self) -> set[Tenant]:
        return {tenant for (_, tenant), found in self.owners.items() if found.blocks or found.damaged}


@dataclass(slots=True)
class _Listed:
    """What a listing shows of one tenant and signal: paths by block id."""

    metas: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)


class Catalog:
    """The blocks of a store. Its owner calls `poll` regularly, the first time before any query."""

    def __init__(self, store: ObjectStore, config: StorageConfig, metrics: StorageMetrics) -> None:
        self._store, self._config, self._metrics = store, config, metrics
        self._snapshot = CatalogSnapshot()
        self._known: dict[Owner, dict[str, BlockMeta]] = {}
        self._indexed: dict[Owner, set[str]] = defaultdict(set)
        self._added_in_poll: list[BlockMeta] = []
        self._removed_in_poll: list[BlockMeta] = []
        self._polling = asyncio.Lock()

    def snapshot(self) -> CatalogSnapshot:
        return self._snapshot

    def blocks(self, tenant: Tenant, signal: Signal, window: Window = ALWAYS) -> list[BlockMeta]:
        return self._snapshot.blocks(tenant, signal, window)

    def tenants(self) -> set[Tenant]:
        return self._snapshot.tenants()

    def add(self, meta: BlockMeta) -> None:
        """Makes a block that was just published visible here, before the next poll."""
        self._added_in_poll.append(meta)
        self._change(meta, visible=True)

    def remove(self, meta: BlockMeta) -> None:
        """Hides a block that was just marked as deleted."""
        self._removed_in_poll.append(meta)
        self._change(meta, visible=False)

    async def poll(self) -> None:
        """Brings the view up to what the store holds now. Raises StoreUnavailable and keeps the view when the store does not answer."""
        async with self._polling:
            self._added_in_poll.clear()
            self._removed_in_poll.clear()
            try:
                await self._poll()
            except StoreUnavailable:
                self._metrics.polls.labels("failed").inc()
                raise
            self._metrics.polls.labels("ok").inc()

    async def _poll(self) -> None:
        listed: dict[Owner, _Listed] = defaultdict(_Listed)
        async for info in self._store.list(BLOCKS_PREFIX):
            key = parse_key(info.key)
            if key is not None:
                _note(listed[key.signal, key.tenant], key)
        owners: dict[Owner, TenantBlocks] = {}
        known: dict[Owner, dict[str, BlockMeta]] = {}
        for owner, found in listed.items():
            known[owner], damaged = await self._metas(owner, found)
            owners[owner] = TenantBlocks(*_visible(known[owner].values()), tuple(sorted(found.marks.values())), damaged)
        self._known, self._snapshot = known, CatalogSnapshot(owners)
        for meta in self._added_in_poll:
            self._change(meta, visible=True)
        for meta in self._removed_in_poll:
            self._change(meta, visible=False)
        self._count()
        for owner in known:
            await self._write_index(owner)

    async def _metas(self, owner: Owner, listed: _Listed) -> tuple[dict[str, BlockMeta], tuple[str, ...]]:
        """Metas by id of the blocks listed and not marked, and the paths of those that cannot be read."""
        wanted = {block_id: path for block_id, path in listed.metas.items() if block_id not in listed.marks}
        metas = {block_id: meta for block_id, meta in self._known.get(owner, {}).items() if block_id in wanted}
        if len(wanted) - len(metas) > self._config.index_blocks_behind_max:
            indexed = {meta.block_id: meta for meta in await read_index(self._store, *owner, self._metrics)}
            self._indexed[owner] = set(indexed)
            metas |= {block_id: meta for block_id, meta in indexed.items() if wanted.get(block_id) == meta.path}
        damaged: list[str] = []
        missing = [path for block_id, path in wanted.items() if block_id not in metas]
        for start in range(0, len(missing), FETCHES_AT_ONCE):
            fetched = await asyncio.gather(*(self._fetch(path, damaged) for path in missing[start : start + FETCHES_AT_ONCE]))
            metas |= {meta.block_id: meta for meta in fetched if meta is not None}
        return metas, tuple(sorted(damaged))

    async def _fetch(self, path: str, damaged: list[str]) -> BlockMeta | None:
        key = f"{path}/{META_FILE}"
        try:
            meta = BlockMeta.from_json(await self._store.get(key), name=key)
            if meta.path != path:
                raise DamagedBlock(key, f"it is the meta of {meta.path}")
            return meta
        except ObjectNotFound:
            return None  # erased since the listing
        except DamagedBlock as error:
            self._metrics.damaged.labels("meta").inc()
            event(_log, logging.ERROR, "block cannot be read", block=path, error=error)
            damaged.append(path)
            return None

    def _change(self, meta: BlockMeta, *, visible: bool) -> None:
        owner = (meta.signal.name, meta.tenant)
        known = dict(self._known.get(owner, {}))
        if visible:
            known[meta.block_id] = meta
        else:
            known.pop(meta.block_id, None)
        before = self._snapshot.owners.get(owner, TenantBlocks())
        tombstoned = before.tombstoned if visible else tuple(sorted({*before.tombstoned, meta.path}))
        self._known = self._known | {owner: known}
        self._snapshot = CatalogSnapshot(self._snapshot.owners | {owner: TenantBlocks(*_visible(known.values()), tombstoned, before.damaged)})

    def _count(self) -> None:
        for signal in SIGNALS:
            total = sum(len(found.blocks) for (name, _), found in self._snapshot.owners.items() if name == signal)
            self._metrics.blocks.labels(signal).set(total)

    async def _write_index(self, owner: Owner) -> None:
        """When it lacks many blocks, or most of what it holds is gone."""
        metas, indexed = self._known.get(owner, {}), self._indexed[owner]
        behind = len(metas.keys() - indexed)
        if behind <= self._config.index_blocks_behind_max and len(indexed - metas.keys()) <= max(self._config.index_blocks_behind_max, len(metas)):
            return
        try:
            await write_index(self._store, *owner, metas.values())
            self._indexed[owner] = set(metas)
        except StoreUnavailable as error:
            event(_log, logging.WARNING, "index not written, the next start takes longer", tenant=owner[1], signal=owner[0], error=error)


def _note(listed: _Listed, key: BlockKey) -> None:
    path = block_path(key.signal, key.tenant, key.date, key.block_id)
    if key.file == META_FILE:
        listed.metas[key.block_id] = path
    elif key.file == TOMBSTONE_FILE:
        listed.marks[key.block_id] = path


def _visible(metas: Iterable[BlockMeta]) -> tuple[tuple[BlockMeta, ...], tuple[BlockMeta, ...]]:
    """The blocks, and apart those that another one replaces: a compacted block and its sources change places in one moment."""
    unmarked = sorted(metas, key=lambda meta: (meta.min_ns, meta.block_id))
    hidden = {source for meta in unmarked for source in meta.identity.sources}
    return tuple(meta for meta in unmarked if meta.block_id not in hidden), tuple(meta for meta in unmarked if meta.block_id in hidden)

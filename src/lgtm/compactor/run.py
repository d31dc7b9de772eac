"""The compactor's rounds: for each tenant and signal of this node, mark what is not needed any more, erase what was marked, merge what is small.

    merge     sources opened → one block on local disk → published and verified → visible here at once, elsewhere at the next poll
    mark      a replaced block gets its tombstone in a later round, when every node has read of the block that replaces it
    erase     the objects go `storage.tombstone_delay_s` after the mark

Every step can be interrupted, repeated, or done by two nodes at once: names follow from the sources, and a query drops copies.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lgtm.blocks.compaction import compact_blocks
from lgtm.blocks.layout import BLOCKS_PREFIX, DamagedBlock
from lgtm.blocks.lineage import compacted_identity
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.clock import NS_PER_S, Clock
from lgtm.compactor.choose import Job, choose
from lgtm.compactor.config import CompactorConfig
from lgtm.compactor.expire import expired, orphans
from lgtm.compactor.metrics import CompactorMetrics
from lgtm.errors import Corruption, Unavailable
from lgtm.model.limits import TenantLimits
from lgtm.model.signal import SIGNALS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.storage.catalog import Catalog, Owner
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectInfo, ObjectStore
from lgtm.storage.publish import publish
from lgtm.storage.tombstone import delete_block, erase_block
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

ORPHAN_INTERVAL_S = 6 * 3_600.0
ORPHANS = "orphans"
"""Stands for a signal where it is decided whose work they are."""

OpenBlock = Callable[[BlockMeta], AbstractAsyncContextManager[BlockReader]]
IsMine = Callable[[Tenant, str], bool]
"""Whether blocks of a tenant and signal (by name) fall to this node. Two nodes that both think so do no harm."""


@dataclass(slots=True)
class Round:
    """What one round did."""

    merged: int = 0
    marked: int = 0
    erased: int = 0


class Compactor:
    """directory: for files of a block that is being made; nobody else writes there. tombstone_delay_s, seen_by_all_s: from a mark to the erasure,
    and from a block's publication until every node has read of it."""

    def __init__(
        self,
        store: ObjectStore,
        catalog: Catalog,
        open_block: OpenBlock,
        *,
        directory: Path,
        config: CompactorConfig,
        limits: TenantLimits,
        clock: Clock,
        metrics: CompactorMetrics,
        storage_metrics: StorageMetrics,
        tombstone_delay_s: float,
        seen_by_all_s: float,
        is_mine: IsMine = lambda *_: True,
    ) -> None:
        self._store, self._catalog, self._open_block, self._directory = store, catalog, open_block, directory
        self._config, self._limits, self._clock, self._is_mine = config, limits, clock, is_mine
        self._metrics, self._storage_metrics = metrics, storage_metrics
        self._tombstone_delay_ns, self._seen_by_all_ns = int(tombstone_delay_s * NS_PER_S), int(seen_by_all_s * NS_PER_S)
        self._unreadable: set[str] = set()
        """Blocks that cannot be merged because their bytes are damaged: they stay as they are."""
        self._replaced_since_ns: dict[Owner, dict[str, int]] = {}
        """Since when (monotonic) this node has seen that a block is replaced."""
        self._orphans_due_ns = clock.monotonic_ns()

    async def run(self) -> None:
        """For ever. A round that fails is reported and begun again: nothing depends on when it is done."""
        while True:
            await self._clock.sleep(self._config.interval_s)
            try:
                done = await self.round()
            except Unavailable as error:
                event(logger, logging.WARNING, "a round of compaction ended early, will be tried again", error=str(error))
                continue
            except Exception:
                logger.exception("a round of compaction failed in a way that it should not; blocks stay as they are")
                continue
            if done != Round():
                event(logger, logging.INFO, "compacted", merged=done.merged, marked=done.marked, erased=done.erased)

    async def round(self) -> Round:
        """Does everything that is to be done now. Raises Unavailable when the object store does not answer."""
        done = Round()
        for owner in sorted(self._catalog.snapshot().owners):
            if self._is_mine(owner[1], owner[0]):
                await self._expire(owner, done)
                await self._mark_replaced(owner, done)
                await self._erase(owner, done)
                await self._merge_all(owner, done)
        await self._look_for_orphans()
        self._metrics.last_round.set(self._clock.now_ns() / NS_PER_S)
        return done

    # --- deleting

    async def _expire(self, owner: Owner, done: Round) -> None:
        found = self._catalog.snapshot().owners[owner]
        signal = SIGNALS.get(owner[0])
        if signal is None:
            return  # of a newer version, which knows how long to keep it
        retention_ns = self._limits.for_tenant(owner[1]).retention_ns(signal)
        for meta in expired([*found.blocks, *found.replaced], self._clock.now_ns(), retention_ns):
            await self._mark(meta, "retention", done)

    async def _mark_replaced(self, owner: Owner, done: Round) -> None:
        """A listing is no snapshot: one that passed the new block's place before it was there must not find its sources marked already."""
        replaced = {meta.block_id: meta for meta in self._catalog.snapshot().owners[owner].replaced}
        now_ns = self._clock.monotonic_ns()
        before = self._replaced_since_ns.pop(owner, {})
        since_ns = {block_id: before.get(block_id, now_ns) for block_id in replaced}
        for block_id, meta in replaced.items():
            if now_ns - since_ns[block_id] >= self._seen_by_all_ns:
                await self._mark(meta, "compacted", done)
        self._replaced_since_ns[owner] = since_ns

    async def _mark(self, meta: BlockMeta, reason: str, done: Round) -> None:
        await delete_block(self._store, meta.path, now_ns=self._clock.now_ns(), reason=reason)
        self._catalog.remove(meta)
        self._metrics.deleted.labels(reason).inc()
        done.marked += 1

    async def _erase(self, owner: Owner, done: Round) -> None:
        for path in self._catalog.snapshot().owners[owner].tombstoned:
            try:
                erased = await erase_block(self._store, path, now_ns=self._clock.now_ns(), delay_ns=self._tombstone_delay_ns)
            except DamagedBlock as error:
                event(logger, logging.ERROR, "a deletion mark cannot be read; the block stays hidden and is not erased", block=path, error=str(error))
                continue
            if erased:
                self._metrics.erased.inc()
                done.erased += 1

    async def _look_for_orphans(self) -> None:
        """One node does it for all tenants and signals: a listing of everything is what costs here."""
        if self._clock.monotonic_ns() < self._orphans_due_ns or not self._is_mine(DEFAULT_TENANT, ORPHANS):
            return
        self._orphans_due_ns = self._clock.monotonic_ns() + int(ORPHAN_INTERVAL_S * NS_PER_S)
        age_s = self._config.erase_orphans_after_s or 24 * 3_600
        objects: list[ObjectInfo] = [info async for info in self._store.list(BLOCKS_PREFIX)]
        found = orphans(objects, self._clock.now_ns(), age_s * NS_PER_S)
        self._metrics.orphans.set(len(found))
        if not found:
            return
        erases = bool(self._config.erase_orphans_after_s)
        event(logger, logging.WARNING, "objects that belong to no block", objects=len(found), first=found[0], erased=erases)
        for key in found if erases else ():
            await self._store.delete(key)

    # --- merging

    async def _merge_all(self, owner: Owner, done: Round) -> None:
        """Merges until nothing is left to merge: what a merge made may be due for the next one."""
        while True:
            blocks = [meta for meta in self._catalog.snapshot().owners[owner].blocks if meta.block_id not in self._unreadable]
            jobs = choose(blocks, self._clock.now_ns(), self._config)
            outcomes = [await self._try_merge(job) for job in jobs]
            done.merged += sum(outcomes)
            if not any(outcomes):
                return

    async def _try_merge(self, job: Job) -> bool:
        """Whether the job was done. One that cannot be done keeps its blocks, which are as good as before. Raises Unavailable."""
        try:
            with self._metrics.seconds.time():
                merged = await self._merge(job)
        except OSError as error:
            self._failed(job, f"cannot write files in {self._directory}: {error}")
            return False
        except Corruption as error:
            if isinstance(error, DamagedBlock):
                self._unreadable.update(block.block_id for block in job.blocks if error.name.startswith(block.path))
            self._failed(job, str(error))
            return False
        except Unavailable:
            raise
        except Exception:
            # A bug must not keep every other tenant's blocks from being merged.
            logger.exception("a merge failed in a way that it should not")
            self._failed(job, "see the error before this")
            return False
        self._metrics.jobs.labels(job.reason, "ok").inc()
        rows = sum(block.row_count for block in job.blocks)
        self._metrics.rows.labels("read").inc(rows)
        self._metrics.rows.labels("dropped").inc(rows - merged.row_count)
        self._metrics.bytes.labels("read").inc(job.nbytes)
        self._metrics.bytes.labels("written").inc(merged.nbytes)
        return True

    def _failed(self, job: Job, error: str) -> None:
        self._metrics.jobs.labels(job.reason, "failed").inc()
        event(logger, logging.ERROR, "blocks cannot be merged and stay as they are", blocks=len(job.blocks), first=job.blocks[0].path, error=error)

    async def _merge(self, job: Job) -> BlockMeta:
        identity = compacted_identity(job.blocks, forget_parts=job.reason == "closed")
        directory = self._directory / identity.block_id
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        try:
            async with AsyncExitStack() as stack:
                readers = [(await stack.enter_async_context(self._open_block(meta))).in_passing() for meta in job.blocks]
                await asyncio.to_thread(directory.mkdir, parents=True)
                written = await asyncio.to_thread(compact_blocks, readers, identity, directory, created_ns=self._clock.now_ns())
            published = await publish(self._store, written.files, written.meta, self._storage_metrics)
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        self._catalog.add(published)
        return published

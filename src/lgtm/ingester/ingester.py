"""The ingester: a part is logged, synced, made visible, acknowledged; whole generations are flushed and their log segments deleted.

    append   part → refuse early (bounds, unknown series) → log and sync → head → ack
    flush    seal at a segment boundary → wait for appends in flight → my parts in verified blocks → those of others covered by theirs, or by
             mine when they are late → segments deleted → out of memory once every querier must have seen the blocks

Everything that decides runs on the event loop without waiting in between, so there are no locks; what takes time (encoding large parts, merging,
writing blocks) runs on threads over immutable values.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import Unavailable
from lgtm.ingester.config import IngesterConfig
from lgtm.ingester.generation import Generation
from lgtm.ingester.head import Head, HeadSnapshot
from lgtm.ingester.metrics import IngesterMetrics
from lgtm.ingester.records import KIND_ALONE, KIND_GENERATION, KIND_PART, Alone, record
from lgtm.ingester.tails import Tails
from lgtm.model.batch import Batch
from lgtm.model.part import Appended, Part, PartId, UnknownSeries
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.telemetry import event
from lgtm.wire.part import encode_part, is_quick

logger = logging.getLogger(__name__)

CUT_INTERVAL_S = 1.0
MERGE_INTERVAL_S = 0.25
REST_AFTER_START_S = 5.0
"""Rows that were replayed are in the log, and stay there so much longer: who has just lost a node asks questions first."""


class PartLog(Protocol):
    """What the ingester needs of a write-ahead log. `append` takes its place in the log before it first waits."""

    async def append(self, payload: Sequence[bytes]) -> int: ...

    def cut(self) -> int: ...

    async def delete_before(self, segment: int) -> None: ...


Flush = Callable[[Generation, int, PartIds], Awaitable[None]]
"""Publishes and verifies blocks of the parts named of a drained generation that ends with the given segment; raises Unavailable when it has to be
tried again."""
Covered = Callable[[Tenant, str], PartIds]
"""Parts of a tenant and signal that are in blocks which this node has read of."""


class HeadFull(Unavailable):
    """Raised before anything is logged when too many rows wait in memory for the object store."""

    retry_after_s = 5.0

    def __init__(self, nbytes: int, bytes_max: int) -> None:
        self.nbytes, self.bytes_max = nbytes, bytes_max

    def __str__(self) -> str:
        return f"{self.nbytes} bytes of rows wait for the object store, ingester.head_bytes_max is {self.bytes_max}; retry later"


class Stopping(Unavailable):
    """Raised for every append once the ingester is going down."""

    draining = True
    """Told to other nodes: nobody's writes are taken here any more."""

    def __str__(self) -> str:
        return "this ingester is stopping; send to another one"


class Spill(Protocol):
    """A second home in the object store for parts of which no other node can take a copy."""

    async def add(self, generation: int, part: Part) -> None:
        """Raises Unavailable when the store does not take it."""

    async def drop(self, generation: int) -> None: ...


class NoSecondHome(Unavailable):
    """The part is on this log alone, and ingester.degraded_ack says that this is not enough. It may be stored; a retry is recognised."""

    def __str__(self) -> str:
        return "only one node lives and the object store does not take a second copy; retry later"


class Ingester:
    def __init__(
        self,
        ingester_id: str,
        wal_id: str,
        log: PartLog,
        flush: Flush,
        *,
        config: IngesterConfig,
        clock: Clock,
        rng: random.Random,
        metrics: IngesterMetrics,
        covered: Covered = lambda *_: PartIds(),
        spill: Spill | None = None,
    ) -> None:
        self.id = ingester_id
        self.tails = Tails()
        self._wal_id = wal_id
        self._log = log
        self._flush = flush
        self._config = config
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._generations: list[Generation] = []
        self._held = PartIds()
        self._in_flight: dict[PartId, asyncio.Future[Appended]] = {}
        self._stopping = False
        self._covered = covered
        self._spill = spill
        self._sealed = asyncio.Event()
        self._published = asyncio.Event()
        self._hurried = asyncio.Event()
        self._settling = asyncio.Lock()
        self._forgotten_ns = clock.monotonic_ns()
        self._flushed = asyncio.Condition()

    # --- writes

    async def append(self, part: Part, payload: bytes | None = None, *, spill: bool = False) -> Appended:
        """Returns once the part is synced and visible. Raises HeadFull, UnknownSeries, Stopping, or what the log raises; then nothing is acked.

        payload: the part's bytes as they came, which are what is logged; None: they are made here. spill: a second copy belongs into the object
        store; the answer's `homes` says whether it is there. The same part again, at once or later, is acknowledged without being stored twice.
        """
        if (earlier := self._in_flight.get(part.id)) is not None:
            answer = await asyncio.shield(earlier)
        elif part.id in self._held:
            answer = Appended(self._open.number)
        else:
            self._admit(part)
            # Not cancelled with its caller: once logged, a part must become visible, or a restart would bring it back from nowhere.
            appending = asyncio.ensure_future(self._append(part, payload))
            self._in_flight[part.id] = appending
            appending.add_done_callback(lambda done: self._append_ended(part.id, done))
            answer = await asyncio.shield(appending)
        return await self._with_second_home(part) if spill else answer

    async def _append(self, part: Part, payload: bytes | None) -> Appended:
        if payload is None:
            payload = encode_part(part) if is_quick(part.batch) else await asyncio.to_thread(encode_part, part)
        # From here to the log's first wait nothing else runs, so the frame lands in a segment of this very generation.
        generation = self._open
        if missing := generation.head(part.batch.tenant, part.batch.signal).missing(part.batch):
            raise UnknownSeries(missing, generation.number)
        generation.append_begins()
        try:
            await self._log.append(record(KIND_PART, payload))
            generation.add(part, primary=self.is_primary(part))
        finally:
            generation.append_ends()
        self._held.add(part.id)
        self._after_append(generation, part, len(payload))
        return Appended(generation.number)

    def is_primary(self, part: Part) -> bool:
        """Whether it falls to this node to bring the part into a block."""
        return not part.owners or part.owners[0] == self.id

    async def _with_second_home(self, part: Part) -> Appended:
        generation = next((g for g in self._generations if g.holds(part)), None)
        if generation is None:
            return Appended(self._open.number, homes=2)  # it is in verified blocks already
        try:
            if self._spill is None:
                raise NoSecondHome
            await self._spill.add(generation.number, Part(part.id, part.owners, _with_labels(generation, part.batch)))
        except Unavailable as error:
            if self._config.degraded_ack == "reject":
                raise NoSecondHome from error
            return await self._alone(generation, part, homes=1)
        return await self._alone(generation, part, homes=2)

    async def _alone(self, generation: Generation, part: Part, *, homes: int) -> Appended:
        """Remembered also after a crash: as long as it is so, an answer without this node may lack the part."""
        generation.is_alone(homes, len(part.batch))
        await self._log.append(record(KIND_ALONE, Alone(part.id, homes, len(part.batch)).to_bytes()))
        return Appended(generation.number, homes=homes)

    def _after_append(self, generation: Generation, part: Part, part_bytes: int) -> None:
        generation.last_append_ns = self._clock.monotonic_ns()
        self._metrics.appended(part.batch.signal.name, len(part.batch), part_bytes)
        if self.tails.wanted(part.batch.tenant, part.batch.signal):
            self.tails.publish(part.id, _with_labels(generation, part.batch), part.owners)
        if generation is self._open and generation.nbytes >= self._config.generation_bytes_max:
            self.cut()

    def _append_ended(self, part_id: PartId, done: asyncio.Future[Appended]) -> None:
        del self._in_flight[part_id]
        if not done.cancelled():
            done.exception()  # Every caller may have gone; the error was theirs.

    def _admit(self, part: Part) -> None:
        if self._stopping:
            raise Stopping()
        held = self.head_bytes()
        if 2 * held > self._config.head_bytes_max:
            self._hurried.set()
        if held + part.batch.nbytes > self._config.head_bytes_max:
            raise HeadFull(held, self._config.head_bytes_max)

    # --- reads

    def snapshot(self, tenant: Tenant, signal: Signal) -> list[HeadSnapshot]:
        """What is in memory for the tenant at this moment, oldest generation first."""
        key = (tenant, signal.name)
        return [g.heads[key].snapshot() for g in self._generations if key in g.heads and g.heads[key].row_count]

    def tenants(self) -> set[Tenant]:
        return {tenant for generation in self._generations for tenant, _ in generation.heads}

    def head_bytes(self) -> int:
        return sum(generation.nbytes for generation in self._generations)

    def head_rows(self) -> int:
        return sum(generation.row_count for generation in self._generations)

    def head_series(self) -> int:
        return sum(head.series_count for generation in self._generations for head in generation.heads.values())

    def flush_backlog(self) -> int:
        """Sealed generations whose blocks are not published yet."""
        return sum(generation.sealed and not generation.published for generation in self._generations)

    def is_unstored(self, generation: int) -> bool:
        """Whether rows of the generation are in no verified block yet."""
        return any(each.number == generation and each.stored_ns is None for each in self._generations)

    def single_copy_rows(self) -> int:
        """Rows that were acknowledged without a second home and are in no verified block yet."""
        return sum(generation.single_copy_rows for generation in self._generations if generation.stored_ns is None)

    def spilled_rows(self) -> int:
        """Rows whose second home is a spilled object."""
        return sum(generation.spilled_rows for generation in self._generations if generation.stored_ns is None)

    def forgotten_age_ns(self) -> int:
        """How long ago everything that once was in this memory and is not any more had been brought into blocks. What an earlier process had, it
        had stored before this one began."""
        return self._clock.monotonic_ns() - self._forgotten_ns

    def forget_lost(self) -> None:
        """For when another node has brought into blocks what an earlier process here had and lost: it is as if it had been forgotten just now."""
        self._forgotten_ns = self._clock.monotonic_ns()

    def oldest_unstored_ns(self) -> int | None:
        """Monotonic time at which the oldest generation with rows outside of blocks was opened."""
        return next((g.opened_ns for g in self._generations if g.stored_ns is None and g.row_count), None)

    # --- life

    @property
    def _open(self) -> Generation:
        return self._generations[-1]

    def start(self, replayed: Sequence[Generation]) -> None:
        """Takes over what was replayed (all sealed) and opens a new generation behind it. Needs a running loop."""
        assert all(generation.sealed for generation in replayed)
        self._generations = list(replayed)
        for generation in replayed:
            for ids in generation.part_ids.values():
                self._held.update(ids)
        self._open_generation()

    def cut(self) -> Generation | None:
        """Seals the open generation at a new segment and opens the next; None when there is nothing to seal."""
        sealed = self._open
        if not sealed.row_count and not sealed.appends_in_flight:
            return None
        self._open_generation()
        sealed.seal(self._clock.monotonic_ns())
        self._sealed.set()
        return sealed

    def hurry(self) -> None:
        """Cuts now, and waits for nobody: what others should bring into blocks is flushed here too. For when a second copy may be gone."""
        self.cut()
        for generation in self._generations:
            generation.hurried = generation.hurried or generation.sealed
        self._published.set()
        self._hurried.set()

    def _open_generation(self) -> None:
        now_ns = self._clock.monotonic_ns()
        generation = Generation(self._wal_id, self._log.cut(), now_ns, now_ns)
        self._generations.append(generation)
        mark = self._log.append(record(KIND_GENERATION, b"%d" % generation.number))
        generation.marked = asyncio.ensure_future(mark)
        generation.marked.add_done_callback(lambda done: _report_mark(done, generation.number))

    async def run(self) -> None:
        """Cuts, flushes and merges until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._cut_loop())
            tasks.create_task(self._flush_loop())
            tasks.create_task(self._cover_loop())
            tasks.create_task(self._merge_loop())

    async def flush_all(self) -> None:
        """Cuts now and returns once everything acknowledged before the call is in verified blocks. Needs `run` to be running."""
        self.hurry()
        last = self._open.number
        async with self._flushed:
            await self._flushed.wait_for(lambda: all(g.stored_ns is not None for g in self._generations if g.number < last))

    async def stop(self) -> bool:
        """Refuses writes and flushes for as long as the grace time allows. False when some rows are left to the log."""
        self._stopping = True
        try:
            async with asyncio.timeout(self._config.stop_grace_s):
                await self.flush_all()
            return True
        except TimeoutError:
            event(logger, logging.WARNING, "grace time ended before everything was flushed; the log keeps it", rows=self.head_rows())
            return False

    def _due(self) -> bool:
        generation, now_ns = self._open, self._clock.monotonic_ns()
        return bool(generation.row_count) and (
            generation.nbytes >= self._config.generation_bytes_max
            or now_ns - generation.opened_ns >= self._config.generation_age_s_max * NS_PER_S
            or now_ns - generation.last_append_ns >= self._config.generation_idle_s_max * NS_PER_S
        )

    async def _cut_loop(self) -> None:
        while True:
            await self._clock.sleep(CUT_INTERVAL_S)
            if self._due():
                self.cut()

    async def _flush_loop(self) -> None:
        if self._generations[0].sealed and 2 * self.head_bytes() < self._config.head_bytes_max:
            await self._either(self._hurried, REST_AFTER_START_S)
        while True:
            self._sealed.clear()
            while (generation := next((g for g in self._generations if g.sealed and not g.published), None)) is not None:
                await generation.drained()
                await self._store(generation, generation.primaries())
                generation.published = True
                await self._settle(generation)
            await self._sealed.wait()

    async def _cover_loop(self) -> None:
        """Looks after the parts that other nodes bring into blocks."""
        while True:
            await self._wait_a_while()
            for generation in [g for g in self._generations if g.published and g.stored_ns is None]:
                await self._settle(generation)
            self._drop_lingering()

    async def _wait_a_while(self) -> None:
        self._published.clear()
        await self._either(self._published, CUT_INTERVAL_S)

    async def _either(self, told: asyncio.Event, seconds: float) -> None:
        timer, happened = asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait({timer, happened}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            happened.cancel()

    async def _settle(self, generation: Generation) -> None:
        """Finds out whether everything of a published generation is in blocks, and sees to it when nobody else does."""
        async with self._settling:
            if generation.stored_ns is not None:
                return
            for tenant, signal in generation.heads:
                generation.cover(self._covered(tenant, signal))
            rest = generation.uncovered()
            if rest and self._is_late(generation):
                await self._store(generation, rest)
                rest = PartIds()
            if not rest:
                await self._stored(generation)

    def _is_late(self, generation: Generation) -> bool:
        waited_ns = self._clock.monotonic_ns() - generation.sealed_ns
        return generation.hurried or waited_ns >= self._config.cover_wait_s_max * NS_PER_S or 2 * self.head_bytes() > self._config.head_bytes_max

    async def _store(self, generation: Generation, parts: PartIds) -> None:
        """For ever: an acknowledged row is never dropped because a retry counter ran out."""
        if not parts:
            return
        successor = self._generations[self._generations.index(generation) + 1]
        if successor.marked is not None:
            # Until the mark is durable a crash would let replay draw the boundary elsewhere, and the same rows would get other block names.
            await asyncio.wait({successor.marked})
        wait_s = self._config.flush_retry_s_min
        while not await self._try_flush(generation, successor.number - 1, parts, wait_s):
            await self._clock.sleep(wait_s * self._rng.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, self._config.flush_retry_s_max)
        generation.cover(parts)

    async def _stored(self, generation: Generation) -> None:
        generation.stored_ns = self._clock.monotonic_ns()
        event(logger, logging.INFO, "generation stored", generation=generation.number, rows=generation.row_count)
        self._drop_lingering()
        async with self._flushed:
            self._flushed.notify_all()
        if self._spill is not None:
            await self._spill.drop(generation.number)
        # A later generation may be stored before an earlier one; segments go in order.
        first = next(g for g in self._generations if g.stored_ns is None)
        await self._delete_segments(first.number)

    def _drop_lingering(self) -> None:
        """Forgets stored generations that everybody must have found in blocks by now."""
        cutoff_ns = self._clock.monotonic_ns() - int(self._config.linger_s * NS_PER_S)
        forgotten = [g.stored_ns for g in self._generations if g.stored_ns is not None and g.stored_ns <= cutoff_ns]
        self._forgotten_ns = max(self._forgotten_ns, *forgotten, 0)
        self._generations = [g for g in self._generations if g.stored_ns is None or g.stored_ns > cutoff_ns]

    async def _delete_segments(self, before: int) -> None:
        """Until it succeeds: on a full disk this is what makes room, and nothing else would ask for it again."""
        wait_s = self._config.flush_retry_s_min
        while True:
            try:
                await self._log.delete_before(before)
                return
            except Unavailable as error:
                event(logger, logging.WARNING, "flushed segments cannot be deleted, will be tried again", before=before, error=str(error))
            await self._clock.sleep(wait_s * self._rng.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, self._config.flush_retry_s_max)

    async def _try_flush(self, generation: Generation, last_segment: int, parts: PartIds, wait_s: float) -> bool:
        try:
            with self._metrics.flush_seconds.time():
                await self._flush(generation, last_segment, parts)
            return True
        except Unavailable as error:
            self._metrics.flush_failures.inc()
            event(logger, logging.WARNING, "flush failed, will be tried again", generation=generation.number, wait_s=wait_s, error=str(error))
            return False
        except Exception:
            # A bug, or rows that no block can hold. Ending the process would only replay them into the same end, for ever: the rows stay
            # readable here and in the log, and an operator is called.
            self._metrics.flush_failures.inc()
            logger.exception("flush failed in a way that it should not", extra={"fields": {"generation": generation.number, "wait_s": wait_s}})
            return False

    async def _merge_loop(self) -> None:
        while True:
            await self._clock.sleep(MERGE_INTERVAL_S)
            for generation in list(self._generations):
                for head in list(generation.heads.values()):
                    await self._merge(head)

    async def _merge(self, head: Head) -> None:
        while (found := head.small_runs(self._config.merge_rows_min)) is not None:
            at, runs = found
            try:
                merged = await asyncio.to_thread(head.merge, runs)
            except Exception:
                # Queries only get slower for it.
                logger.exception("small runs could not be merged", extra={"fields": {"tenant": str(head.tenant), "runs": len(runs)}})
                return
            head.replace(at, runs, merged)


def _with_labels(generation: Generation, batch: Batch) -> Batch:
    head = generation.head(batch.tenant, batch.signal)
    return Batch(batch.signal, batch.tenant, head.labelled(batch.table), batch.rows)


def _report_mark(done: asyncio.Future[int], number: int) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        event(logger, logging.ERROR, "the log refused the first record of a generation", generation=number, error=str(error))

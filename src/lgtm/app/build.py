"""Who gets what: one node's components, made in the order in which they depend on each other and taken down in reverse.

lock and recover the log → replay → ingester → catalogue → distributor → query engine
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiofiles.os
import pyarrow as pa
from prometheus_client import CollectorRegistry

from lgtm.app.background import Loop, background
from lgtm.app.catalogue import LoadedCatalog
from lgtm.app.cluster import LOST_ROWS, Cluster
from lgtm.app.config import Config
from lgtm.app.limits_used import watch_limits
from lgtm.app.loop_lag import LoopLag
from lgtm.app.lost_rows import recall
from lgtm.app.machine import Machine
from lgtm.app.orphaned import spilled_by
from lgtm.app.scrape_jobs import read_jobs
from lgtm.app.scraping import Scraping, Sharing
from lgtm.app.span_metrics import SpanMetricsFeed
from lgtm.app.targets import Here
from lgtm.blocks.writer import WrittenBlock
from lgtm.clock import Clock
from lgtm.compactor.metrics import CompactorMetrics
from lgtm.compactor.run import Compactor
from lgtm.distributor.ingesters import Health
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.push import Distributor
from lgtm.errors import Corruption, Unavailable
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.ingester.ingester import Ingester
from lgtm.ingester.metrics import IngesterMetrics
from lgtm.ingester.replay import Replayed, replay
from lgtm.ingester.spill import Spill
from lgtm.model.limits import TenantLimits
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import SIGNALS, SPANS
from lgtm.query.blocks import BlockSource
from lgtm.query.engine import QueryEngine
from lgtm.query.heads import HeadSource
from lgtm.query.metrics import QueryMetrics
from lgtm.query.metrics_engine import MetricsEngine
from lgtm.query.reader import Reader
from lgtm.query.serving import HeadService
from lgtm.query.trace_engine import TraceEngine
from lgtm.storage.catalog import Catalog
from lgtm.storage.column_cache import ColumnCache
from lgtm.storage.fetch import BlockFiles
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore
from lgtm.storage.publish import publish
from lgtm.telemetry import event
from lgtm.wal.log import Log
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.recovery import Recovery
from lgtm.wal.space import DiskState

logger = logging.getLogger(__name__)

WATCH_INTERVAL_S = 1.0
ID_CHARACTERS = 16
"""Of the log's id, in hex: what names an instance."""
SEEN_MARGIN_S = 10.0
"""Beyond two polls, after which every node has read of a block."""
UNREADABLE = "unreadable"
"""Directory in data_dir for records of the log that replay cannot read."""


@dataclass(slots=True, frozen=True)
class Node:
    """The components of a running node, for the edges that speak for it."""

    config: Config
    clock: Clock
    registry: CollectorRegistry
    limits: TenantLimits
    log: Log
    ingester: Ingester
    distributor: Distributor
    catalogue: LoadedCatalog
    engine: QueryEngine
    traces: TraceEngine
    metrics: MetricsEngine
    scraping: Scraping
    """Not running yet: who is scraped may be this node itself, and does not answer before its ports are open."""
    cluster: Cluster | None = None
    """None: a node by itself."""


@asynccontextmanager
async def running(config: Config, *, registry: CollectorRegistry, machine: Machine | None = None) -> AsyncIterator[Node]:
    """A node that replays what an earlier process left before it is handed out; leaving stops it gracefully. Raises InvalidConfig."""
    machine, limits = machine or Machine(), config.tenant_limits()
    clock = machine.clock
    jobs = read_jobs(config)  # before anything is touched: what is scraped is settings, too
    async with AsyncExitStack() as stack:
        log, recovery = await Log.open(
            machine.disk,
            config.wal_dir,
            config.wal,
            clock=clock,
            random=machine.identities,
            metrics=WalMetrics(registry),
            executor=machine.wal_executor(),
        )
        stack.push_async_callback(log.close)
        _report(recovery)
        has_lost_rows = config.ring.enabled and await asyncio.to_thread(recall, Path(config.data_dir) / LOST_ROWS, has_lost=recovery.may_have_lost)
        ingester_metrics = IngesterMetrics(registry)
        wal_id = recovery.wal_id.hex()
        replayed = await asyncio.to_thread(_replay, log, wal_id, clock, Path(config.data_dir) / UNREADABLE)
        ingester_metrics.replayed_rows.inc(replayed.row_count)
        ingester_metrics.unlabelled_series.inc(replayed.unlabelled_series)

        storage_metrics = StorageMetrics(registry)
        store = machine.open_store(config.storage, storage_metrics)
        stack.push_async_callback(store.close)
        catalog = Catalog(store, config.storage, storage_metrics)
        decoded = ColumnCache(config.storage.decoded_bytes_max)
        storage_metrics.watch_decoded(decoded)
        files = BlockFiles(store, Path(config.storage.cache_directory), config.storage.cache_bytes_max, storage_metrics, decoded)
        await files.start()

        catalogue = LoadedCatalog(catalog, clock, config.storage.poll_interval_s)
        ingester_config = config.ingester
        seen_by_all_s = 2 * config.storage.poll_interval_s + SEEN_MARGIN_S
        if config.ring.enabled:
            ingester_config = dataclasses.replace(ingester_config, linger_s=max(ingester_config.linger_s, seen_by_all_s))
        if config.ring.enabled:
            catalogue.look_for_spilled = partial(spilled_by, store, wal_id, ID_CHARACTERS)
        flusher = Flusher(store, catalog, storage_metrics, Path(config.data_dir) / "flush", clock)
        ingester = Ingester(
            wal_id[:ID_CHARACTERS],
            wal_id,
            log,
            flusher.flush,
            config=ingester_config,
            clock=clock,
            rng=machine.new_random(),
            metrics=ingester_metrics,
            covered=lambda tenant, signal: catalogue.stored(tenant, SIGNALS[signal]),
            spill=Spill(store, wal_id, clock, timeout_s=config.ingester.spill_timeout_s),
        )
        ingester_metrics.watch(ingester)
        ingester.start(replayed.generations)
        await stack.enter_async_context(
            background(
                ingester.run,
                catalogue.run,
                _watch_disk(log, ingester, clock),
                LoopLag(clock, registry).run,
                die=machine.die,
            )
        )
        threads = ThreadPoolExecutor(config.query.threads, thread_name_prefix="query")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        heads = HeadSource(ingester.id, ingester.snapshot, ingester.forgotten_age_ns, lambda: doing(), lambda: lost_to())
        stored = BlockSource(catalogue, files.open, files.open_index)
        cluster = None

        def doing() -> str | None:
            return None if cluster is None else cluster.doing()

        def lost_to() -> frozenset[str]:
            return frozenset() if cluster is None else cluster.lost_to()

        if config.ring.enabled:
            service = HeadService(heads, threads, lambda: doing())
            cluster = Cluster(
                config,
                ingester,
                heads,
                service,
                store,
                wal_id=wal_id,
                spilled_by=lambda: catalogue.spilled_by,
                is_stored=catalogue.has,
                is_loaded=lambda: catalogue.is_loaded,
                disk=lambda: log.stats().disk.value,
                read_blocks=catalogue.poll,
                has_lost_rows=has_lost_rows,
                machine=machine,
                registry=registry,
            )
            await cluster.start()
            stack.push_async_callback(cluster.stop)
        stack.push_async_callback(ingester.stop)

        alone = (Here(ingester),)
        copies = config.distributor.copies or (1 if cluster is None else 2)
        distributor = Distributor(
            recovery.wal_id,
            recovery.first_segment,
            (lambda _: alone) if cluster is None else cluster.owners,
            limits=limits,
            config=dataclasses.replace(config.distributor, copies=copies),
            clock=clock,
            metrics=DistributorMetrics(registry, tenants_max=config.distributor.metrics_tenants_max),
            health=(lambda _: Health.WRITABLE) if cluster is None else cluster.standing.health,
        )
        await stack.enter_async_context(distributor)
        if cluster is not None:
            stack.push_async_callback(cluster.leave)
        if config.span_metrics.processors:
            feed = SpanMetricsFeed(ingester.id, distributor.push_samples, config.span_metrics, clock, registry)
            ingester.tails.taps[SPANS.name] = [feed.offer]
            await stack.enter_async_context(background(feed.run, die=machine.die))
        scraping = Scraping(config, jobs, distributor.push_samples, machine, registry, _sharing(config, cluster))
        if cluster is not None:
            cluster.tell_targets = scraping.tell
        if config.compactor.enabled:
            compactor = Compactor(
                store,
                catalog,
                files.open,
                directory=Path(config.data_dir) / "compact",
                config=config.compactor,
                limits=limits,
                clock=clock,
                metrics=CompactorMetrics(registry),
                storage_metrics=storage_metrics,
                tombstone_delay_s=config.storage.tombstone_delay_s,
                seen_by_all_s=seen_by_all_s,
                is_mine=(lambda *_: True) if cluster is None else cluster.compacts,
            )
            await stack.enter_async_context(background(compactor.run, die=machine.die))
        watch_limits(
            registry,
            {
                "ingester.head_bytes_max": (ingester.head_bytes, config.ingester.head_bytes_max),
                "distributor.in_flight_bytes_max": (lambda: distributor.in_flight_bytes, config.distributor.in_flight_bytes_max),
                "wal.pending_bytes_max": (lambda: log.stats().pending_bytes, config.wal.pending_bytes_max),
                "storage.cache_bytes_max": (lambda: files.nbytes, config.storage.cache_bytes_max),
                "storage.decoded_bytes_max": (lambda: decoded.nbytes, config.storage.decoded_bytes_max),
            },
        )
        reader = Reader(
            (lambda: [heads]) if cluster is None else cluster.holders,
            stored,
            limits,
            threads,
            config.query,
            QueryMetrics(registry),
            catalogue.warnings,
            (lambda *_: ()) if cluster is None else cluster.judge,
        )
        engine = QueryEngine(reader, ingester.tails.follow if cluster is None else cluster.follow)
        yield Node(
            config,
            clock,
            registry,
            limits,
            log,
            ingester,
            distributor,
            catalogue,
            engine,
            TraceEngine(reader),
            MetricsEngine(reader, distributor.say, clock),
            scraping,
            cluster,
        )


def _sharing(config: Config, cluster: Cluster | None) -> Sharing:
    if cluster is not None:
        return Sharing(cluster.nodes, cluster.scrapes, cluster.handover_s, cluster.scrape_seed, cluster.ask_for_targets)
    return Sharing(lambda: [f"{reached(config.server.host)}:{config.server.http_port}"])


def reached(host: str) -> str:
    """Where a listener on this address is reached from its own machine, as it stands in URLs."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


class Flusher:
    """Turns a generation into published, verified blocks, one after the other, so that disk and memory hold one at a time."""

    def __init__(self, store: ObjectStore, catalog: Catalog, metrics: StorageMetrics, directory: Path, clock: Clock) -> None:
        self._store, self._catalog, self._metrics, self._directory, self._clock = store, catalog, metrics, directory, clock

    async def flush(self, generation: Generation, last_segment: int, parts: PartIds) -> None:
        """Raises Unavailable when it must be tried again. A conflict or damage is reported and tried again too: the log keeps the rows."""
        directory = self._directory / generation.id
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        try:
            blocks = write_blocks(generation, last_segment, directory, created_ns=self._clock.now_ns(), parts=parts)
            while (written := await asyncio.to_thread(next, blocks, None)) is not None:
                await self._publish(written)
                # Arrow's allocator keeps freed pages for later; after a flush there is no such later for a while.
                await asyncio.to_thread(pa.default_memory_pool().release_unused)
        except OSError as error:
            raise FlushFailed(f"cannot write block files in {directory}: {error}") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def _publish(self, written: WrittenBlock) -> None:
        try:
            self._catalog.add(await publish(self._store, written.files, written.meta, self._metrics))
        except Corruption as error:
            event(logger, logging.ERROR, "block cannot be published; its rows stay in the log", error=str(error))
            raise FlushFailed(str(error)) from error
        for path in written.files.values():
            with contextlib.suppress(FileNotFoundError):
                await aiofiles.os.unlink(path)


class FlushFailed(Unavailable):
    """A generation could not be turned into blocks this time."""


def _replay(log: Log, wal_id: str, clock: Clock, unreadable: Path) -> Replayed:
    began = time.monotonic()
    records = ((int(record.segment), record.payload) for record in log.replay())
    me = wal_id[:ID_CHARACTERS]
    found = replay(
        records,
        wal_id=wal_id,
        now_ns=clock.monotonic_ns(),
        set_aside=partial(set_aside, unreadable),
        is_primary=lambda part: not part.owners or part.owners[0] == me,
    )
    event(
        logger,
        logging.INFO,
        "log replayed",
        rows=found.row_count,
        parts=found.part_count,
        generations=len(found.generations),
        repeated_parts=found.repeated_parts,
        malformed_records=found.malformed_records,
        seconds=time.monotonic() - began,
    )
    return found


def set_aside(directory: Path, segment: int, data: memoryview) -> str:
    """Keeps the bytes under a name that repeats when replay does, synced; returns the path."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    path = directory / f"{segment:08d}-{digest}.record"
    directory.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    for place in (directory, directory.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return str(path)


def _report(recovery: Recovery) -> None:
    level = logging.ERROR if recovery.is_damaged else logging.INFO
    event(
        logger,
        level,
        "log recovered" if not recovery.is_damaged else "the log is damaged; what is lost here may be on another replica",
        wal_id=recovery.wal_id.hex(),
        segments=len(recovery.segments),
        frames=recovery.frames,
        damaged_ranges=len(recovery.damage),
        missing_segments=len(recovery.missing),
        torn_bytes=recovery.torn_bytes,
        seconds=recovery.duration_s,
    )


def _watch_disk(log: Log, ingester: Ingester, clock: Clock) -> Loop:
    """Flushes early while the log's volume is short of space, so that segments can go."""

    async def loop() -> None:
        while True:
            await clock.sleep(WATCH_INTERVAL_S)
            if log.stats().disk is not DiskState.OK and not ingester.flush_backlog():
                ingester.cut()

    return loop

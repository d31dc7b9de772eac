"""Who gets what: one node's components, made in the order in which they depend on each other and taken down in reverse.

lock and recover the log → replay → ingester → catalogue → distributor → query engine
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from lgtm.app.background import Loop, background
from lgtm.app.catalogue import LoadedCatalog
from lgtm.app.cluster import LOST_ROWS, Cluster
from lgtm.app.config import Config
from lgtm.app.flusher import Flusher
from lgtm.app.limits_used import watch_limits
from lgtm.app.loop_lag import LoopLag
from lgtm.app.lost_rows import recall
from lgtm.app.machine import Machine
from lgtm.app.memory import memory_bytes
from lgtm.app.orphaned import spilled_by
from lgtm.app.recovered import ID_CHARACTERS, instance_id, replayed, report
from lgtm.app.scrape_jobs import read_jobs
from lgtm.app.scraping import Scraping, Sharing
from lgtm.app.span_metrics import SpanMetricsFeed
from lgtm.app.targets import Here
from lgtm.clock import Clock
from lgtm.compactor.metrics import CompactorMetrics
from lgtm.compactor.run import Compactor
from lgtm.distributor.ingesters import Health
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.push import Distributor
from lgtm.ingester.ingester import Ingester
from lgtm.ingester.metrics import IngesterMetrics
from lgtm.ingester.replay import Replayed
from lgtm.ingester.spill import Spill
from lgtm.model.limits import TenantLimits
from lgtm.model.signal import SIGNALS, SPANS
from lgtm.promql.evaluate import SAMPLES_MAX
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
from lgtm.wal.log import Log
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.recovery import Recovery
from lgtm.wal.space import DiskState

logger = logging.getLogger(__name__)

WATCH_INTERVAL_S = 1.0
SEEN_MARGIN_S = 10.0
"""Beyond two polls, after which every node has read of a block."""
UNREADABLE = "unreadable"
"""Directory in data_dir for records of the log that replay cannot read."""


_SAMPLE_BYTES = 256
"""Of memory for each sample that a query may hold: it takes up to 100, and does not run alone."""


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
    jobs = read_jobs(config)  # before anything is touched: what is scraped is settings, too
    async with AsyncExitStack() as stack:
        left = await _recover(config, machine, registry, stack)
        storage = await _open_storage(config, machine, registry, stack)
        ingester = _ingester(config, machine, left, storage)
        left.metrics.watch(ingester)
        ingester.start(left.replayed.generations)
        loops = (ingester.run, storage.catalogue.run, _watch_disk(left.log, ingester, machine.clock), LoopLag(machine.clock, registry).run)
        await stack.enter_async_context(background(*loops, die=machine.die))
        threads = ThreadPoolExecutor(config.query.threads, thread_name_prefix="query")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        heads, cluster = await _join(config, machine, registry, left, storage, ingester, threads, stack)
        stack.push_async_callback(ingester.stop)
        distributor = _distributor(config, machine.clock, registry, limits, left.recovery, ingester, cluster)
        await stack.enter_async_context(distributor)
        if cluster is not None:
            stack.push_async_callback(cluster.leave)
        if config.span_metrics.processors:
            feed = SpanMetricsFeed(ingester.id, distributor.push_samples, config.span_metrics, machine.clock, registry)
            ingester.tails.taps[SPANS.name] = [feed.offer]
            await stack.enter_async_context(background(feed.run, die=machine.die))
        scraping = Scraping(config, jobs, distributor.push_samples, machine, registry, _sharing(config, cluster))
        if cluster is not None:
            cluster.tell_targets = scraping.tell
        if config.compactor.enabled:
            compactor = _compactor(config, machine.clock, registry, limits, storage, cluster)
            await stack.enter_async_context(background(compactor.run, die=machine.die))
        _watch_limits(config, registry, left.log, ingester, distributor, storage)
        reader = _reader(config, registry, limits, heads, storage, threads, cluster)
        engine = QueryEngine(reader, ingester.tails.follow if cluster is None else cluster.follow, machine.clock)
        yield Node(
            config,
            machine.clock,
            registry,
            limits,
            left.log,
            ingester,
            distributor,
            storage.catalogue,
            engine,
            TraceEngine(reader),
            MetricsEngine(reader, distributor.say, machine.clock, config.prometheus_query.samples_max or _samples_max()),
            scraping,
            cluster,
        )


def _samples_max() -> int:
    return min(SAMPLES_MAX, memory_bytes() // _SAMPLE_BYTES)


@dataclass(slots=True, frozen=True)
class _Left:
    """By an earlier process. has_lost_rows: what it acknowledged and its log has no more may be on other nodes alone."""

    log: Log
    recovery: Recovery
    replayed: Replayed
    has_lost_rows: bool
    metrics: IngesterMetrics

    @property
    def wal_id(self) -> str:
        return self.recovery.wal_id.hex()


async def _recover(config: Config, machine: Machine, registry: CollectorRegistry, stack: AsyncExitStack) -> _Left:
    log, recovery = await Log.open(
        machine.disk,
        config.wal_dir,
        config.wal,
        clock=machine.clock,
        random=machine.identities,
        metrics=WalMetrics(registry),
        executor=machine.wal_executor(),
    )
    stack.push_async_callback(log.close)
    report(recovery)
    data_dir = Path(config.data_dir)
    has_lost_rows = config.ring.enabled and await asyncio.to_thread(recall, data_dir / LOST_ROWS, has_lost=recovery.may_have_lost)
    metrics = IngesterMetrics(registry)
    found = await asyncio.to_thread(replayed, log, recovery.wal_id.hex(), machine.clock, data_dir / UNREADABLE)
    metrics.replayed_rows.inc(found.row_count)
    metrics.unlabelled_series.inc(found.unlabelled_series)
    return _Left(log, recovery, found, has_lost_rows, metrics)


@dataclass(slots=True, frozen=True)
class _Storage:
    store: ObjectStore
    catalog: Catalog
    catalogue: LoadedCatalog
    files: BlockFiles
    decoded: ColumnCache
    metrics: StorageMetrics
    seen_by_all_s: float
    """After which every node has read of a block."""


async def _open_storage(config: Config, machine: Machine, registry: CollectorRegistry, stack: AsyncExitStack) -> _Storage:
    metrics, settings = StorageMetrics(registry), config.storage
    store = machine.open_store(settings, metrics)
    stack.push_async_callback(store.close)
    catalog, decoded = Catalog(store, settings, metrics), ColumnCache(settings.decoded_bytes_max)
    metrics.watch_decoded(decoded)
    files = BlockFiles(store, Path(settings.cache_directory), settings.cache_bytes_max, metrics, decoded)
    await files.start()
    catalogue = LoadedCatalog(catalog, machine.clock, settings.poll_interval_s)
    if config.ring.enabled:
        catalogue.look_for_spilled = partial(spilled_by, store, ID_CHARACTERS)
    return _Storage(store, catalog, catalogue, files, decoded, metrics, 2 * settings.poll_interval_s + SEEN_MARGIN_S)


def _ingester(config: Config, machine: Machine, left: _Left, storage: _Storage) -> Ingester:
    settings, clock = config.ingester, machine.clock
    if config.ring.enabled:
        settings = dataclasses.replace(settings, linger_s=max(settings.linger_s, storage.seen_by_all_s))
    flusher = Flusher(storage.store, storage.catalog, storage.metrics, Path(config.data_dir) / "flush", clock)
    return Ingester(
        instance_id(left.wal_id),
        left.wal_id,
        left.log,
        flusher.flush,
        config=settings,
        clock=clock,
        rng=machine.new_random(),
        metrics=left.metrics,
        covered=lambda tenant, signal: storage.catalogue.stored(tenant, SIGNALS[signal]),
        spill=Spill(storage.store, left.wal_id, clock, timeout_s=settings.spill_timeout_s),
    )


async def _join(
    config: Config,
    machine: Machine,
    registry: CollectorRegistry,
    left: _Left,
    storage: _Storage,
    ingester: Ingester,
    threads: ThreadPoolExecutor,
    stack: AsyncExitStack,
) -> tuple[HeadSource, Cluster | None]:
    """What this node holds in memory, for queries; and the cluster that it has joined, if it is in one."""
    cluster: Cluster | None = None

    def doing() -> str | None:
        return None if cluster is None else cluster.doing()

    def lost_to() -> frozenset[str]:
        return frozenset() if cluster is None else cluster.lost_to()

    heads = HeadSource(ingester.id, ingester.snapshot, ingester.forgotten_age_ns, doing, lost_to)
    if not config.ring.enabled:
        return heads, None
    catalogue = storage.catalogue
    cluster = Cluster(
        config,
        ingester,
        heads,
        HeadService(heads, threads, doing),
        storage.store,
        wal_id=left.wal_id,
        spilled_by=lambda: catalogue.spilled_by,
        is_stored=catalogue.has,
        is_loaded=lambda: catalogue.is_loaded,
        disk=lambda: left.log.stats().disk.value,
        read_blocks=catalogue.poll,
        has_lost_rows=left.has_lost_rows,
        machine=machine,
        registry=registry,
    )
    await cluster.start()
    stack.push_async_callback(cluster.stop)
    return heads, cluster


def _distributor(
    config: Config,
    clock: Clock,
    registry: CollectorRegistry,
    limits: TenantLimits,
    recovery: Recovery,
    ingester: Ingester,
    cluster: Cluster | None,
) -> Distributor:
    alone, settings = (Here(ingester),), config.distributor
    return Distributor(
        recovery.wal_id,
        recovery.first_segment,
        (lambda _: alone) if cluster is None else cluster.owners,
        limits=limits,
        config=dataclasses.replace(settings, copies=settings.copies or (1 if cluster is None else 2)),
        clock=clock,
        metrics=DistributorMetrics(registry, tenants_max=settings.metrics_tenants_max),
        health=(lambda _: Health.WRITABLE) if cluster is None else cluster.standing.health,
    )


def _compactor(
    config: Config, clock: Clock, registry: CollectorRegistry, limits: TenantLimits, storage: _Storage, cluster: Cluster | None
) -> Compactor:
    return Compactor(
        storage.store,
        storage.catalog,
        storage.files.open,
        directory=Path(config.data_dir) / "compact",
        config=config.compactor,
        limits=limits,
        clock=clock,
        metrics=CompactorMetrics(registry),
        storage_metrics=storage.metrics,
        tombstone_delay_s=config.storage.tombstone_delay_s,
        seen_by_all_s=storage.seen_by_all_s,
        is_mine=(lambda *_: True) if cluster is None else cluster.compacts,
    )


def _watch_limits(config: Config, registry: CollectorRegistry, log: Log, ingester: Ingester, distributor: Distributor, storage: _Storage) -> None:
    watch_limits(
        registry,
        {
            "ingester.head_bytes_max": (ingester.head_bytes, config.ingester.head_bytes_max),
            "distributor.in_flight_bytes_max": (lambda: distributor.in_flight_bytes, config.distributor.in_flight_bytes_max),
            "wal.pending_bytes_max": (lambda: log.stats().pending_bytes, config.wal.pending_bytes_max),
            "storage.cache_bytes_max": (lambda: storage.files.nbytes, config.storage.cache_bytes_max),
            "storage.decoded_bytes_max": (lambda: storage.decoded.nbytes, config.storage.decoded_bytes_max),
        },
    )


def _reader(
    config: Config,
    registry: CollectorRegistry,
    limits: TenantLimits,
    heads: HeadSource,
    storage: _Storage,
    threads: ThreadPoolExecutor,
    cluster: Cluster | None,
) -> Reader:
    return Reader(
        (lambda: [heads]) if cluster is None else cluster.holders,
        BlockSource(storage.catalogue, storage.files.open, storage.files.open_index),
        limits,
        threads,
        config.query,
        QueryMetrics(registry),
        storage.catalogue.warnings,
        (lambda *_: ()) if cluster is None else cluster.judge,
    )


def _sharing(config: Config, cluster: Cluster | None) -> Sharing:
    if cluster is not None:
        return Sharing(cluster.nodes, cluster.scrapes, cluster.handover_s, cluster.scrape_seed, cluster.ask_for_targets)
    return Sharing(lambda: [f"{reached(config.server.host)}:{config.server.http_port}"])


def reached(host: str) -> str:
    """Where a listener on this address is reached from its own machine, as it stands in URLs."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _watch_disk(log: Log, ingester: Ingester, clock: Clock) -> Loop:
    """Flushes early while the log's volume is short of space, so that segments can go."""

    async def loop() -> None:
        while True:
            await clock.sleep(WATCH_INTERVAL_S)
            if log.stats().disk is not DiskState.OK and not ingester.flush_backlog():
                ingester.cut()

    return loop

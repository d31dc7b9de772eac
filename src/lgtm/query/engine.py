"""The query engine: plan → select → evaluate, within the tenant's limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from lgtm.errors import Unavailable
from lgtm.logql.evaluate_log import LogQuery, LogResult
from lgtm.logql.evaluate_metric import MetricQuery
from lgtm.logql.frame import LogFrame
from lgtm.logql.limits import check_entries, check_length, check_matchers
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.plan import Reads
from lgtm.logql.syntax import LogExpr, MetricExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.matchers import Matchers
from lgtm.model.signal import LOGS, META, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.admission import Admission
from lgtm.query.blocks import BlockRows
from lgtm.query.completeness import Incomplete
from lgtm.query.config import QueryConfig
from lgtm.query.metrics import QueryMetrics
from lgtm.query.select import Gathered, Order, QueryStats, Selection, gather
from lgtm.query.source import KEYS, Columns, Holder, Ints, Request, RowSet, RowsMoved, Stored
from lgtm.vectors.matrix import Matrix

T = TypeVar("T")
ASKED_AGAIN_MAX = 2


class Follower(Protocol):
    """Rows as they are acknowledged."""

    async def next(self) -> Batch: ...

    def take_dropped(self) -> int:
        """Rows lost since the last call because the follower was slow."""


Follow = Callable[[Tenant, Signal], AbstractContextManager[Follower]]
Damaged = Callable[[Tenant], tuple[str, ...]]
"""Warnings about rows that the tenant has in blocks and that nobody could read."""
Holders = Callable[[], Sequence[Holder]]
"""The ingesters that may hold rows now, this node's own first."""
Judge = Callable[[Mapping[str, Unavailable]], tuple[str, ...]]
"""Ingesters that could not say what they hold, and why → warnings, unless every row has a home elsewhere. Raises Unavailable when partial answers
are not wanted."""


@dataclass(slots=True, frozen=True)
class LogAnswer:
    result: LogResult
    stats: QueryStats
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class MetricAnswer:
    matrix: Matrix
    stats: QueryStats
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class SeriesVolumes:
    """One series over some buckets of time. rows is exact but for copies that are not merged yet; nbytes is an estimate."""

    labels: Labels
    rows: Ints
    nbytes: Ints


@dataclass(slots=True, frozen=True)
class SeriesAnswer:
    series: list[Labels]
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class VolumesAnswer:
    volumes: list[SeriesVolumes]
    warnings: tuple[str, ...] = ()


class QueryEngine:
    def __init__(
        self,
        holders: Holders,
        stored: Stored,
        follow: Follow,
        limits: TenantLimits,
        executor: Executor,
        config: QueryConfig,
        metrics: QueryMetrics,
        damaged: Damaged = lambda _: (),
        judge: Judge = lambda _: (),
    ) -> None:
        self._holders = holders
        self._stored = stored
        self._judge = judge
        self._follow = follow
        self._limits = limits
        self._executor = executor
        self._config = config
        self._metrics = metrics
        self._damaged = damaged
        self._admission = Admission()
        metrics.running.set_function(lambda: self._admission.running)
        metrics.waiting.set_function(lambda: self._admission.waiting)

    def limits(self, tenant: Tenant) -> Limits:
        return self._limits.for_tenant(tenant)

    async def log_query(self, tenant: Tenant, expr: LogExpr, *, window: Window, limit: int, forward: bool, interval_ns: int = 0) -> LogAnswer:
        """The first `limit` entries in the direction asked for. Raises BadRequest kinds, TooManyQueries, QueryTimeout."""
        limits = self.limits(tenant)
        check_entries(limit, limits)
        check_length(window, limits)
        check_matchers(expr.matchers, limits)
        stats = QueryStats()

        async def ask(selection: Selection) -> tuple[LogResult, tuple[str, ...]]:
            query = LogQuery(expr, window, limit=limit, forward=forward, interval_ns=interval_ns)

            def enough(part: Window) -> bool:
                cutoff_ns = query.cutoff_ns
                return cutoff_ns is not None and (part.start_ns > cutoff_ns if forward else part.end_ns <= cutoff_ns)

            order = Order(newest_first=not forward, first_rows=self._config.first_slice_rows)
            warnings = await self._read(tenant, query.reads, selection, order, query.add, enough, stats)
            return await selection.run(query.result), warnings

        with self._metrics.query("log"):
            async with self._admission.turn(tenant, limits) as stats.queue_s:
                began = time.monotonic()
                result, warnings = await self._settled(ask, Selection(self._executor, stats, limits.max_query_bytes_read))
                stats.exec_s, stats.entries_returned, stats.lines_post_filter = time.monotonic() - began, len(result), len(result)
        return LogAnswer(result, stats, (*warnings, *self._damaged(tenant)))

    async def metric_query(
        self, tenant: Tenant, expr: MetricExpr, *, start_ns: int, end_ns: int, step_ns: int, instant: bool = False
    ) -> MetricAnswer:
        """The expression at each step. Raises BadRequest kinds, TooManyQueries, QueryTimeout."""
        limits = self.limits(tenant)
        check_length(Window(start_ns, end_ns), limits)
        stats = QueryStats()

        def begin() -> MetricQuery:
            return MetricQuery(expr, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limits=limits, instant=instant)

        for leaf in begin().leaves:
            check_matchers(leaf.reads.matchers, limits)

        async def ask(selection: Selection) -> tuple[Matrix, tuple[str, ...]]:
            query, warnings = begin(), list[str]()
            for leaf in query.leaves:
                warnings += await self._read(tenant, leaf.reads, selection, Order(newest_first=False), leaf.add, lambda _: False, stats)
            return await selection.run(query.result), tuple(dict.fromkeys(warnings))

        with self._metrics.query("metric"):
            async with self._admission.turn(tenant, limits) as stats.queue_s:
                began = time.monotonic()
                matrix, warnings = await self._settled(ask, Selection(self._executor, stats, limits.max_query_bytes_read))
                stats.exec_s, stats.lines_post_filter = time.monotonic() - began, stats.lines_processed
        return MetricAnswer(matrix, stats, (*warnings, *self._damaged(tenant)))

    async def series(self, tenant: Tenant, matchers: Matchers, window: Window) -> SeriesAnswer:
        """Distinct label sets of matching series whose time range in some head or block touches the window, sorted."""

        def collect() -> tuple[set[Labels], Callable[[RowSet], None]]:
            found: set[Labels] = set()
            return found, lambda rows: found.update(rows.series())

        found, warnings = await self._collect("series", Request(tenant, LOGS, matchers, window), collect)
        return SeriesAnswer(sorted(found), warnings)

    async def volumes(self, tenant: Tenant, matchers: Matchers, edges_ns: Sequence[int]) -> VolumesAnswer:
        """Rows and bytes of each matching series in the buckets `[edges_ns[i], edges_ns[i + 1])`, by labels."""
        edges = np.asarray(edges_ns, np.int64)

        def collect() -> tuple[dict[Labels, tuple[Ints, Ints]], Callable[[RowSet], None]]:
            found: dict[Labels, tuple[Ints, Ints]] = {}
            return found, lambda rows: _add_volumes(found, *rows.volumes(edges))

        request = Request(tenant, LOGS, matchers, Window(int(edges[0]), int(edges[-1])))
        found, warnings = await self._collect("volume", request, collect)
        return VolumesAnswer([SeriesVolumes(labels, *found[labels]) for labels in sorted(found)], warnings)

    async def scan(self, tenant: Tenant, expr: LogExpr, window: Window, *, newest_first: bool = True) -> AsyncGenerator[LogFrame, None]:
        """The rows that pass the pipeline, frame by frame. Close the iterator (aclosing) to stop early."""
        limits = self.limits(tenant)
        check_length(window, limits)
        check_matchers(expr.matchers, limits)
        pipeline = compile_pipeline(expr.stages, None)
        reads = Reads(expr.matchers, window, None, True, ())
        frames: asyncio.Queue[LogFrame | None] = asyncio.Queue(maxsize=2)
        loop = asyncio.get_running_loop()
        stats = QueryStats()

        def hand_over(batch: Batch) -> None:
            frame = pipeline.run(batch)
            asyncio.run_coroutine_threadsafe(frames.put(frame), loop).result()

        async def fill() -> None:
            try:
                selection = Selection(self._executor, stats, limits.max_query_bytes_read)
                order = Order(newest_first=newest_first, first_rows=self._config.first_slice_rows)
                await self._read(tenant, reads, selection, order, hand_over, lambda _: False, stats)
            finally:
                await frames.put(None)

        with self._metrics.query("scan"):
            async with self._admission.turn(tenant, limits):
                async for frame in _drained(fill, frames):
                    yield frame

    def follow(self, tenant: Tenant) -> AbstractContextManager[Follower]:
        return self._follow(tenant, LOGS)

    async def _read(
        self,
        tenant: Tenant,
        reads: Reads,
        selection: Selection,
        order: Order,
        consume: Callable[[Batch], None],
        enough: Callable[[Window], bool],
        stats: QueryStats,
    ) -> tuple[str, ...]:
        """Returns warnings about rows that may be missing."""
        gathered = await gather(self._holders(), self._stored, Request(tenant, LOGS, reads.matchers, reads.window), hedge_s=self._config.hedge_s)
        warnings = self._warnings(gathered)
        in_blocks = sum(isinstance(rows, BlockRows) for rows in gathered.row_sets)
        stats.blocks += in_blocks
        stats.head_runs += len(gathered.row_sets) - in_blocks
        await selection.each(gathered.row_sets, reads.window, _columns(reads), order, consume, enough)
        return warnings

    async def _collect(self, kind: str, request: Request, collect: Callable[[], tuple[T, Callable[[RowSet], None]]]) -> tuple[T, tuple[str, ...]]:
        """Shows every row set to what `collect` gives; returns what it collected, and warnings."""
        limits = self.limits(request.tenant)
        check_length(request.window, limits)

        async def ask(selection: Selection) -> tuple[T, tuple[str, ...]]:
            gathered, (found, use) = await gather(self._holders(), self._stored, request, hedge_s=self._config.hedge_s), collect()
            warnings = self._warnings(gathered)  # now: what is known of who is away may be about other blocks in a moment
            for rows in gathered.row_sets:
                async with AsyncExitStack() as stack:
                    await rows.prepare(stack, request.window, KEYS)
                    await selection.run(lambda rows=rows: use(rows))  # type: ignore[misc]
            return found, (*warnings, *self._damaged(request.tenant))

        with self._metrics.query(kind):
            async with self._admission.turn(request.tenant, limits):
                return await self._settled(ask, Selection(self._executor, QueryStats(), 0))

    def _warnings(self, gathered: Gathered) -> tuple[str, ...]:
        """Raises Incomplete when partial answers are not wanted."""
        found = (*self._judge(gathered.away), *gathered.warnings)
        if found and self._config.strict:
            raise Incomplete(found)
        return found

    async def _settled(self, ask: Callable[[Selection], Coroutine[None, None, T]], selection: Selection) -> T:
        """Asks again, from the beginning, when a holder went away or flushed while it was being read."""
        for _ in range(ASKED_AGAIN_MAX):
            try:
                return await ask(selection)
            except RowsMoved:
                self._metrics.asked_again.inc()
        return await ask(selection)


def _columns(reads: Reads) -> Columns:
    dynamic = None if reads.metadata is None else frozenset(META + name for name in reads.metadata)
    # The line is all there is beside the keys: asking for everything fixed lets what was fetched serve the search for copies, too.
    return Columns(None if reads.needs_line else frozenset(), dynamic)


def _add_volumes(found: dict[Labels, tuple[Ints, Ints]], series: Sequence[Labels], rows: Ints, nbytes: Ints) -> None:
    for labels, counts, sizes in zip(series, rows, nbytes, strict=True):
        if labels in found:
            found[labels] = (found[labels][0] + counts, found[labels][1] + sizes)
        elif counts.any():
            found[labels] = (counts, sizes)


async def _drained(fill: Callable[[], Coroutine[None, None, None]], frames: asyncio.Queue[LogFrame | None]) -> AsyncIterator[LogFrame]:
    """What `fill` puts, until it puts None. Leaving early cancels `fill` and makes room until its thread has noticed."""
    task = asyncio.ensure_future(fill())
    try:
        while (frame := await frames.get()) is not None:
            yield frame
        await task
    finally:
        task.cancel()
        while not task.done():
            while not frames.empty():
                frames.get_nowait()
            await asyncio.wait({task}, timeout=0.05)

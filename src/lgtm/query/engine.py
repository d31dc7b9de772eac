"""The query engine: plan → select → evaluate, within the tenant's limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from lgtm.clock import Clock, SystemClock
from lgtm.logql.evaluate_log import LogQuery, LogResult
from lgtm.logql.evaluate_metric import MetricQuery
from lgtm.logql.frame import LogFrame
from lgtm.logql.limits import check_entries, check_length, check_matchers
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.plan import Reads
from lgtm.logql.syntax import LogExpr, MetricExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers
from lgtm.model.signal import LOGS, META, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import TS_NS_MIN, Window
from lgtm.query.reader import Reader
from lgtm.query.select import Order, QueryStats, Selection
from lgtm.query.source import KEYS, Columns, Ints, Request, RowSet
from lgtm.vectors.matrix import Matrix

T = TypeVar("T")


class Follower(Protocol):
    """Rows as they are acknowledged."""

    async def next(self) -> Batch: ...

    def take_dropped(self) -> int:
        """Rows lost since the last call because the follower was slow."""


Follow = Callable[[Tenant, Signal], AbstractContextManager[Follower]]


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
    def __init__(self, reader: Reader, follow: Follow, clock: Clock | None = None) -> None:
        self._reader, self._follow, self._clock = reader, follow, clock or SystemClock()

    def limits(self, tenant: Tenant) -> Limits:
        return self._reader.limits(tenant)

    async def log_query(self, tenant: Tenant, expr: LogExpr, *, window: Window, limit: int, forward: bool, interval_ns: int = 0) -> LogAnswer:
        """The first `limit` entries in the direction asked for. Raises BadRequest kinds, TooManyQueries, QueryTimeout."""
        limits = self.limits(tenant)
        check_entries(limit, limits)
        check_length(window, limits)
        check_matchers(expr.matchers, limits)

        async def ask(stats: QueryStats) -> tuple[LogResult, tuple[str, ...]]:
            selection = self._reader.selection(tenant, stats)
            query = LogQuery(expr, window, limit=limit, forward=forward, interval_ns=interval_ns)

            def enough(part: Window) -> bool:
                cutoff_ns = query.cutoff_ns
                return cutoff_ns is not None and (part.start_ns > cutoff_ns if forward else part.end_ns <= cutoff_ns)

            order = Order(newest_first=not forward, first_rows=self._reader.config.first_slice_rows)
            warnings = await self._read(tenant, query.reads, selection, order, query.add, enough, stats)
            return await selection.run(query.result), warnings

        async with self._reader.turn("log", tenant) as stats:
            result, warnings = await self._reader.settled(lambda: ask(stats))
        stats.entries_returned = stats.lines_post_filter = len(result)
        return LogAnswer(result, stats, warnings)

    async def metric_query(
        self, tenant: Tenant, expr: MetricExpr, *, start_ns: int, end_ns: int, step_ns: int, instant: bool = False
    ) -> MetricAnswer:
        """The expression at each step. Raises BadRequest kinds, TooManyQueries, QueryTimeout."""
        limits = self.limits(tenant)
        check_length(Window(start_ns, end_ns), limits)

        def begin() -> MetricQuery:
            return MetricQuery(expr, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limits=limits, instant=instant)

        for leaf in begin().leaves:
            check_matchers(leaf.reads.matchers, limits)

        async def ask(stats: QueryStats) -> tuple[Matrix, tuple[str, ...]]:
            selection, query, warnings = self._reader.selection(tenant, stats), begin(), list[str]()
            for leaf in query.leaves:
                warnings += await self._read(tenant, leaf.reads, selection, Order(newest_first=False), leaf.add, lambda _: False, stats)
            return await selection.run(query.result), tuple(dict.fromkeys(warnings))

        async with self._reader.turn("metric", tenant) as stats:
            matrix, warnings = await self._reader.settled(lambda: ask(stats))
        stats.lines_post_filter = stats.lines_processed
        return MetricAnswer(matrix, stats, warnings)

    async def series(self, tenant: Tenant, matchers: Matchers, window: Window) -> SeriesAnswer:
        """Distinct label sets of matching series whose time range in some head or block touches the window, sorted."""

        def collect() -> tuple[set[Labels], Callable[[RowSet], None]]:
            found: set[Labels] = set()
            return found, lambda rows: found.update(rows.series())

        found, warnings = await self._collect("series", Request(tenant, LOGS, matchers, window), collect)
        return SeriesAnswer(sorted(found), warnings)

    async def volumes(self, tenant: Tenant, matchers: Matchers, edges_ns: Sequence[int]) -> VolumesAnswer:
        """Rows and bytes of each matching series in the buckets `[edges_ns[i], edges_ns[i + 1])`, by labels."""
        edges = np.maximum(np.asarray(edges_ns, np.int64), self._oldest_ns(tenant))

        def collect() -> tuple[dict[Labels, tuple[Ints, Ints]], Callable[[RowSet], None]]:
            found: dict[Labels, tuple[Ints, Ints]] = {}
            return found, lambda rows: _add_volumes(found, *rows.volumes(edges))

        request = Request(tenant, LOGS, matchers, Window(int(edges_ns[0]), int(edges_ns[-1])))
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

        def hand_over(batch: Batch) -> None:
            frame = pipeline.run(batch)
            asyncio.run_coroutine_threadsafe(frames.put(frame), loop).result()

        async def fill(stats: QueryStats) -> None:
            try:
                selection = self._reader.selection(tenant, stats)
                order = Order(newest_first=newest_first, first_rows=self._reader.config.first_slice_rows)
                await self._read(tenant, reads, selection, order, hand_over, lambda _: False, stats)
            finally:
                await frames.put(None)

        async with self._reader.turn("scan", tenant) as stats:
            async for frame in _drained(lambda: fill(stats), frames):
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
        window = reads.window.since(self._oldest_ns(tenant))
        if window.is_empty:
            return ()
        gathered, warnings = await self._reader.gather(Request(tenant, LOGS, reads.matchers, window), stats)
        await selection.each(gathered.row_sets, window, _columns(reads), order, consume, enough)
        return warnings

    def _oldest_ns(self, tenant: Tenant) -> int:
        """Lines of before are not shown."""
        lookback_ns = self.limits(tenant).max_query_lookback_ns
        return self._clock.now_ns() - lookback_ns if lookback_ns > 0 else TS_NS_MIN

    async def _collect(self, kind: str, request: Request, collect: Callable[[], tuple[T, Callable[[RowSet], None]]]) -> tuple[T, tuple[str, ...]]:
        """Shows every row set to what `collect` gives; returns what it collected, and warnings."""
        limits = self.limits(request.tenant)
        check_length(request.window, limits)
        request = replace(request, window=request.window.since(self._oldest_ns(request.tenant)))

        async def ask(stats: QueryStats) -> tuple[T, tuple[str, ...]]:
            selection, (found, use) = self._reader.selection(request.tenant, stats), collect()
            if request.window.is_empty:
                return found, ()
            gathered, warnings = await self._reader.gather(request, stats)
            for rows in gathered.row_sets:
                async with AsyncExitStack() as stack:
                    await rows.prepare(stack, request.window, KEYS)
                    await selection.run(lambda rows=rows: use(rows))  # type: ignore[misc]
            return found, warnings

        async with self._reader.turn(kind, request.tenant) as stats:
            return await self._reader.settled(lambda: ask(stats))


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

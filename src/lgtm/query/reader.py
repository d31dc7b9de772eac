"""What every query has around its reading: a place in the tenant's queue, the rows of all holders and blocks, warnings about those that may be
missing, and another try when rows moved under it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from typing import TypeVar

from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.query.admission import Admission
from lgtm.query.blocks import BlockRows
from lgtm.query.completeness import Incomplete
from lgtm.query.config import QueryConfig
from lgtm.query.metrics import QueryMetrics
from lgtm.query.select import Gathered, QueryStats, Selection, gather
from lgtm.query.source import Holder, Request, RowsMoved, Stored

T = TypeVar("T")
ASKED_AGAIN_MAX = 2

Damaged = Callable[[Tenant, Signal], tuple[str, ...]]
"""Warnings about rows that the tenant has in blocks and that nobody could read."""
Holders = Callable[[], Sequence[Holder]]
"""The ingesters that may hold rows now, this node's own first."""
Judge = Callable[[Gathered], tuple[str, ...]]
"""Who was asked and could not say what they hold, and who may hold alone what others have lost → warnings, unless every row has a home elsewhere."""


class Reader:
    """One a node: all query engines share its queue."""

    def __init__(
        self,
        holders: Holders,
        stored: Stored,
        limits: TenantLimits,
        executor: Executor,
        config: QueryConfig,
        metrics: QueryMetrics,
        damaged: Damaged = lambda *_: (),
        judge: Judge = lambda *_: (),
    ) -> None:
        self.config, self.metrics = config, metrics
        self._holders, self._stored, self._judge = holders, stored, judge
        self._limits, self._executor, self._damaged = limits, executor, damaged
        self._admission = Admission()
        metrics.running.set_function(lambda: self._admission.running)
        metrics.waiting.set_function(lambda: self._admission.waiting)

    def limits(self, tenant: Tenant) -> Limits:
        return self._limits.for_tenant(tenant)

    @asynccontextmanager
    async def turn(self, kind: str, tenant: Tenant) -> AsyncIterator[QueryStats]:
        """A query's place in the queue, timed and counted. Raises TooManyQueries, and QueryTimeout when what is inside takes too long."""
        stats = QueryStats()
        with self.metrics.query(kind):
            async with self._admission.turn(tenant, self.limits(tenant)) as stats.queue_s:
                began = time.monotonic()
                yield stats
                stats.exec_s = time.monotonic() - began

    def selection(self, tenant: Tenant, stats: QueryStats) -> Selection:
        return Selection(self._executor, stats, self.limits(tenant).max_query_bytes_read)

    async def gather(self, request: Request, stats: QueryStats) -> tuple[Gathered, tuple[str, ...]]:
        """The row sets of a request, and warnings about rows that may be missing. Raises Incomplete when partial answers are not wanted."""
        gathered = await self._gather(request)
        # At once: what is known of who is away may be about other blocks in a moment.
        warnings = (*self._judge(gathered), *gathered.warnings, *self._damaged(request.tenant, request.signal))
        if warnings and self.config.strict:
            raise Incomplete(warnings)
        in_blocks = sum(isinstance(rows, BlockRows) for rows in gathered.row_sets)
        stats.blocks += in_blocks
        stats.head_runs += len(gathered.row_sets) - in_blocks
        return gathered, warnings

    async def _gather(self, request: Request) -> Gathered:
        """Once more when an instance was met meanwhile: it may have acknowledged rows long before anybody here knew of it."""
        for _ in range(ASKED_AGAIN_MAX):
            gathered = await gather(self._holders(), self._stored, request, hedge_s=self.config.hedge_s)
            if gathered.asked.issuperset(holder.id for holder in self._holders()):
                return gathered
            self.metrics.asked_again.inc()
        return await gather(self._holders(), self._stored, request, hedge_s=self.config.hedge_s)

    async def settled(self, ask: Callable[[], Coroutine[None, None, T]]) -> T:
        """Asks again, from the beginning, when a holder went away or flushed while it was being read."""
        for _ in range(ASKED_AGAIN_MAX):
            try:
                return await ask()
            except RowsMoved:
                self.metrics.asked_again.inc()
        return await ask()

"""Questions about metrics: PromQL, the series and labels that there are, exemplars, and what was said of metric families."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from lgtm.clock import Clock
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matcher, Matchers, MatchOp
from lgtm.model.signal import DELETIONS, EXEMPLARS, HISTOGRAM, META, METADATA, SAMPLES, SERIES, START, TS, VALUE, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import ALWAYS, Window
from lgtm.promql.columns import Selected
from lgtm.promql.errors import TooManySamples
from lgtm.promql.evaluate import SAMPLES_MAX, evaluate
from lgtm.promql.features import Features
from lgtm.promql.prepare import LOOKBACK_MS, Prepared, Selection, prepare
from lgtm.promql.result import Result
from lgtm.promql.syntax import Expr
from lgtm.promql.times import Times
from lgtm.query.admission import QueryTimeout
from lgtm.query.completeness import each_once
from lgtm.query.deletions import Deletion, deletion_labels, deletion_of
from lgtm.query.metric_answers import ExemplarsAnswer, ExemplarSeries, FoundExemplar, NamesAnswer, PromAnswer, PromStats, SeriesAnswer
from lgtm.query.metric_limits import check_length, check_series, not_before_ms
from lgtm.query.reader import Reader
from lgtm.query.sample_rows import SampleRows
from lgtm.query.select import Consume, Order, QueryStats
from lgtm.query.source import EVERYTHING, KEYS, Columns, Request
from lgtm.wire.decoded_samples import Metadata

_NS_PER_MS = 1_000_000
_MS_MAX = 2**63 // _NS_PER_MS - 1
_COLUMNS = Columns(frozenset({VALUE, HISTOGRAM, START}), frozenset())
COPIES_MAX = 2
"""Of a sample: who counts rows before it is known which are copies must allow for them."""
_IN_ORDER = Order(newest_first=False, copies=True)


class QueryCancelled(Exception):
    """Nobody waits for the answer any more."""


Say = Callable[[Signal, Tenant, Sequence[Labels]], Awaitable[None]]
"""Stores label sets of a signal that has nothing but series, as durably as any push."""


class MetricsEngine:
    def __init__(self, reader: Reader, say: Say, clock: Clock, samples_max: int = SAMPLES_MAX) -> None:
        """samples_max: that one query may hold at a time."""
        self._reader, self._say, self._clock, self._samples_max = reader, say, clock, samples_max

    def limits(self, tenant: Tenant) -> Limits:
        return self._reader.limits(tenant)

    async def query(
        self,
        tenant: Tenant,
        expr: Expr,
        times: Times,
        *,
        lookback_ms: int = LOOKBACK_MS,
        timeout_s: float | None = None,
        features: Features | None = None,
    ) -> PromAnswer:
        """Raises BadRequest kinds of the language, TooManyQueries, QueryTimeout, Unavailable."""
        check_length(times, self.limits(tenant))
        prepared = prepare(expr, times, lookback_ms=lookback_ms)
        async with self._reader.turn("promql", tenant) as stats:
            try:
                async with asyncio.timeout(timeout_s):
                    result, warnings, spent = await self._reader.settled(lambda: self._evaluated(tenant, prepared, features, stats))
            except TimeoutError as error:
                raise QueryTimeout from error
        return PromAnswer(result, PromStats(stats.queue_s, *spent), each_once(warnings))

    async def select(self, tenant: Tenant, matchers: Matchers, start_ms: int, end_ms: int) -> tuple[Selected, tuple[str, ...]]:
        """Samples later than start_ms and not later than end_ms, stale markers among them; and why some may be missing."""
        async with self._reader.turn("samples", tenant) as stats:
            found, warnings = await self._reader.settled(lambda: self._selected(tenant, Selection(matchers, start_ms, end_ms), stats))
        return found, each_once(warnings)

    async def delete_series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        """Hides what any of the selectors matches of the samples from start to end, both included, but none of the future."""
        end_ms = min(end_ms, self._clock.now_ns() // _NS_PER_MS)
        if start_ms <= end_ms:
            await self._say(DELETIONS, tenant, [deletion_labels(Deletion(one, start_ms, end_ms)) for one in matchers])

    async def series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int = 0) -> SeriesAnswer:
        """Of any of the selectors; all without any. limit: 0 for none."""
        async with self._reader.turn("metric_series", tenant) as stats:
            found, warnings = await self._labels(SAMPLES, tenant, matchers, start_ms, end_ms, stats)
        series = sorted(found)
        return SeriesAnswer(series[:limit] if limit else series, each_once(warnings))

    async def label_names(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int = 0) -> NamesAnswer:
        answer = await self.series(tenant, matchers, start_ms, end_ms)
        names = sorted({name for labels in answer.series for name, _ in labels})
        return NamesAnswer(names[:limit] if limit else names, answer.warnings)

    async def label_values(
        self, tenant: Tenant, name: str, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int = 0
    ) -> NamesAnswer:
        answer = await self.series(tenant, matchers, start_ms, end_ms)
        values = sorted({value for labels in answer.series for found, value in labels if found == name})
        return NamesAnswer(values[:limit] if limit else values, answer.warnings)

    async def metadata(self, tenant: Tenant, metric: str = "", *, limit: int = 0, limit_per_metric: int = 0) -> dict[str, list[Metadata]]:
        """By metric family; of one, or of all. Limits of 0 are none."""
        matchers: Matchers = (Matcher("family", MatchOp.EQ, metric),) if metric else ()
        async with self._reader.turn("metric_metadata", tenant) as stats:
            found, _ = await self._labels(METADATA, tenant, [matchers], -_MS_MAX, _MS_MAX, stats)
        families: dict[str, list[Metadata]] = defaultdict(list)
        for labels in sorted(found):
            said = dict(labels)
            one = Metadata(said["family"], said.get("type", "unknown"), said.get("help", ""), said.get("unit", ""))
            if not limit_per_metric or len(families[one.family]) < limit_per_metric:
                families[one.family].append(one)
        return dict(list(families.items())[:limit] if limit else families)

    async def exemplars(self, tenant: Tenant, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> ExemplarsAnswer:
        """Of series that any of the selectors matches."""
        found: dict[Labels, dict[tuple[int, Labels], FoundExemplar]] = defaultdict(dict)
        warnings: tuple[str, ...] = ()
        start_ms = not_before_ms(start_ms, self.limits(tenant), self._clock.now_ns())
        if start_ms > end_ms:
            return ExemplarsAnswer([], warnings)

        async def ask(matchers: Matchers, stats: QueryStats) -> tuple[str, ...]:
            request = Request(tenant, EXEMPLARS, matchers, _window(start_ms - 1, end_ms))
            return await self._read(request, EVERYTHING, lambda batch: _add_exemplars(batch, found), stats)

        async with self._reader.turn("exemplars", tenant) as stats:
            for matchers in selectors:
                warnings = (*warnings, *await self._reader.settled(lambda matchers=matchers: ask(matchers, stats)))  # type: ignore[misc]
        ordered = [ExemplarSeries(labels, [found[labels][key] for key in sorted(found[labels])]) for labels in sorted(found)]
        return ExemplarsAnswer(ordered, each_once(warnings))

    async def _evaluated(
        self, tenant: Tenant, prepared: Prepared, features: Features | None, stats: QueryStats
    ) -> tuple[Result, tuple[str, ...], tuple[float, float]]:
        """The last: seconds of reading and of evaluating."""
        began, selected, warnings = time.monotonic(), list[Selected](), list[str]()
        for selection in prepared.selections:
            found, more = await self._selected(tenant, selection, stats)
            selected.append(found)
            check_series(sum(len(one.labels) for one in selected), self.limits(tenant))
            warnings += more
        gone, read = threading.Event(), time.monotonic()

        def check() -> None:
            if gone.is_set():
                raise QueryCancelled

        def work() -> Result:
            return evaluate(prepared, selected, features=features, samples_max=self._samples_max, check=check)

        result = await self._reader.selection(tenant, stats).run(work, hurry=gone.set)
        return result, tuple(warnings), (read - began, time.monotonic() - read)

    async def _selected(self, tenant: Tenant, selection: Selection, stats: QueryStats) -> tuple[Selected, tuple[str, ...]]:
        rows, limits = SampleRows(), self.limits(tenant)

        def add(batch: Batch) -> None:
            if rows.row_count > COPIES_MAX * self._samples_max:
                raise TooManySamples
            rows.add(batch)
            check_series(rows.series_count, limits)

        start_ms = not_before_ms(selection.start_ms, limits, self._clock.now_ns())
        if start_ms >= selection.end_ms:
            return Selected.empty(), ()
        request = Request(tenant, SAMPLES, selection.matchers, _window(start_ms, selection.end_ms))
        warnings = await self._read(request, _COLUMNS, add, stats)
        deletions, more = await self._deletions(tenant, stats)
        return await self._reader.selection(tenant, stats).run(lambda: rows.selected(deletions)), (*warnings, *more)

    async def _deletions(self, tenant: Tenant, stats: QueryStats) -> tuple[list[Deletion], tuple[str, ...]]:
        gathered, warnings = await self._reader.gather(Request(tenant, DELETIONS, (), ALWAYS), stats)
        if not gathered.row_sets:
            return [], warnings
        found: set[Labels] = set()
        await self._reader.selection(tenant, stats).series(gathered.row_sets, ALWAYS, KEYS, found)
        return [deletion_of(labels) for labels in found], warnings

    async def _read(self, request: Request, columns: Columns, consume: Consume, stats: QueryStats) -> tuple[str, ...]:
        gathered, warnings = await self._reader.gather(request, stats)
        selection = self._reader.selection(request.tenant, stats)
        await selection.each(gathered.row_sets, request.window, columns, _IN_ORDER, consume)
        return warnings

    async def _labels(
        self, signal: Signal, tenant: Tenant, selectors: Sequence[Matchers], start_ms: int, end_ms: int, stats: QueryStats
    ) -> tuple[set[Labels], tuple[str, ...]]:
        found: set[Labels] = set()
        warnings: tuple[str, ...] = ()
        if signal is SAMPLES:
            start_ms = not_before_ms(start_ms, self.limits(tenant), self._clock.now_ns())
        if start_ms > end_ms:
            return found, warnings

        async def ask(request: Request) -> tuple[str, ...]:
            gathered, warnings = await self._reader.gather(request, stats)
            selection = self._reader.selection(tenant, stats)
            await selection.series(gathered.row_sets, request.window, KEYS, found)
            return warnings

        for matchers in selectors or [()]:
            request = Request(tenant, signal, matchers, _window(start_ms - 1, end_ms))
            warnings = (*warnings, *await self._reader.settled(lambda request=request: ask(request)))  # type: ignore[misc]
        return found, warnings


def _window(start_ms: int, end_ms: int) -> Window:
    """Later than the start, not later than the end."""
    start_ms, end_ms = (max(-_MS_MAX, min(at, _MS_MAX)) for at in (start_ms, end_ms))
    return Window(start_ms * _NS_PER_MS + 1, end_ms * _NS_PER_MS + 1)


def _add_exemplars(batch: Batch, found: dict[Labels, dict[tuple[int, Labels], FoundExemplar]]) -> None:
    of_series = batch.table.labels
    for row in batch.rows.to_pylist():
        labels: Labels = tuple(sorted((name.removeprefix(META), value) for name, value in row.items() if name.startswith(META) and value is not None))
        ts_ms = row[TS] // _NS_PER_MS
        found[of_series[row[SERIES]] or ()].setdefault((ts_ms, labels), FoundExemplar(labels, row[VALUE], ts_ms))

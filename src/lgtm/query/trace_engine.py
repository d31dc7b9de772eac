"""Questions about traces: one by its id, those that a query finds, metrics over their spans, and the names and values of attributes.

Spans lie by resource and time, and a trace is spread over many places. A search therefore looks at few columns of single spans first, newest first,
and reads whole traces only of those that may match. What a metric counts span by span is streamed; all else needs whole traces, some at a time.
A trace's spans are looked for as far as `query.trace_reach_s` beyond the time asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import numpy as np

from lgtm.model.batch import Batch
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers
from lgtm.model.signal import SPANS, TRACE_ID
from lgtm.model.tenant import Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import TS_NS_MAX, Window
from lgtm.query.completeness import each_once
from lgtm.query.reader import Reader
from lgtm.query.select import Consume, Order, QueryStats
from lgtm.query.slices import SLICE_ROWS_MAX, slices
from lgtm.query.source import EVERYTHING, Columns, Ints, Request, RowSet
from lgtm.query.trace_answers import (
    BareTagValuesAnswer,
    SearchAnswer,
    TagNamesAnswer,
    TagValuesAnswer,
    TraceAnswer,
    TraceMetricsAnswer,
)
from lgtm.query.trace_candidates import Candidates, Found, Ids, distinct, lasting_until
from lgtm.traceql.candidates import condition_needs, of_single_spans, series_matchers, span_conditions, speaks_of_traces
from lgtm.traceql.field_syntax import SCOPES, TRUE, Field, FieldExpr
from lgtm.traceql.from_rows import columns_to_read, span_table
from lgtm.traceql.metrics import Metrics
from lgtm.traceql.plan import Needs, columns_needed
from lgtm.traceql.search import Search, searched
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Pipeline, Query, Select, SpansetFilter
from lgtm.traceql.tags import BareTagValues, TagNames, TagValues, bare_fields

TRACES_AT_ONCE = 50_000
"""Traces that are read whole together, for a metric; a search begins with few of them and goes on with eight times as many each time."""
FIRST_SLICE_SHARE = 8
"""How much shorter the first stretch of a search is than that of a query for lines: it is asked for 20 traces, not for 1,000 lines."""
FIRST_TRACES = 64
GROWTH = 8
_ENDS = Columns(frozenset({TRACE_ID, "duration_ns"}), frozenset())


Rows = Callable[[Matchers, Window], Awaitable[list[RowSet]]]
"""Row sets of the series that match, in a window."""


class TraceEngine:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def limits(self, tenant: Tenant) -> Limits:
        return self._reader.limits(tenant)

    async def trace(self, tenant: Tenant, trace_id: bytes, window: Window) -> TraceAnswer:
        """Its spans that start within the window. trace_id: 16 bytes. Raises TooManyQueries, QueryTimeout, Unavailable."""
        bytes_max = self.limits(tenant).max_bytes_per_trace

        async def ask(stats: QueryStats) -> tuple[list[Batch], bool, tuple[str, ...]]:
            found, size = list[Batch](), 0

            def take(batch: Batch) -> None:
                nonlocal size
                size += int(batch.rows.nbytes)
                if not bytes_max or size <= bytes_max or not found:
                    found.append(batch)

            request = Request(tenant, SPANS, (), window, traces=TraceIds(trace_id))
            warnings = await self._read(request, EVERYTHING, take, stats)
            return found, 0 < bytes_max < size, warnings

        async with self._reader.turn("trace", tenant) as stats:
            found, cut, warnings = await self._reader.settled(lambda: ask(stats))
        return TraceAnswer(found, stats, each_once(warnings), bytes_max if cut else None)

    async def search(self, tenant: Tenant, query: Query, *, limit: int, spans_max: int, window: Window) -> SearchAnswer:
        """The newest traces with a moment in the window. Raises BadRequest kinds, TooManyQueries, QueryTimeout, Unavailable."""
        async with self._reader.turn("search", tenant) as stats:
            search, warnings = await self._reader.settled(lambda: self._search(tenant, query, limit, spans_max, window, stats))
        return SearchAnswer(search.results(), stats, each_once(warnings))

    async def metrics(self, tenant: Tenant, query: Query, steps: Steps, *, exemplars: int) -> TraceMetricsAnswer:
        """Raises BadRequest kinds, TooManyQueries, QueryTimeout, Unavailable."""
        window = Window(max(0, steps.start_ns + 1), steps.end_ns + 1)

        async def ask(stats: QueryStats) -> tuple[Metrics, tuple[str, ...]]:
            found = Metrics(query, steps, exemplars=exemplars)
            needs = columns_needed(query)
            if of_single_spans(query):
                return found, await self._each_span(tenant, needs, window, found, stats, series_matchers(_selecting(query)))
            return found, await self._whole_traces(tenant, _selecting(query), window, needs, found.add, stats)

        async with self._reader.turn("trace_metrics", tenant) as stats:
            found, warnings = await self._reader.settled(lambda: ask(stats))
            series = await self._reader.selection(tenant, stats).run(found.results)
        return TraceMetricsAnswer(series, stats, each_once(warnings))

    async def tag_names(self, tenant: Tenant, condition: FieldExpr, window: Window) -> TagNamesAnswer:
        """Of attributes that spans have which meet the condition."""

        async def ask(stats: QueryStats) -> tuple[TagNames, tuple[str, ...]]:
            needs, found = condition_needs(condition), TagNames(condition)
            needs = Needs(needs.columns, needs.attributes, every_attribute=True)
            return found, await self._spans_or_traces(tenant, (), condition, needs, window, found, stats)

        async with self._reader.turn("trace_tags", tenant) as stats:
            found, warnings = await self._reader.settled(lambda: ask(stats))
        return TagNamesAnswer({scope: found.names(scope) for scope in SCOPES}, stats, each_once(warnings))

    async def tag_values(self, tenant: Tenant, field: Field, condition: FieldExpr, window: Window, *, most: int | None = None) -> TagValuesAnswer:
        """Of a field, on spans that meet the condition. most: how many to look for."""

        async def ask(stats: QueryStats) -> tuple[TagValues, tuple[str, ...]]:
            found = TagValues(field, condition, most=most)
            needs = _both(condition_needs(condition), _field_needs(field))
            return found, await self._spans_or_traces(tenant, (field,), condition, needs, window, found, stats)

        async with self._reader.turn("trace_tags", tenant) as stats:
            found, warnings = await self._reader.settled(lambda: ask(stats))
        return TagValuesAnswer(found.values(), stats, each_once(warnings))

    async def bare_tag_values(self, tenant: Tenant, key: str, window: Window) -> BareTagValuesAnswer:
        """Of a key in any scope, as text."""

        async def ask(stats: QueryStats) -> tuple[BareTagValues, tuple[str, ...]]:
            found, needs = BareTagValues(key), condition_needs(TRUE)
            for field in bare_fields(key):
                needs = _both(needs, _field_needs(field))
            return found, await self._spans_or_traces(tenant, bare_fields(key), TRUE, needs, window, found, stats)

        async with self._reader.turn("trace_tags", tenant) as stats:
            found, warnings = await self._reader.settled(lambda: ask(stats))
        return BareTagValuesAnswer(found.values(), stats, each_once(warnings))

    async def _spans_or_traces(
        self,
        tenant: Tenant,
        fields: Sequence[Field],
        condition: FieldExpr,
        needs: Needs,
        window: Window,
        found: TagNames | TagValues | BareTagValues,
        stats: QueryStats,
    ) -> tuple[str, ...]:
        """Feeds spans one by one, unless the fields or the condition speak of the traces that they are of."""
        if any(map(speaks_of_traces, (*fields, condition))):
            return await self._whole_traces(tenant, span_conditions(_filter(condition))[0], window, needs, found.add, stats)
        return await self._each_span(tenant, needs, window, found, stats, series_matchers(condition))

    async def _each_span(
        self,
        tenant: Tenant,
        needs: Needs,
        window: Window,
        found: Metrics | TagNames | TagValues | BareTagValues,
        stats: QueryStats,
        matchers: Matchers = (),
    ) -> tuple[str, ...]:
        def add(batch: Batch) -> None:
            found.add(span_table([batch], needs, apart=True))

        return await self._read(Request(tenant, SPANS, matchers, window), Columns(*columns_to_read(needs)), add, stats)

    async def _read(self, request: Request, columns: Columns, consume: Consume, stats: QueryStats) -> tuple[str, ...]:
        """All rows of a request, oldest first. Returns warnings about rows that may be missing."""
        gathered, warnings = await self._reader.gather(request, stats)
        selection = self._reader.selection(request.tenant, stats)
        await selection.each(gathered.row_sets, request.window, columns, Order(newest_first=False), consume)
        return warnings

    async def _search(
        self, tenant: Tenant, query: Query, limit: int, spans_max: int, window: Window, stats: QueryStats
    ) -> tuple[Search, tuple[str, ...]]:
        search = Search(query, limit=limit, spans_max=spans_max, window=(window.start_ns, window.end_ns - 1))
        needs = columns_needed(Query(searched(query)))
        seen: set[bytes] = set()
        warnings: tuple[str, ...] = ()

        async def rows(matchers: Matchers, window: Window) -> list[RowSet]:
            nonlocal warnings
            gathered, more = await self._reader.gather(Request(tenant, SPANS, matchers, window), stats)
            warnings = (*warnings, *more)
            return gathered.row_sets

        async for found in self._candidates(tenant, rows, query, window, search, stats):
            for ids in _chunks(found, seen, search):
                warnings = (*warnings, *await self._add_whole(tenant, ids, self._around(window), needs, search.add, stats))
        return search, warnings

    async def _candidates(self, tenant: Tenant, rows: Rows, query: Query, window: Window, search: Search, stats: QueryStats) -> AsyncIterator[Found]:
        """Traces to look at, stretch by stretch back in time, as long as the search can use them."""
        selection = self._reader.selection(tenant, stats)
        conditions, around = span_conditions(query), self._around(window)
        candidates = Candidates(conditions)
        # Of several conditions it is not known yet which one will be used.
        row_sets = await rows(series_matchers(conditions[0]) if len(conditions) == 1 else (), Window(window.start_ns, around.end_ns))
        # A trace of the window may have its matching span behind the end.
        late = Candidates(conditions[:1])
        await selection.each(row_sets, Window(window.end_ns, around.end_ns), late.columns, Order(newest_first=False), late.add)
        if len(behind := late.take().ids):
            yield await self._of_those(tenant, behind, Window(around.start_ns, window.end_ns), stats)
        first_rows = max(1, self._reader.config.first_slice_rows // FIRST_SLICE_SHARE)
        for part in slices(row_sets, window, first_rows=first_rows, newest_first=True):
            if not search.needs(part.end_ns - 1):
                return
            await selection.each(row_sets, part, candidates.columns, Order(first_rows=SLICE_ROWS_MAX), candidates.add)
            yield await selection.run(candidates.take)
        before = Window(around.start_ns, window.start_ns)
        if before.start_ns < before.end_ns and search.needs(before.end_ns - 1):
            lasting: list[tuple[Ids, Ints]] = []
            await selection.each(
                row_sets, before, _ENDS, Order(newest_first=False), lambda batch: lasting.append(lasting_until(batch, before.end_ns))
            )
            if lasting:
                yield distinct(np.concatenate([ids for ids, _ in lasting]), np.concatenate([ts for _, ts in lasting]))

    async def _of_those(self, tenant: Tenant, ids: Ids, window: Window, stats: QueryStats) -> Found:
        """Those of the traces that have spans in the window."""
        found = Candidates([TRUE])
        await self._read(Request(tenant, SPANS, (), window, traces=TraceIds(ids.tobytes())), found.columns, found.add, stats)
        return found.take()

    async def _whole_traces(
        self, tenant: Tenant, condition: FieldExpr, window: Window, needs: Needs, add: Callable[..., None], stats: QueryStats
    ) -> tuple[str, ...]:
        """Traces of which some span in the window meets the condition, each whole and once."""
        candidates = Candidates([condition])
        warnings = await self._read(Request(tenant, SPANS, series_matchers(condition), window), candidates.columns, candidates.add, stats)
        found = await self._reader.selection(tenant, stats).run(candidates.take)
        for first in range(0, len(found.ids), TRACES_AT_ONCE):
            ids = found.ids[first : first + TRACES_AT_ONCE]
            warnings = (*warnings, *await self._add_whole(tenant, ids, self._around(window), needs, add, stats))
        return warnings

    async def _add_whole(
        self, tenant: Tenant, ids: Ids, window: Window, needs: Needs, add: Callable[..., None], stats: QueryStats
    ) -> tuple[str, ...]:
        batches: list[Batch] = []
        request = Request(tenant, SPANS, (), window, traces=TraceIds(ids.tobytes()))
        warnings = await self._read(request, Columns(*columns_to_read(needs)), batches.append, stats)
        if batches:
            await self._reader.selection(tenant, stats).run(lambda: add(span_table(batches, needs)))
        return warnings

    def _around(self, window: Window) -> Window:
        return Window(max(0, window.start_ns - self._reach_ns), min(TS_NS_MAX, window.end_ns + self._reach_ns))

    @property
    def _reach_ns(self) -> int:
        return int(self._reader.config.trace_reach_s * 1e9)


def _chunks(found: Found, seen: set[bytes], search: Search) -> Iterator[Ids]:
    """Ids not seen yet, in growing chunks, as long as the search can use them."""
    fresh = np.array([at for at, one in enumerate(found.ids) if one.tobytes() not in seen], np.int64)
    seen.update(found.ids[at].tobytes() for at in fresh.tolist())
    first, size = 0, FIRST_TRACES
    while first < len(fresh) and search.needs(int(found.first_ns[fresh[first]])):
        yield found.ids[fresh[first : first + size]]
        first, size = first + size, min(size * GROWTH, TRACES_AT_ONCE)


def _selecting(query: Query) -> FieldExpr:
    """What a span of a metric meets itself, as far as a single span can tell."""
    conditions = span_conditions(query)
    return conditions[0] if len(conditions) == 1 else TRUE


def _filter(condition: FieldExpr) -> Query:
    return Query(Pipeline((SpansetFilter(condition),)))


def _field_needs(field: Field) -> Needs:
    return columns_needed(Query(Pipeline((SpansetFilter(TRUE), Select((field,))))))


def _both(one: Needs, other: Needs) -> Needs:
    return Needs(one.columns | other.columns, one.attributes | other.attributes, one.every_attribute or other.every_attribute)

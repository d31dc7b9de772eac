"""A search: traces that match a query, newest first, from as many tables as have to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lgtm.traceql.columns import Item
from lgtm.traceql.errors import InvalidQuery
from lgtm.traceql.pipeline import run
from lgtm.traceql.shown import NIL_TEXT, Shown, display
from lgtm.traceql.span_table import NO_ROOT, SpanTable
from lgtm.traceql.spansets import Spansets
from lgtm.traceql.syntax import MetricsFilter, MetricsQuery, Pipeline, Query, TopK
from lgtm.traceql.uses import Use, uses

_NS_PER_MS = 1_000_000


@dataclass(slots=True, frozen=True)
class FoundSpan:
    """name: None unless the query speaks of names. attributes: sorted by nothing in particular; a key may stand twice."""

    span_id: str
    name: str | None
    start_ns: int
    duration_ns: int
    attributes: tuple[tuple[str, Item], ...]


@dataclass(slots=True, frozen=True)
class FoundSpanset:
    """matched: how many spans there are; `spans` are the first of them."""

    matched: int
    spans: tuple[FoundSpan, ...]
    attributes: tuple[tuple[str, Item], ...]


@dataclass(slots=True, frozen=True)
class FoundTrace:
    """trace_id: 32 hex digits. root_name: empty without a root. service_stats: spans and errors by service."""

    trace_id: str
    root_service_name: str
    root_name: str
    start_ns: int
    duration_ms: int
    service_stats: dict[str, tuple[int, int]] = field(hash=False)
    spansets: tuple[FoundSpanset, ...]


def searched(query: Query) -> Pipeline:
    """The pipeline that a search runs: of a metrics query, the part in front of its function. Raises InvalidQuery when there is none."""
    root = query.root
    while isinstance(root, TopK | MetricsFilter):
        root = root.expr
    if isinstance(root, MetricsQuery):
        return root.pipeline
    if not isinstance(root, Pipeline):
        raise InvalidQuery("metrics math and scalar expressions select no spans")
    return root


class Search:
    """Feed it tables of whole traces; it keeps the newest. A trace that comes in two tables, as from two tenants, is answered once.

    limit: traces. spans_max: spans shown of a spanset. window: both ends included, ns; a trace is in it when any moment of it is.
    """

    def __init__(self, query: Query, *, limit: int, spans_max: int, window: tuple[int, int]) -> None:
        self._pipeline = searched(query)
        self._uses: tuple[Use, ...] = tuple(uses(query.root))
        self._limit, self._spans_max, self._window = limit, spans_max, window
        self._found: list[FoundTrace] = []

    def add(self, table: SpanTable) -> None:
        """Raises ManySpansets."""
        if not len(table):
            return
        sets = run(table, self._pipeline, table.overlapping(*self._window))
        traces = np.unique(sets.traces)
        newest = traces[np.argsort(-table.trace_start_ns[traces], kind="stable")][: self._limit]
        if self.is_full:
            newest = newest[table.trace_start_ns[newest] > self._found[-1].start_ns]
        by_id = {trace.trace_id: trace for trace in self._found}
        for trace in self._describe(table, sets.take(np.isin(sets.traces, newest))):
            before = by_id.get(trace.trace_id)
            by_id[trace.trace_id] = trace if before is None else merged(before, trace)
        self._found = sorted(by_id.values(), key=lambda trace: (-trace.start_ns, trace.trace_id))[: self._limit]

    @property
    def is_full(self) -> bool:
        return len(self._found) >= self._limit

    def needs(self, newest_start_ns: int) -> bool:
        """Whether a trace that starts then, or earlier, could still get into the answer."""
        return not self.is_full or self._found[-1].start_ns < newest_start_ns

    def results(self) -> list[FoundTrace]:
        """Newest first."""
        return list(self._found)

    def _describe(self, table: SpanTable, sets: Spansets) -> list[FoundTrace]:
        """Of few traces out of many: what is shown of them is worked out in a table of their own."""
        traces = np.unique(sets.traces)
        rows = np.searchsorted(table.rows_of(traces), sets.rows)
        return self._describe_all(table.take(traces), Spansets(rows, sets.offsets, np.searchsorted(traces, sets.traces), sets.attributes))

    def _describe_all(self, table: SpanTable, sets: Spansets) -> list[FoundTrace]:
        counts = np.diff(sets.offsets)
        shown_counts = np.minimum(counts, self._spans_max) if self._spans_max else counts
        within = np.arange(len(sets.rows)) - np.repeat(sets.offsets[:-1], counts)
        rows = sets.rows[within < np.repeat(shown_counts, counts)]
        shown = Shown(table, self._uses, rows)
        by_trace: dict[int, list[FoundSpanset]] = {}
        end = 0
        for number, (trace, matched, length) in enumerate(zip(sets.traces.tolist(), counts.tolist(), shown_counts.tolist(), strict=True)):
            spans = tuple(_span(table, shown, rows, at) for at in range(end, end + length))
            end += length
            by_trace.setdefault(trace, []).append(FoundSpanset(matched, spans, _set_attributes(sets, number)))
        return [_trace(table, trace, tuple(spansets)) for trace, spansets in by_trace.items()]


def merged(one: FoundTrace, other: FoundTrace) -> FoundTrace:
    """What two sources say of one trace: of spansets with equal groups the larger, of everything else the wider."""
    root = other if one.root_service_name == NO_ROOT else one
    spansets = {repr(spanset.attributes): spanset for spanset in one.spansets}
    for spanset in other.spansets:
        before = spansets.get(repr(spanset.attributes))
        if before is None or spanset.matched > before.matched:
            spansets[repr(spanset.attributes)] = spanset
    stats = dict(one.service_stats)
    for service, (spans, errors) in other.service_stats.items():
        most = stats.get(service, (0, 0))
        stats[service] = (max(spans, most[0]), max(errors, most[1]))
    return FoundTrace(
        one.trace_id,
        root.root_service_name,
        root.root_name,
        min(one.start_ns, other.start_ns),
        max(one.duration_ms, other.duration_ms),
        stats,
        tuple(spansets.values()),
    )


def _span(table: SpanTable, shown: Shown, rows: np.ndarray[tuple[int], np.dtype[np.int64]], at: int) -> FoundSpan:
    row = int(rows[at])
    return FoundSpan(
        f"{int(table.span_id[row]):016x}", shown.name(at), int(table.start_ns[row]), int(table.duration_ns[row]), tuple(shown.attributes(at))
    )


def _set_attributes(sets: Spansets, number: int) -> tuple[tuple[str, Item], ...]:
    found: list[tuple[str, Item]] = []
    for name, columns in sets.attributes:
        values = [display(column, number) for column in columns if column.held[number]]
        found.append((name, values[0] if values else NIL_TEXT))
    return tuple(found)


def _trace(table: SpanTable, trace: int, spansets: tuple[FoundSpanset, ...]) -> FoundTrace:
    start_ns, end_ns = int(table.trace_start_ns[trace]), int(table.trace_end_ns[trace])
    return FoundTrace(
        trace_id=table.trace_id[trace].tobytes().hex(),
        root_service_name=str(table.root_service_name.item(trace)) or NO_ROOT,
        root_name=str(table.root_name.item(trace)),
        start_ns=start_ns,
        duration_ms=(end_ns - start_ns) // _NS_PER_MS,
        service_stats=table.service_stats(trace),
        spansets=spansets,
    )

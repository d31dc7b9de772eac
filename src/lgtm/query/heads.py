"""Heads as a source of row sets: what an ingester holds in memory, read without copying more than the rows asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers
from lgtm.model.part_ids import PartIds
from lgtm.model.series import SeriesTable
from lgtm.model.signal import SERIES, TRACE_ID, TS, Signal
from lgtm.model.spans import Mask, PartSpans
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.source import FOREVER_NS, Columns, Ints, Request, RowSet


class HeadRun(Protocol):
    """Rows in order of arrival; `rows["series"]` numbers the series of the head."""

    @property
    def rows(self) -> pa.RecordBatch: ...

    @property
    def min_ns(self) -> int: ...

    @property
    def max_ns(self) -> int: ...

    @property
    def parts(self) -> PartSpans: ...


class Head(Protocol):
    """What one generation holds in memory for a tenant and signal."""

    @property
    def generation(self) -> str: ...

    @property
    def signal(self) -> Signal: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def series(self) -> SeriesTable: ...

    @property
    def runs(self) -> Sequence[HeadRun]: ...

    def matching(self, matchers: Matchers) -> Mask:
        """One truth for each of the series."""


class NotYet(Unavailable):
    """This node does not know yet what it holds. That is no empty answer."""

    def __init__(self, doing: str) -> None:
        self.doing = doing

    def __str__(self) -> str:
        return f"this instance is {self.doing} and cannot say yet what it holds"


Snapshot = Callable[[Tenant, Signal], Sequence[Head]]


class HeadSource:
    """The heads of the ingester in this process."""

    def __init__(
        self,
        ingester_id: str,
        snapshot: Snapshot,
        forgotten_age_ns: Callable[[], int] = lambda: FOREVER_NS,
        not_ready: Callable[[], str | None] = lambda: None,
        lost_to: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """not_ready: says what this node is doing as long as it cannot say what it holds. lost_to: see `Held`."""
        self.id, self._not_ready, self._lost_to = ingester_id, not_ready, lost_to
        self._snapshot = snapshot
        self.forgotten_age_ns = forgotten_age_ns

    async def held(self, request: Request) -> HeldHere:
        """Raises NotYet."""
        if (doing := self._not_ready()) is not None:
            raise NotYet(doing)
        return self.look(request)

    def look(self, request: Request) -> HeldHere:
        return HeldHere(self._snapshot(request.tenant, request.signal), request, self._lost_to())


class HeldHere:
    """Heads as they were at one moment."""

    def __init__(self, heads: Sequence[Head], request: Request, lost_to: frozenset[str] = frozenset()) -> None:
        self._heads, self._request, self.lost_to = heads, request, lost_to
        self.forgotten_age_ns = FOREVER_NS  # the catalogue of this process has known of its own blocks since they were published
        self.parts = PartIds()
        for head in heads:
            for run in head.runs:
                self.parts.update(run.parts.ids())

    def row_sets(self, taken: PartIds) -> list[RowSet]:
        return self._row_sets(lambda parts: ~parts.within(taken))

    def row_sets_of(self, wanted: PartIds) -> list[RowSet]:
        """Only the rows of these parts."""
        return self._row_sets(lambda parts: parts.within(wanted))

    def _row_sets(self, chosen: Chosen) -> list[RowSet]:
        return [rows for head in self._heads for rows in head_row_sets(head, self._request, chosen)]


Chosen = Callable[[PartSpans], Mask]
"""One truth for each part of a run: whether its rows are wanted."""


def head_row_sets(head: Head, request: Request, chosen: Chosen = lambda parts: np.ones(len(parts), bool)) -> list[RowSet]:
    """One row set for each run that may hold rows of matching series, of chosen parts, in the window."""
    wanted = head.matching(request.matchers)
    if not wanted.any():
        return []
    every = bool(wanted.all())
    near = ((run, chosen(run.parts)) for run in head.runs if request.window.overlaps(run.min_ns, run.max_ns))
    return [
        HeadRows(head, run, None if every else wanted, None if parts.all() else run.parts.rows_of(parts), request)
        for run, parts in near
        if parts.any()
    ]


class HeadRows:
    """One run of a head, restricted to the wanted series and rows (None: all), and to the request's traces."""

    unique = False

    def __init__(self, head: Head, run: HeadRun, wanted: Mask | None, rows: Mask | None, request: Request) -> None:
        self._head = head
        self._run = run
        self._wanted = wanted
        self._rows = rows
        self._window, self._traces = request.window, request.traces
        self.min_ns, self.max_ns = run.min_ns, run.max_ns
        self.row_count = run.rows.num_rows if rows is None else int(rows.sum())

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
        rows = self._run.rows.select([name for name in self._run.rows.schema.names if columns.wants(name, self._head.signal)])
        mask = self._mask(window)
        if mask is not None:
            rows = rows.filter(pa.array(mask))
        if rows.num_rows:
            yield Batch(self._head.signal, self._head.tenant, self._head.series, rows)

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None:
        """It is in memory."""

    def series(self) -> list[Labels]:
        chosen = self._chosen
        ranges = _ranges(self._run.rows if chosen is None else self._run.rows.filter(pa.array(chosen)), len(self._head.series))
        near = (ranges[0] < self._window.end_ns) & (ranges[1] >= self._window.start_ns)
        if self._wanted is not None:
            near &= self._wanted
        return [labels or () for labels in self._head.series.take(np.flatnonzero(near)).labels]

    def volumes(self, edges_ns: Ints) -> tuple[list[Labels], Ints, Ints]:
        rows = self._run.rows
        mask = self._mask(Window(int(edges_ns[0]), int(edges_ns[-1])))
        if mask is not None:
            rows = rows.filter(pa.array(mask))
        used, series = np.unique(rows.column(SERIES).to_numpy(), return_inverse=True)
        buckets = len(edges_ns) - 1
        cells = series * buckets + np.searchsorted(edges_ns, rows.column(TS).to_numpy(), side="right") - 1
        size = len(used) * buckets
        counts = np.bincount(cells, minlength=size).reshape(len(used), buckets)
        nbytes = np.bincount(cells, weights=row_bytes(rows), minlength=size).astype(np.int64).reshape(len(used), buckets)
        return [labels or () for labels in self._head.series.take(used).labels], counts, nbytes

    @cached_property
    def _chosen(self) -> Mask | None:
        """Rows wanted, those of the traces found out: not before it is read, which is on a thread. None: all."""
        if self._traces is None:
            return self._rows
        mine = self._traces.mask(self._run.rows.column(TRACE_ID))
        return mine if self._rows is None else mine & self._rows

    def _mask(self, window: Window) -> Mask | None:
        mask = self._chosen
        if self._wanted is not None:
            series = self._wanted[self._run.rows.column(SERIES).to_numpy()]
            mask = series if mask is None else mask & series
        if not window.covers(self.min_ns, self.max_ns):
            ts = self._run.rows.column(TS).to_numpy()
            inside = (ts >= window.start_ns) & (ts < window.end_ns)
            mask = inside if mask is None else mask & inside
        return mask


def _ranges(rows: pa.RecordBatch, series_count: int) -> tuple[Ints, Ints]:
    """Least and greatest ts of each series of the head in the rows; the wrong way round where it has none."""
    series, ts = rows.column(SERIES).to_numpy(), rows.column(TS).to_numpy()
    least, greatest = np.full(series_count, np.iinfo(np.int64).max), np.full(series_count, np.iinfo(np.int64).min)
    np.minimum.at(least, series, ts)
    np.maximum.at(greatest, series, ts)
    return least, greatest


def row_bytes(rows: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Bytes of the line and of the metadata values of each row: what Loki's volume counts."""
    total = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        if pa.types.is_string(column.type):
            total += pc.fill_null(pc.binary_length(column), 0).to_numpy()
    return total

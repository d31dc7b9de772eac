"""Blocks as a source of row sets: the catalogue tells which may matter, a block is fetched only when its turn comes.

Where rows of some traces are wanted, the index of each block is asked first, many at once; most blocks say that they have none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import numpy as np

from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader, SeriesSelection
from lgtm.blocks.trace_index import TraceIndex
from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import REST, SERIES, TS, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import Window
from lgtm.query.source import EVERYTHING, Columns, Ints, Request, RowSet

OpenBlock = Callable[[BlockMeta], AbstractAsyncContextManager[BlockReader]]
OpenIndex = Callable[[BlockMeta], AbstractAsyncContextManager[TraceIndex | None]]
RowGroups = np.ndarray[tuple[int], np.dtype[np.int64]]

INDEXES_AT_ONCE = 16
"""As many as the store answers at once; more would wait there."""
TRACES_IN_PASSING = 1_000
"""More traces than these are looked for on a thread: a million comparisons would hold up everybody else."""


@asynccontextmanager
async def no_index(meta: BlockMeta) -> AsyncIterator[None]:  # noqa: ARG001 # the same for all
    """Stands where nobody keeps indexes: blocks are asked themselves."""
    yield None


class Catalog(Protocol):
    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        """Blocks that may hold rows of the window."""

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:
        """Parts whose rows are all in visible blocks."""

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]: ...


class BlockSource:
    def __init__(self, catalog: Catalog, open_block: OpenBlock, open_index: OpenIndex = no_index) -> None:
        self._catalog = catalog
        self._open, self._open_index = open_block, open_index

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return await self._catalog.refresh(forgotten_age_ns, away)

    def pick(self, request: Request) -> tuple[list[RowSet], PartIds]:
        metas = sorted(self._catalog.blocks(request.tenant, request.signal, request.window), key=lambda meta: meta.arrived)
        wanted: list[RowSet] = [BlockRows(meta, self._open, request, self._open_index) for meta in metas if _may_match(meta, request.matchers)]
        return wanted, self._catalog.stored(request.tenant, request.signal)

    async def sift(self, picked: Sequence[RowSet]) -> list[RowSet]:
        """Raises CacheFull, BlockGone, StoreUnavailable, DamagedBlock."""
        places = asyncio.Semaphore(INDEXES_AT_ONCE)

        async def may_hold(rows: RowSet) -> bool:
            assert isinstance(rows, BlockRows)
            async with places:
                return await rows.may_hold()

        answers = await asyncio.gather(*map(may_hold, picked), return_exceptions=True)  # none goes on when this has ended
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [rows for rows, answer in zip(picked, answers, strict=True) if answer]


def _may_match(meta: BlockMeta, matchers: Matchers) -> bool:
    """Whether all labels that must not be empty occur in the block."""
    return all(matcher.matches_empty or matcher.name in meta.label_names for matcher in matchers)


class BlockRows:
    """The rows of one block that match a request. Prepare it before anything else is called but `may_hold`."""

    unique = True

    def __init__(self, meta: BlockMeta, open_block: OpenBlock, request: Request, open_index: OpenIndex = no_index) -> None:
        self._meta = meta
        self._open, self._open_index = open_block, open_index
        self._request = request
        self._row_groups: RowGroups | None = None
        """Those that may have rows of the request's traces, when an index has told."""
        self._has_asked = False
        self._reader: BlockReader | None = None
        self._selected: SeriesSelection | None = None
        self.min_ns, self.max_ns = meta.min_ns, meta.max_ns
        self.row_count = meta.row_count

    async def may_hold(self) -> bool:
        """Whether it may have rows of the request's traces. Fetches the index at most. Raises as `open_index`."""
        traces = self._request.traces
        if traces is not None and not self._has_asked:
            async with self._open_index(self._meta) as index:
                if index is not None:
                    self._row_groups = await _row_groups(index, traces)
            self._has_asked = True
        return self._row_groups is None or len(self._row_groups) > 0

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None:  # noqa: ARG002 # its files come whole
        if await self.may_hold():
            self._reader = await stack.enter_async_context(self._open(self._meta))

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
        if self._holds_nothing():
            return
        reader, selection = self._selection()
        if len(selection):
            yield from self._read(reader, selection, window, self._names(columns))

    def series(self) -> list[Labels]:
        if self._holds_nothing():
            return []
        reader, selection = self._selection()
        numbers = np.arange(len(selection)) if self._request.traces is None else self._series_of_traces(reader, selection)
        return [labels or () for labels in selection.series.take(numbers).labels]

    def volumes(self, edges_ns: Ints) -> tuple[list[Labels], Ints, Ints]:
        if self._holds_nothing():
            nothing = np.zeros((0, len(edges_ns) - 1), np.int64)
            return [], nothing, nothing
        reader, selection = self._selection()
        counts = np.zeros((len(selection), len(edges_ns) - 1), np.int64)
        nbytes = selection.line_bytes + selection.metadata_bytes
        window = Window(int(edges_ns[0]), int(edges_ns[-1]))
        if self._request.traces is None and len(edges_ns) == 2 and window.covers(self.min_ns, self.max_ns):
            counts[:, 0] = selection.row_count
        else:
            for batch in self._read(reader, selection, window, frozenset()):
                buckets = np.searchsorted(edges_ns, batch.rows.column(TS).to_numpy(), side="right") - 1
                np.add.at(counts, (batch.rows.column(SERIES).to_numpy(), buckets), 1)
        shares = counts / np.maximum(selection.row_count, 1)[:, None]
        return [labels or () for labels in selection.series.labels], counts, np.rint(shares * nbytes[:, None]).astype(np.int64)

    def _read(self, reader: BlockReader, selection: SeriesSelection, window: Window, names: frozenset[str] | None) -> Iterator[Batch]:
        return reader.read(selection, window, names, traces=self._request.traces, row_groups=self._row_groups)

    def _series_of_traces(self, reader: BlockReader, selection: SeriesSelection) -> Ints:
        used = np.zeros(len(selection), bool)
        for batch in self._read(reader, selection, self._request.window, frozenset()):
            used[batch.rows.column(SERIES).to_numpy()] = True
        return np.flatnonzero(used)

    def _holds_nothing(self) -> bool:
        """Its index said so, and it was not opened."""
        return self._row_groups is not None and not len(self._row_groups)

    def _selection(self) -> tuple[BlockReader, SeriesSelection]:
        assert self._reader is not None, "prepare it first"
        if self._selected is None:
            self._selected = self._reader.series(self._request.matchers, self._request.window)
        return self._reader, self._selected

    def _names(self, columns: Columns) -> frozenset[str] | None:
        if columns == EVERYTHING:
            return None
        fixed = self._meta.signal.columns.names if columns.fixed is None else columns.fixed
        return frozenset([*fixed, *([*self._meta.dynamic_columns, REST] if columns.dynamic is None else columns.dynamic)])


async def _row_groups(index: TraceIndex, traces: TraceIds) -> RowGroups:
    return index.row_groups(traces) if len(traces) <= TRACES_IN_PASSING else await asyncio.to_thread(index.row_groups, traces)

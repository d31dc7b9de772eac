"""Blocks as a source of row sets: the catalogue tells which may matter, a block is fetched only when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

import numpy as np

from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader, SeriesSelection
from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import REST, SERIES, TS, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.source import EVERYTHING, Columns, Ints, Request, RowSet

OpenBlock = Callable[[BlockMeta], AbstractAsyncContextManager[BlockReader]]


class Catalog(Protocol):
    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        """Blocks that may hold rows of the window."""

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:
        """Parts whose rows are all in visible blocks."""

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]: ...


class BlockSource:
    def __init__(self, catalog: Catalog, open_block: OpenBlock) -> None:
        self._catalog = catalog
        self._open = open_block

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return await self._catalog.refresh(forgotten_age_ns, away)

    def pick(self, request: Request) -> tuple[list[RowSet], PartIds]:
        metas = self._catalog.blocks(request.tenant, request.signal, request.window)
        wanted: list[RowSet] = [BlockRows(meta, self._open, request) for meta in metas if _may_match(meta, request.matchers)]
        return wanted, self._catalog.stored(request.tenant, request.signal)


def _may_match(meta: BlockMeta, matchers: Matchers) -> bool:
    """Whether all labels that must not be empty occur in the block."""
    return all(matcher.matches_empty or matcher.name in meta.label_names for matcher in matchers)


class BlockRows:
    """The rows of one block that match a request. Prepare it before anything else is called."""

    unique = True

    def __init__(self, meta: BlockMeta, open_block: OpenBlock, request: Request) -> None:
        self._meta = meta
        self._open = open_block
        self._request = request
        self._reader: BlockReader | None = None
        self._selected: SeriesSelection | None = None
        self.min_ns, self.max_ns = meta.min_ns, meta.max_ns
        self.row_count = meta.row_count

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None:  # noqa: ARG002 # its files come whole
        self._reader = await stack.enter_async_context(self._open(self._meta))

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
        reader, selection = self._selection()
        if len(selection):
            yield from reader.read(selection, window, self._names(columns))

    def series(self) -> list[Labels]:
        _, selection = self._selection()
        return [one.labels or () for one in selection.series]

    def volumes(self, edges_ns: Ints) -> tuple[list[Labels], Ints, Ints]:
        reader, selection = self._selection()
        counts = np.zeros((len(selection), len(edges_ns) - 1), np.int64)
        nbytes = selection.line_bytes + selection.metadata_bytes
        if len(edges_ns) == 2 and Window(int(edges_ns[0]), int(edges_ns[1])).covers(self.min_ns, self.max_ns):
            counts[:, 0] = selection.row_count
        else:
            for batch in reader.read(selection, Window(int(edges_ns[0]), int(edges_ns[-1])), frozenset()):
                buckets = np.searchsorted(edges_ns, batch.rows.column(TS).to_numpy(), side="right") - 1
                np.add.at(counts, (batch.rows.column(SERIES).to_numpy(), buckets), 1)
        shares = counts / np.maximum(selection.row_count, 1)[:, None]
        return [one.labels or () for one in selection.series], counts, np.rint(shares * nbytes[:, None]).astype(np.int64)

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

"""Row sets over entries in memory, cut into heads and blocks as a test wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lgtm.ingester.head import Head
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.part import PartId
from lgtm.model.signal import LOGS, TS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.window import ALWAYS, Window
from lgtm.query.heads import head_row_sets
from lgtm.query.source import Columns, Ints, Request, RowSet
from support.rows import Entry, batch_of

EVERY = Request(DEFAULT_TENANT, LOGS, (), ALWAYS)


def head_of(groups: Sequence[Sequence[Entry]], generation: str = "g-1") -> Head:
    head = Head(LOGS, DEFAULT_TENANT, generation)
    for number, entries in enumerate(groups):
        if entries:
            head.add(batch_of(entries), PartId(generation.encode().ljust(16), 1, number))
    return head


def row_sets_of(groups: Sequence[Sequence[Entry]], request: Request = EVERY) -> list[RowSet]:
    """One row set for each group."""
    return head_row_sets(head_of(groups).snapshot(), request)


@dataclass
class Span:
    """A row set of which only its time range and size matter."""

    min_ns: int
    max_ns: int
    row_count: int
    unique: bool = True
    batches: list[Batch] = field(default_factory=list)

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None: ...

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]:
        for batch in self.batches:
            ts = batch.rows.column(TS).to_numpy()
            mask = (ts >= window.start_ns) & (ts < window.end_ns)
            yield Batch(batch.signal, batch.tenant, batch.series, batch.rows.filter(pa.array(mask)))

    def series(self) -> Sequence[Labels]:
        return ()

    def volumes(self, edges_ns: Ints) -> tuple[Sequence[Labels], Ints, Ints]:
        return (), np.empty((0, 0), np.int64), np.empty((0, 0), np.int64)

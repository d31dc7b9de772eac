"""What the query side needs of those who hold rows: row sets that can be read, column by column, without knowing where they lie.

A row set is what one head run or one block holds for a request: immutable, with a known time range, so that the planner can tell which row sets can
hold copies of the same record and which cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import REST, SERIES, TS, Signal
from lgtm.model.tenant import Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import Window

FOREVER_NS = 2**62
"""An age that is longer than anything was."""
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(slots=True, frozen=True)
class Columns:
    """Columns to read beside `series` and `ts`: fixed ones of the signal and dynamic ones, by name; None means all. `rest` is read whenever any
    dynamic column is, for it may hold any of them."""

    fixed: frozenset[str] | None
    dynamic: frozenset[str] | None

    def wants(self, name: str, signal: Signal) -> bool:
        if name in (SERIES, TS):
            return True
        if name in signal.columns.names:
            return self.fixed is None or name in self.fixed
        return self.dynamic is None or (bool(self.dynamic) if name == REST else name in self.dynamic)

    def within(self, other: Columns) -> bool:
        """Whether all that this one wants is read with the other, too."""
        return _within(self.fixed, other.fixed) and _within(self.dynamic, other.dynamic)


def _within(wanted: frozenset[str] | None, read: frozenset[str] | None) -> bool:
    return read is None or (wanted is not None and wanted <= read)


KEYS = Columns(frozenset(), frozenset())
EVERYTHING = Columns(None, None)


@dataclass(slots=True, frozen=True)
class Request:
    """Rows wanted. An empty tuple of matchers wants every series, traces of None rows of every trace or none.

    Raises ValueError for traces of a signal whose rows have no trace id."""

    tenant: Tenant
    signal: Signal
    matchers: Matchers
    window: Window
    traces: TraceIds | None = None

    def __post_init__(self) -> None:
        if self.traces is not None and not self.signal.has_traces:
            raise ValueError(f"{self.signal} have no trace ids")


class RowSet(Protocol):
    """Rows of the series that match a request. `read` blocks (call it on a thread) and yields the same rows in the same order each time."""

    @property
    def min_ns(self) -> int: ...

    @property
    def max_ns(self) -> int:
        """Time range of its rows, both ends included; may be wider than what `read` yields."""

    @property
    def row_count(self) -> int:
        """Upper bound of what `read` yields."""

    @property
    def unique(self) -> bool:
        """Whether no record is in it twice."""

    async def prepare(self, stack: AsyncExitStack, window: Window, columns: Columns) -> None:
        """Fetches and pins what `read`, `series` and `volumes` need for as long as the stack lasts. window, columns: what will be read, most
        likely; other reads are right too, but may take longer."""

    def read(self, window: Window, columns: Columns) -> Iterator[Batch]: ...

    def series(self) -> Sequence[Labels]:
        """Label sets of matching series whose time range touches the request's window. Blocks."""

    def volumes(self, edges_ns: Ints) -> tuple[Sequence[Labels], Ints, Ints]:
        """Per matching series and bucket `[edges_ns[i], edges_ns[i + 1])` the rows and their bytes of lines and metadata values,
        as series × buckets; exact for rows, an estimate for bytes. Blocks."""


class RowsMoved(Unavailable):
    """Rows that a holder had when it was asked are not there any more when they are read: it went away, or they are in blocks by now. Ask again."""

    def __init__(self, holder: str, reason: str) -> None:
        self.holder, self.reason = holder, reason

    def __str__(self) -> str:
        return f"instance {self.holder} went away while it was being read: {self.reason}"


class Held(Protocol):
    """What one ingester has in memory for a request at one moment."""

    @property
    def parts(self) -> PartIds: ...

    @property
    def forgotten_age_ns(self) -> int:
        """How long ago all rows that it had once and has no more were in blocks: a list of blocks that is older may lack them."""

    @property
    def lost_to(self) -> frozenset[str]:
        """Ids of those who may hold alone what it acknowledged and may have lost since, because its log was damaged."""

    def row_sets(self, taken: PartIds) -> Sequence[RowSet]:
        """Its rows, in order of arrival, without those of the parts in `taken`, which another place gives."""


class Holder(Protocol):
    """An ingester, in this process or on another node."""

    @property
    def id(self) -> str: ...

    async def held(self, request: Request) -> Held:
        """Raises Unavailable when it cannot say: it is away, or not ready to. That is never an empty answer."""


class Stored(Protocol):
    """The blocks."""

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        """Called after the holders answered and before `pick`: the list of blocks must be newer than what any of them has forgotten, and than the
        departure of those who are away. Returns warnings when it cannot be made so."""

    def pick(self, request: Request) -> tuple[Sequence[RowSet], PartIds]:
        """Row sets of the blocks that may matter, and the parts that all visible blocks of the tenant hold, both of one moment.

        Raises Unavailable."""

    async def sift(self, picked: Sequence[RowSet]) -> Sequence[RowSet]:
        """Those row sets of a pick that may hold rows of their request's traces, found out without fetching rows. Raises Unavailable."""

"""A generation: a run of consecutive log segments together with the heads built from them, cut and flushed as one.

    open ──cut──▶ sealed ──last append in flight done──▶ drained ──my parts in blocks──▶ published ──the others' too──▶ stored ──▶ segments deleted

Of the two nodes that hold a part only its primary brings it into a block; the other waits until it has read of a block that covers it. A stored
generation stays in memory for a while, until everybody who asks must have seen the blocks.

A generation begins at a segment boundary, and its first record there (KIND_GENERATION) says so. Replay therefore makes exactly the generations
that the process before it had, and flushes them under the same block names: a crash between two publishes leaves nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from lgtm.ingester.head import Head
from lgtm.model.part import Part, PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.spans import Mask, PartSpans
from lgtm.model.tenant import Tenant


@dataclass(slots=True)
class Generation:
    """number is that of the first segment, where its records begin: unique in the life of a log directory, and rising."""

    wal_id: str
    number: int
    opened_ns: int
    """Monotonic."""
    last_append_ns: int = 0
    """Monotonic."""
    heads: dict[tuple[Tenant, str], Head] = field(default_factory=dict)
    part_ids: dict[tuple[Tenant, str], PartIds] = field(default_factory=dict)
    appends_in_flight: int = 0
    sealed: bool = False
    sealed_ns: int = 0
    """Monotonic."""
    stored_ns: int | None = None
    """Monotonic; when all its parts were in verified blocks. Its log segments are not needed since then."""
    published: bool = False
    """Whether the parts that this node is the primary of are in verified blocks."""
    hurried: bool = False
    """Whether what others should bring into blocks is to be flushed here without waiting for them."""
    spilled_rows: int = 0
    """Rows whose second home is a spilled object."""
    single_copy_rows: int = 0
    """Rows that were acknowledged with no second home anywhere."""
    marked: asyncio.Future[int] | None = None
    """Done once the record that opens the generation is synced. None for a replayed one: its record was read."""
    _drained: asyncio.Event = field(default_factory=asyncio.Event)
    _uncovered: PartIds | None = None

    @property
    def id(self) -> str:
        return f"{self.wal_id}-{self.number}"

    @property
    def nbytes(self) -> int:
        return sum(head.nbytes for head in self.heads.values())

    @property
    def row_count(self) -> int:
        return sum(head.row_count for head in self.heads.values())

    def head(self, tenant: Tenant, signal: Signal) -> Head:
        key = (tenant, signal.name)
        if key not in self.heads:
            self.heads[key] = Head(signal, tenant, self.id)
            self.part_ids[key] = PartIds()
        return self.heads[key]

    def add(self, part: Part, *, primary: bool = True) -> None:
        """primary: whether it falls to this node to bring the part into a block."""
        head = self.head(part.batch.tenant, part.batch.signal)
        head.add(part.batch, part.id, primary=primary)
        self.part_ids[part.batch.tenant, part.batch.signal.name].add(part.id)

    def holds(self, part: Part) -> bool:
        ids = self.part_ids.get((part.batch.tenant, part.batch.signal.name))
        return ids is not None and part.id in ids

    def has(self, part_id: PartId) -> bool:
        return any(part_id in ids for ids in self.part_ids.values())

    def is_alone(self, homes: int, rows: int) -> None:
        """No other node has these rows of it. homes 2: the object store has a copy."""
        if homes > 1:
            self.spilled_rows += rows
        else:
            self.single_copy_rows += rows

    def primaries(self) -> PartIds:
        """Parts that it falls to this node to bring into blocks."""
        return self._ids(lambda parts: parts.primary)

    def uncovered(self) -> PartIds:
        """Parts that are in no block that is known. Of a drained generation."""
        if self._uncovered is None:
            self._uncovered = PartIds()
            for ids in self.part_ids.values():
                self._uncovered.update(ids)
        return self._uncovered

    def cover(self, parts: PartIds) -> None:
        """These parts, perhaps of others too, are in verified blocks."""
        if left := self.uncovered():
            self._uncovered = left.without(parts)

    def _ids(self, chosen: Callable[[PartSpans], Mask]) -> PartIds:
        found = PartIds()
        for head in self.heads.values():
            for run in head.snapshot().runs:
                found.update(run.parts.ids(chosen(run.parts)))
        return found

    def seal(self, now_ns: int = 0) -> None:
        """No append begins after this; those in flight still end here. now_ns: monotonic."""
        self.sealed, self.sealed_ns = True, now_ns
        self._drain_if_done()

    def append_begins(self) -> None:
        assert not self.sealed, "an append began in a sealed generation"
        self.appends_in_flight += 1

    def append_ends(self) -> None:
        self.appends_in_flight -= 1
        self._drain_if_done()

    async def drained(self) -> None:
        """Returns once the generation is sealed and its last append has ended: from then on it does not change."""
        await self._drained.wait()

    def _drain_if_done(self) -> None:
        if self.sealed and self.appends_in_flight == 0:
            self._drained.set()

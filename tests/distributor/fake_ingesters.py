"""An ingester that keeps parts in a dict, answers when it is told to, and knows the labels it was sent in its generation."""

from __future__ import annotations

import asyncio

from distributor.pushes import StoredEntry, entries_of
from lgtm.model.labels import Fingerprint, Labels
from lgtm.model.part import Appended, Part, PartId, UnknownSeries
from lgtm.model.tenant import Tenant
from lgtm.wire.part import decode_part


class FakeIngester:
    def __init__(self, ingester_id: str = "a") -> None:
        self.id = ingester_id
        self.generation = 1
        self.calls: list[Part] = []
        self.parts: dict[PartId, Part] = {}
        self.spilled: set[PartId] = set()
        self.store_is_there = True
        self.times_stored = 0
        self.failures: list[Exception] = []
        """Raised by the next appends, one each."""
        self.open = asyncio.Event()
        """Appends answer while it is set."""
        self.open.set()
        self._labels: dict[tuple[Tenant, Fingerprint], Labels] = {}
        self._entries: dict[PartId, list[StoredEntry]] = {}

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:
        self.calls.append(part)
        await asyncio.sleep(0)
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        sent = decode_part(payload)
        assert (sent.id, sent.owners, sent.batch.series) == (part.id, part.owners, part.batch.series), "other bytes than the part"
        assert sent.batch.rows.equals(part.batch.rows)
        if spill:
            await self.spill(part)
        if part.id in self.parts:
            return Appended(self.generation, homes=1 + (part.id in self.spilled))
        batch = part.batch
        batch.rows.validate(full=True)
        assert batch.rows.num_rows, "an empty part"
        missing = tuple(s.fingerprint for s in batch.series if s.labels is None and (batch.tenant, s.fingerprint) not in self._labels)
        if missing:
            raise UnknownSeries(missing, self.generation)
        self._labels.update({(batch.tenant, s.fingerprint): s.labels for s in batch.series if s.labels is not None})
        self.parts[part.id] = part
        self.times_stored += 1
        self._entries[part.id] = entries_of([self._labels[batch.tenant, s.fingerprint] for s in batch.series], batch.rows)
        return Appended(self.generation, homes=1 + (part.id in self.spilled))

    async def spill(self, part: Part) -> None:
        if self.store_is_there:
            self.spilled.add(part.id)

    def cut(self) -> None:
        """Begins a generation, which knows no labels."""
        self.generation += 1
        self._labels.clear()

    def entries(self) -> list[StoredEntry]:
        """Everything stored, in order of the parts."""
        return [entry for part_id in sorted(self._entries) for entry in self._entries[part_id]]

    def sent_labels(self) -> list[int]:
        """Of each call, how many series came with labels."""
        return [sum(series.labels is not None for series in part.batch.series) for part in self.calls]

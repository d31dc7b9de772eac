"""Followers of a tenant's new rows. A follower that is slow loses rows, and is told how many, rather than holding memory or the writers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant

BUFFERED_BATCHES_MAX = 64


class Follower:
    """Use as a context manager; `next` waits for batches that were acknowledged after it was entered."""

    def __init__(self, tails: Tails, tenant: Tenant, signal: Signal) -> None:
        self._tails = tails
        self._key = (tenant, signal.name)
        self._batches: deque[tuple[PartId, Batch]] = deque()
        self._arrived = asyncio.Event()
        self.dropped_rows = 0

    def __enter__(self) -> Follower:
        self._tails.followers.setdefault(self._key, set()).add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        followers = self._tails.followers[self._key]
        followers.discard(self)
        if not followers:
            del self._tails.followers[self._key]

    async def next(self) -> Batch:
        return (await self.next_part())[1]

    async def next_part(self) -> tuple[PartId, Batch]:
        """With the part's id, by which its copy on another node is recognised."""
        while not self._batches:
            self._arrived.clear()
            await self._arrived.wait()
        return self._batches.popleft()

    def take_dropped(self) -> int:
        """How many rows were dropped since the last call."""
        dropped, self.dropped_rows = self.dropped_rows, 0
        return dropped

    def offer(self, part_id: PartId, batch: Batch) -> None:
        if len(self._batches) >= BUFFERED_BATCHES_MAX:
            self.dropped_rows += len(batch)
            return
        self._batches.append((part_id, batch))
        self._arrived.set()


class Tails:
    """taps: called with each part of a signal once it is acknowledged, whichever tenant it is of, with labels on every series. They must not wait."""

    def __init__(self) -> None:
        self.followers: dict[tuple[Tenant, str], set[Follower]] = {}
        self.taps: dict[str, list[Callable[[Part], None]]] = {}

    def follow(self, tenant: Tenant, signal: Signal) -> Follower:
        return Follower(self, tenant, signal)

    def publish(self, part_id: PartId, batch: Batch, owners: tuple[str, ...] = ()) -> None:
        """Called for each part once it is acknowledged, with labels on every series."""
        for follower in self.followers.get((batch.tenant, batch.signal.name), ()):
            follower.offer(part_id, batch)
        for tap in self.taps.get(batch.signal.name, ()):
            tap(Part(part_id, owners, batch))

    def wanted(self, tenant: Tenant, signal: Signal) -> bool:
        return (tenant, signal.name) in self.followers or signal.name in self.taps

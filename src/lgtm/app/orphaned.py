"""Spilled objects as this node sees them: who has rows in them, and the adoption of those whose node does not come back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from lgtm.app.standing import Standing
from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import Unavailable
from lgtm.ingester.adopt import adopt, take_back
from lgtm.ingester.ingester import Ingester
from lgtm.ingester.spill import PREFIX, wal_id_of
from lgtm.model.part import Part
from lgtm.storage.objects import ObjectStore
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

ADOPT_INTERVAL_S = 20.0
LOADED_CHECK_S, TAKE_BACK_RETRY_S = 0.1, 1.0
ADOPT_AFTER_S = 60.0
"""A node that is away for less time is expected back, with its own log."""


async def spilled_by(store: ObjectStore, id_characters: int) -> frozenset[str]:
    """Which instances have rows in spilled objects, this node among them: it may be unable to say what it holds, too. Raises Unavailable."""
    return frozenset([wal_id_of(info.key)[:id_characters] async for info in store.list(f"{PREFIX}/")])


class Orphaned:
    """wal_id: of this node's log. is_stored: whether a part is in visible blocks, once is_loaded says that they are known."""

    def __init__(
        self,
        store: ObjectStore,
        ingester: Ingester,
        standing: Standing,
        is_stored: Callable[[Part], bool],
        clock: Clock,
        *,
        wal_id: str,
        is_loaded: Callable[[], bool],
    ) -> None:
        self._store, self._ingester, self._standing, self._is_stored, self._clock = store, ingester, standing, is_stored, clock
        self._wal_id, self._is_loaded = wal_id, is_loaded
        self.is_resolved = False
        """Whether this node knows what it holds: before, rows that it acknowledged may be in spilled objects of its own and, after damage, nowhere
        else."""

    async def run(self) -> None:
        """Takes back what is this node's own, then adopts what nobody else will bring into blocks, for ever."""
        while not self.is_resolved:
            await self._take_back()
        while True:
            await self._clock.sleep(ADOPT_INTERVAL_S)
            try:
                done = await adopt(self._store, is_gone=self._is_gone, is_stored=self._is_stored, append=self._adopt)
                if done.adopted_parts:
                    self._ingester.hurry()  # as long as the objects are there, answers say that rows may be missing
            except Unavailable as error:
                event(logger, logging.WARNING, "spilled objects cannot be looked at", error=str(error))

    async def _take_back(self) -> None:
        if not self._is_loaded():
            await self._clock.sleep(LOADED_CHECK_S)
            return
        try:
            await take_back(self._store, self._wal_id, is_stored=self._is_stored, append=self._adopt)
            self.is_resolved = True
        except Unavailable as error:
            event(logger, logging.WARNING, "spilled objects of this node cannot be looked at, will be tried again", error=str(error))
            await self._clock.sleep(TAKE_BACK_RETRY_S)

    async def _adopt(self, part: Part) -> None:
        await self._ingester.append(replace(part, owners=(self._ingester.id,)))

    def _is_gone(self, wal_id: str, generation: int) -> bool:
        """Whether the node with this log will not bring the generation into blocks itself."""
        if wal_id == self._wal_id:
            return not self._ingester.is_unstored(generation)
        since_ns = self._standing.gone_since_ns(self._instance(wal_id))
        return since_ns is not None and self._clock.monotonic_ns() - since_ns > ADOPT_AFTER_S * NS_PER_S

    def _instance(self, wal_id: str) -> str:
        return wal_id[: len(self._ingester.id)]

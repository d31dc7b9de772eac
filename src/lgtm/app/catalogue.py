"""The list of blocks as queries need it: none before it was read once, and as new as the answers of the other nodes demand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from lgtm.blocks.lineage import stored_parts
from lgtm.blocks.meta import BlockMeta
from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import Unavailable
from lgtm.model.part import Part
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.storage.catalog import Catalog
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

REFRESH_S_MAX = 5.0
"""How long a query waits for the list to be read anew."""
FIRST_RETRY_S = 1.0


class CatalogueNotLoaded(Unavailable):
    """Blocks may exist that this node has not heard of yet, so any answer could lack rows."""

    def __str__(self) -> str:
        return "the list of blocks has not been read from the object store yet; retry shortly"


async def _nobody() -> frozenset[str]:
    return frozenset()


class LoadedCatalog:
    """The catalogue for queries: it refuses until it has been read once, because an answer without the blocks would be wrong."""

    def __init__(self, catalog: Catalog, clock: Clock, poll_interval_s: float) -> None:
        self.catalog = catalog
        self.is_loaded = False
        self._clock, self._poll_interval_s = clock, poll_interval_s
        self._read_ns = 0
        """When the last poll that succeeded began (monotonic): the list has all that was published before."""
        self.look_for_spilled: Callable[[], Awaitable[frozenset[str]]] = _nobody
        """Finds out which instances have rows in spilled objects. Raises Unavailable."""
        self.spilled_by: frozenset[str] = frozenset()
        """What was found just before the list was read that is in use. Spilled objects go when blocks have their rows, so a look that is newer
        than the list would hide rows that neither has."""
        self._polling = asyncio.Lock()
        self._away_since_ns: dict[str, int] = {}
        self._stored: dict[tuple[Tenant, str], tuple[tuple[BlockMeta, ...], PartIds]] = {}

    async def run(self) -> None:
        """Polls for ever."""
        while True:
            try:
                await self.poll()
            except Unavailable as error:
                event(logger, logging.WARNING, "cannot list blocks", error=str(error))
            await self._clock.sleep(self._poll_interval_s if self.is_loaded else FIRST_RETRY_S)

    async def poll(self) -> None:
        """Raises StoreUnavailable."""
        async with self._polling:
            await self._poll()

    async def _poll(self) -> None:
        began_ns = self._clock.monotonic_ns()
        spilled_by = await self.look_for_spilled()
        await self.catalog.poll()
        self.spilled_by, self._read_ns, self.is_loaded = spilled_by, began_ns, True

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        """Makes sure that the list has what other nodes do not have in memory any more, or says in a warning that it may not.

        forgotten_age_ns: how long ago it was that the node which did so last brought rows into blocks and forgot them. away: those who could not be
        asked; what they flushed before they went is in the list once it was read after that. Whoever is merely silent may be acknowledging rows
        this very moment, with the store as their second home, and bring them into blocks: then only a list that was read after the question will do.
        """
        now_ns = self._clock.monotonic_ns()
        self._away_since_ns = {each: self._away_since_ns.get(each, now_ns) for each in away}
        is_silent = any(not getattr(error, "refused", False) for error in away.values())
        needed_ns = now_ns if is_silent else max(now_ns - forgotten_age_ns, *self._away_since_ns.values(), 0)
        if self._read_ns >= needed_ns:
            return ()
        try:
            async with asyncio.timeout(REFRESH_S_MAX), self._polling:
                if self._read_ns < needed_ns:  # else it was read while this question waited
                    await self._poll()
        except (Unavailable, TimeoutError) as error:
            age_s = (self._clock.monotonic_ns() - self._read_ns) / NS_PER_S
            reason = str(error) or f"no answer within {REFRESH_S_MAX:g} s"
            return (
                f"partial: the object store cannot be looked at (last {age_s:.0f} s ago), so what others have put there may be missing: {reason}",
            )
        return ()

    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        if not self.is_loaded:
            raise CatalogueNotLoaded
        return self.catalog.blocks(tenant, signal, window)

    def has(self, part: Part) -> bool:
        """Whether the part is in visible blocks."""
        return self.is_loaded and part.id in self.stored(part.batch.tenant, part.batch.signal)

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:
        """Parts whose rows are all in visible blocks. Computed when the blocks have changed."""
        blocks = self.catalog.snapshot().of(tenant, signal).blocks
        known = self._stored.get((tenant, signal.name))
        if known is None or known[0] is not blocks:
            parts = PartIds((part.writer, part.epoch, part.first, part.last) for part in stored_parts(blocks))
            known = self._stored[tenant, signal.name] = (blocks, parts)
        return known[1]

    def warnings(self, tenant: Tenant, signal: Signal) -> tuple[str, ...]:
        """One for each block whose meta cannot be read: nobody knows which times it covers, so any answer may lack its rows."""
        damaged = self.catalog.snapshot().of(tenant, signal).damaged
        return tuple(f"block {path} is damaged; the answer may lack its rows" for path in damaged)

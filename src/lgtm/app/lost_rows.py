"""Rows that this node acknowledged and may have lost since, because its log was damaged: who else holds them, until they are in blocks.

Each has its second home on another node, which one nobody knows. So all others are asked to bring into blocks what they hold, and as long as one has
not done so an answer without it may lack rows. That is remembered on disk: what is left of the log is flushed, its segments go, and no later start
finds anything wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from lgtm.clock import Clock
from lgtm.errors import LgtmError
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

RETRY_S = 2.0


def recall(path: Path, *, has_lost: bool) -> bool:
    """Whether rows may be lost, now or in an earlier life, and others still have to bring them into blocks. Remembers it, durable on return.

    Call it before anything of the log is flushed. has_lost: what this start says of its log.
    """
    if not has_lost:
        return path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        _sync_directory(path.parent)
    except OSError as error:
        # Known for this life at least; not to start would keep what is left from everybody.
        event(logger, logging.ERROR, "that rows may be lost cannot be remembered", path=str(path), error=str(error))
    return True


class LostRows:
    """path: as given to `recall`, whose answer is `are_missed`. others: ids of everybody else who may hold rows. flush: asks one of them to bring
    everything it holds into blocks, and returns when that is done. found: called after it has."""

    def __init__(
        self,
        path: Path,
        *,
        are_missed: bool,
        others: Callable[[], Collection[str]],
        flush: Callable[[str], Awaitable[None]],
        found: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._path, self._are_missed = path, are_missed
        self._others, self._flush, self._found, self._clock = others, flush, found, clock
        self._flushed: set[str] = set()

    def holders(self) -> frozenset[str]:
        """Who may hold them and nobody else does, not even a block."""
        return frozenset(self._others()) - self._flushed if self._are_missed else frozenset()

    async def run(self) -> None:
        """Until all of them are in blocks."""
        while self._are_missed:
            await asyncio.gather(*(self._ask(each) for each in sorted(self.holders())))
            # Nobody met yet is not everybody asked.
            if self._flushed and not self.holders():
                self._are_missed = False
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)
                event(logger, logging.INFO, "what the log here may have lost is in blocks, as far as others had it", asked=sorted(self._flushed))
            else:
                await self._clock.sleep(RETRY_S)

    async def _ask(self, instance_id: str) -> None:
        try:
            await self._flush(instance_id)
            await self._found()
        except LgtmError as error:
            event(logger, logging.WARNING, "cannot have another node flush what the log here may have lost, will be tried again",
                  instance=instance_id, error=str(error))  # fmt: skip
        else:
            self._flushed.add(instance_id)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

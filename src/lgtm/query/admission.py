"""How many queries of a tenant run at once: some run, some wait their turn, one more is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lgtm.errors import LgtmError, LimitExceeded
from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant


class TooManyQueries(LimitExceeded):
    """Running and waiting queries of the tenant are at their limits."""

    retry_after_s = 1.0

    def __str__(self) -> str:
        return "too many outstanding requests"


class QueryTimeout(LgtmError):
    """The query ran past its deadline."""

    def __str__(self) -> str:
        return (
            "request timed out, decrease the duration of the request or add more label matchers (prefer exact match over regex match) "
            "to reduce the amount of data processed"
        )


@dataclass(slots=True)
class _Lane:
    running: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Admission:
    def __init__(self) -> None:
        self._lanes: dict[Tenant, _Lane] = {}

    @property
    def running(self) -> int:
        return sum(lane.running for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @asynccontextmanager
    async def turn(self, tenant: Tenant, limits: Limits) -> AsyncIterator[float]:
        """Waits for a place, first come first served, and gives the seconds waited. Raises TooManyQueries at once, QueryTimeout past the deadline."""
        began = time.monotonic()
        lane = self._lanes.setdefault(tenant, _Lane())
        try:
            async with asyncio.timeout(limits.query_timeout_ns / 1e9 or None):
                await _enter(lane, limits)
                try:
                    yield time.monotonic() - began
                finally:
                    _leave(lane)
        except TimeoutError as error:
            raise QueryTimeout from error
        finally:
            if not lane.running and not lane.waiting:
                self._lanes.pop(tenant, None)


async def _enter(lane: _Lane, limits: Limits) -> None:
    if not limits.max_concurrent_queries or lane.running < limits.max_concurrent_queries:
        lane.running += 1
        return
    if len(lane.waiting) >= limits.max_queued_queries:
        raise TooManyQueries
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    lane.waiting.append(turn)
    try:
        await turn
    except BaseException:
        if turn.done() and not turn.cancelled():
            _leave(lane)  # the place was given just as the waiter went away
        elif turn in lane.waiting:
            lane.waiting.remove(turn)
        raise


def _leave(lane: _Lane) -> None:
    while lane.waiting:
        turn = lane.waiting.pop(0)
        if not turn.done():
            turn.set_result(None)
            return
    lane.running -= 1

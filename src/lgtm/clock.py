"""Time as an argument: whoever needs the time or wants to wait is handed a `Clock`.

`SystemClock` is the real one; tests own a `ManualClock`, whose time moves only when told, so that an idle hour costs a microsecond.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Wall time in ns since the epoch (may jump), monotonic time in ns (never does), and waiting."""

    def now_ns(self) -> int: ...

    def monotonic_ns(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance` is called. Sleepers wake in order of their deadlines."""

    def __init__(self, now_ns: int = 1_700_000_000 * NS_PER_S) -> None:
        self._now_ns = now_ns
        self._monotonic_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic_ns + int(seconds * NS_PER_S), next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Moves both times on, waking each sleeper at its own deadline and letting it run before time goes further."""
        end_ns = self._monotonic_ns + int(seconds * NS_PER_S)
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end_ns:
            deadline_ns, _, future = heapq.heappop(self._sleepers)
            self._step_to(deadline_ns)
            if not future.done():
                future.set_result(None)
            await _settle()
        self._step_to(end_ns)
        await _settle()

    def jump(self, seconds: float) -> None:
        """Changes the wall time only, as an operator or NTP would."""
        self._now_ns += int(seconds * NS_PER_S)

    def _step_to(self, monotonic_ns: int) -> None:
        self._now_ns += monotonic_ns - self._monotonic_ns
        self._monotonic_ns = monotonic_ns


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)

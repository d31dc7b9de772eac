"""Requests that arrive together are worked on one after the other, with a look at the sockets and timers in between.

An event loop runs everything that is ready before it looks at anything else: four requests that take 30 ms each hold up a ping, a timer or a query
for 120 ms, though none of them takes long.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Of one event loop."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Returns when nobody else has a turn in this round of the loop, in the order of the calls."""
        loop = asyncio.get_running_loop()
        if self._taken:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._next()  # it was given to somebody who does not want it any more
                raise
        self._taken = True
        loop.call_soon(self._next)

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False

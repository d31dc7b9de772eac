"""Loops that run as long as the node does. One that fails is a bug, and ends the process: a node that does not flush, or gossip, is no node."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)

EXIT_BUG = 70
Loop = Callable[[], Coroutine[None, None, None]]


@asynccontextmanager
async def background(*loops: Loop) -> AsyncIterator[None]:
    """Runs the loops until the context ends."""
    tasks = [start(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def start(loop: Loop) -> asyncio.Task[None]:
    """Somebody cancels it and waits for it in the end."""
    task = asyncio.ensure_future(loop())
    task.add_done_callback(_die_of)
    return task


def _die_of(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("a background task failed; ending the process, the log keeps what was acknowledged", exc_info=error)
        os._exit(EXIT_BUG)

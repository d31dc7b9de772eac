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
Die = Callable[[BaseException], None]


def end_process(error: BaseException) -> None:  # noqa: ARG001 # it was reported; a simulation wants to know it
    os._exit(EXIT_BUG)


@asynccontextmanager
async def background(*loops: Loop, die: Die = end_process) -> AsyncIterator[None]:
    """Runs the loops until the context ends."""
    tasks = [start(loop, die) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def start(loop: Loop, die: Die = end_process) -> asyncio.Task[None]:
    """Somebody cancels it and waits for it in the end."""
    task = asyncio.ensure_future(loop())
    task.add_done_callback(lambda ended: _die_of(ended, die))
    return task


def _die_of(task: asyncio.Task[None], die: Die) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("a background task failed; ending the process, the log keeps what was acknowledged", exc_info=error)
        die(error)

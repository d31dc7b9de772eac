"""Where the texts of queries are read: short ones at once, long ones in a thread, so that nobody else is kept waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

INLINE_LENGTH_MAX = 1_024
"""Characters. PromQL, LogQL and TraceQL take 2 to 8 ms for as many (dense ones: a token every two characters); queries of dashboards are shorter."""

T = TypeVar("T")


class TextReader:
    """One thread: a long text keeps the interpreter busy, and two at a time would only take turns. Close it to end the thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def read(self, length: int, work: Callable[[], T]) -> T:
        """What the work makes of texts that are so long together. Raises what it raises."""
        if length <= INLINE_LENGTH_MAX:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

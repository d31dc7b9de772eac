"""Where the blocking half of the log runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol


class Executor(Protocol):
    """Runs functions one after the other, never two at once."""

    def submit(self, function: Callable[[], None]) -> object: ...

    def shutdown(self) -> None: ...


class ThreadExecutor:
    """One thread of its own: a sync may take seconds on a bad day, and must not take a thread from a shared pool for that long."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wal")

    def submit(self, function: Callable[[], None]) -> object:
        return self._pool.submit(function)

    def shutdown(self) -> None:
        self._pool.shutdown(wait=False)

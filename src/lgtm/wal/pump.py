"""Between the event loop and the writer's thread: a queue that the thread takes whole, and one wake-up of the loop for each sync.

The thread goes on by itself while there is something to take, so that the next sync starts as soon as the previous one ends, however busy the
loop is.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lgtm.errors import LgtmError
from lgtm.wal.errors import DiskFull, LogFailed
from lgtm.wal.executor import Executor
from lgtm.wal.writer import Entry, Writer

_T = TypeVar("_T")


@dataclass(slots=True, frozen=True, eq=False)
class Append:
    segment: int
    entry: Entry
    future: asyncio.Future[int]
    """Its lsn, once it is durable."""


@dataclass(slots=True, frozen=True, eq=False)
class Call:
    """Something else for the writer's thread to do, in order with the appends."""

    function: Callable[[], Any]
    future: asyncio.Future[Any]


class Pump:
    """settled(appends): called on the loop when they are durable or refused, before their futures are done. failed(error): called there once, before
    the futures of everything that waits get `error`; after it nothing may be put any more."""

    def __init__(self, writer: Writer, executor: Executor, settled: Callable[[Sequence[Append]], None], failed: Callable[[LogFailed], None]) -> None:
        self._writer, self._executor, self._settled, self._failed = writer, executor, settled, failed
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._queue: list[Append | Call] = []  # under _lock, as is _is_draining
        self._is_draining = False

    def put(self, item: Append | Call) -> None:
        with self._lock:
            self._queue.append(item)
            if self._is_draining:
                return
            self._is_draining = True
        self._executor.submit(self._drain)

    def call(self, function: Callable[[], _T]) -> asyncio.Future[_T]:
        future: asyncio.Future[_T] = self._loop.create_future()
        self.put(Call(function, future))
        return future

    # --- on the writer's thread

    def _drain(self) -> None:
        while items := self._take():
            groups = _groups(items)
            for index, group in enumerate(groups):
                try:
                    self._do(group)
                except DiskFull as error:
                    self._post(self._refuse, group, error)
                except Exception as error:  # whatever it is: nothing that follows may be acknowledged, and nobody may wait for ever
                    # _is_draining stays set, so that nothing starts this again.
                    self._post(self._fail, LogFailed(f"{type(error).__name__}: {error}"), [item for rest in groups[index:] for item in rest])
                    return

    def _take(self) -> list[Append | Call]:
        with self._lock:
            items, self._queue = self._queue, []
            self._is_draining = bool(items)
            return items

    def _do(self, group: Sequence[Append | Call]) -> None:
        appends = _appends(group)
        if not appends:
            for call in _calls(group):
                self._post(_resolve, call.future, call.function())
            return
        first_lsn = self._writer.commit(appends[0].segment, [append.entry for append in appends])
        self._post(self._acknowledge, appends, first_lsn)
        if self._writer.is_half_full:
            self._writer.prepare_next()

    def _post(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    # --- on the event loop

    def _acknowledge(self, appends: Sequence[Append], first_lsn: int) -> None:
        self._settled(appends)
        for lsn, append in enumerate(appends, first_lsn):
            _resolve(append.future, lsn)

    def _refuse(self, items: Sequence[Append | Call], error: LgtmError) -> None:
        self._settled(_appends(items))
        for item in items:
            if not item.future.done():
                item.future.set_exception(type(error)(*error.args))  # one each: a raised exception collects tracebacks

    def _fail(self, error: LogFailed, items: Sequence[Append | Call]) -> None:
        self._failed(error)
        with self._lock:
            late, self._queue = self._queue, []
        self._refuse([*items, *late], error)


def _groups(items: Sequence[Append | Call]) -> list[list[Append | Call]]:
    """Appends that one sync can cover: neighbours in one segment. A call stands alone."""
    groups: list[list[Append | Call]] = []
    for item in items:
        last = groups[-1][-1] if groups else None
        if isinstance(item, Append) and isinstance(last, Append) and last.segment == item.segment:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _appends(items: Sequence[Append | Call]) -> list[Append]:
    return [item for item in items if isinstance(item, Append)]


def _calls(items: Sequence[Append | Call]) -> list[Call]:
    return [item for item in items if isinstance(item, Call)]


def _resolve(future: asyncio.Future[_T], result: _T) -> None:
    if not future.done():  # its caller was cancelled
        future.set_result(result)

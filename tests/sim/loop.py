"""An event loop whose time is virtual and whose tasks belong to hosts: a host that is killed never runs another line, one that is paused runs none
until it goes on.

Nothing here waits: when nothing is left to do now, time jumps to the next timer. What belongs to a host is known by a context variable, which tasks,
callbacks and threads inherit from whoever made them.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

MAX_IDLE_S = 3_600.0


class HostState(enum.Enum):
    RUNNING = "running"
    PAUSED = "paused"
    DEAD = "dead"


@dataclass(eq=False)
class Process:
    """One life of a node. held: what it would have run while it was paused. tasks: kept, for a task that is collected would run its `finally`."""

    name: str
    state: HostState = HostState.RUNNING
    held: list[Any] = field(default_factory=list)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = contextvars.copy_context()
        self.context.run(PROCESS.set, self)


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Deadlock(Exception):
    """Nothing is left to happen, and somebody waits."""


class _Handle:
    """What asyncio asks of a handle."""

    __slots__ = ("_args", "_callback", "_cancelled", "_context")

    def __init__(self, callback: Callable[..., Any], args: Sequence[Any], context: contextvars.Context | None) -> None:
        self._callback, self._args, self._cancelled = callback, args, False
        self._context = contextvars.copy_context() if context is None else context

    def cancel(self) -> None:
        self._cancelled = True
        self._callback, self._args = _nothing, ()

    def cancelled(self) -> bool:
        return self._cancelled


class _Timer(float):
    """One that is its time: a heap compares numbers quickly."""

    __slots__ = ("_args", "_callback", "_cancelled", "_context")

    def of(self, callback: Callable[..., Any], args: Sequence[Any], context: contextvars.Context | None) -> None:
        self._callback, self._args, self._cancelled = callback, args, False
        self._context = contextvars.copy_context() if context is None else context

    def cancel(self) -> None:
        self._cancelled = True
        self._callback, self._args = _nothing, ()

    def cancelled(self) -> bool:
        return self._cancelled

    def when(self) -> float:
        return float(self)


def _nothing() -> None:
    pass


class SimLoop(asyncio.BaseEventLoop):
    """rng: how long threads take, and with it the order in which they end."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng
        self._virtual_s = 0.0
        self.steps = 0
        self.set_task_factory(_remembered)
        self.network: Any = None

    def time(self) -> float:
        return self._virtual_s

    def resume(self, process: Process) -> None:
        process.state = HostState.RUNNING
        held, process.held = process.held, []
        cast("Any", self)._ready.extend(held)

    def _run_once(self) -> None:
        me = cast("Any", self)
        ready, scheduled = me._ready, me._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)
        if not ready:
            if not scheduled:
                raise Deadlock("nothing is left to happen")
            self._virtual_s = max(self._virtual_s, float(scheduled[0]))
        while scheduled and scheduled[0] <= self._virtual_s:
            ready.append(heapq.heappop(scheduled))
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            context = handle._context
            process = context.get(PROCESS)
            if process is None or process.state is HostState.RUNNING:
                self.steps += 1
                try:
                    context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self.call_exception_handler({"message": f"exception in {handle._callback}", "exception": error, "handle": handle})
            elif process.state is HostState.PAUSED:
                process.held.append(handle)

    # --- as BaseEventLoop, without checks that cost more than a step

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context)
        cast("Any", self)._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        return self.call_at(self._virtual_s + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        timer = _Timer(when)
        timer.of(callback, args, context)
        heapq.heappush(cast("Any", self)._scheduled, timer)
        return timer

    # --- threads: they take a moment, and run where they were asked for

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()

        def run() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except StopIteration as error:
                future.set_exception(RuntimeError(f"StopIteration: {error}"))
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_later(self.rng.uniform(0.0001, 0.002), run)
        return future

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        return self.call_soon(callback, *args, context=context)

    # --- sockets are the network's affair

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        return self.network.listen(protocol_factory, host, port)

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        return await self.network.connect(protocol_factory, host, port)

    async def create_datagram_endpoint(self, protocol_factory: Any, local_addr: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return self.network.datagrams(protocol_factory, local_addr)

    def _write_to_self(self) -> None:
        pass

    def _process_events(self, event_list: Any) -> None:
        pass


def _remembered(loop: asyncio.AbstractEventLoop, coro: Any, **given: Any) -> asyncio.Task[Any]:
    context = given.get("context")
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **given)
    process = context.get(PROCESS) if context is not None else PROCESS.get()
    if process is not None:
        process.tasks.append(task)
    return task


class LoopClock:
    """A host's clocks: the loop's time, and a wall time that may be wrong by skew_s."""

    def __init__(self, loop: SimLoop, epoch_ns: int) -> None:
        self._loop, self._epoch_ns = loop, epoch_ns
        self.skew_s = 0.0

    def now_ns(self) -> int:
        return self._epoch_ns + int((self._loop.time() + self.skew_s) * 1e9)

    def monotonic_ns(self) -> int:
        return int(self._loop.time() * 1e9)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SimExecutor:
    """The log's thread: functions one after the other, each after the disk's latency."""

    def __init__(self, loop: SimLoop, latency_s: Callable[[], float]) -> None:
        self._loop, self._latency_s = loop, latency_s
        self._free_at = 0.0

    def submit(self, function: Callable[[], None]) -> object:
        self._free_at = max(self._free_at, self._loop.time()) + self._latency_s()
        return self._loop.call_at(self._free_at, function)

    def shutdown(self) -> None:
        pass

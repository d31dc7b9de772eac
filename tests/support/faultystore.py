"""An object store that misbehaves on a script or by a seed, around one that does not."""

from __future__ import annotations

import asyncio
import enum
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

from lgtm.clock import Clock
from lgtm.storage.objects import ObjectInfo, ObjectStore, StoreUnavailable

T = TypeVar("T")


class Fault(enum.Enum):
    NONE = "none"
    FAIL = "fail"
    """Refused; nothing happened."""
    LOSE_ANSWER = "lose answer"
    """It happened, but the caller only sees a time-out."""
    CRASH_BEFORE = "crash before"
    """The process ends before the operation."""
    CRASH_AFTER = "crash after"
    """The process ends after it."""
    SLOW = "slow"
    """It takes ten seconds of the clock."""


class Crash(BaseException):
    """The process is gone: nothing of the program may handle it."""


class FaultyStore:
    """script: faults of the operations to come, one each; then none. calls: what was asked so far, as `put key`."""

    def __init__(self, store: ObjectStore, script: Iterable[Fault] = (), *, clock: Clock | None = None) -> None:
        self.store, self.calls = store, list[str]()
        self._script, self._clock = iter(script), clock

    def play(self, script: Iterable[Fault]) -> None:
        """A new script, from the next operation on."""
        self._script = iter(script)

    @classmethod
    def seeded(cls, store: ObjectStore, rng: random.Random, share: float = 0.3) -> FaultyStore:
        """Each operation fails or loses its answer with probability `share`."""
        return cls(store, (rng.choice((Fault.FAIL, Fault.LOSE_ANSWER)) if rng.random() < share else Fault.NONE for _ in iter(int, 1)))

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        await self._do("put", key, lambda: self.store.put(key, data, if_absent=if_absent))

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        await self._do("put", key, lambda: self.store.put_file(key, path, if_absent=if_absent))

    async def get(self, key: str) -> bytes:
        return await self._do("get", key, lambda: self.store.get(key))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return await self._do("get_range", key, lambda: self.store.get_range(key, start, length))

    async def get_file(self, key: str, path: Path) -> None:
        await self._do("get_file", key, lambda: self.store.get_file(key, path))

    async def head(self, key: str) -> ObjectInfo:
        return await self._do("head", key, lambda: self.store.head(key))

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        async def nothing() -> None:
            return None

        await self._do("list", prefix, nothing)
        async for info in self.store.list(prefix, start_after=start_after):
            yield info

    async def delete(self, key: str) -> None:
        await self._do("delete", key, lambda: self.store.delete(key))

    def local_path(self, key: str) -> Path | None:
        return self.store.local_path(key)

    async def close(self) -> None:
        await self.store.close()

    async def _do(self, operation: str, key: str, work: Callable[[], Awaitable[T]]) -> T:
        self.calls.append(f"{operation} {key}")
        fault = next(self._script, Fault.NONE)
        if fault is Fault.FAIL:
            raise StoreUnavailable(operation, key, "refused by the test")
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault is Fault.SLOW:
            await (self._clock.sleep(10) if self._clock else asyncio.sleep(0))
        result = await work()
        if fault is Fault.LOSE_ANSWER:
            raise StoreUnavailable(operation, key, "timed out after it was done")
        if fault is Fault.CRASH_AFTER:
            raise Crash
        return result

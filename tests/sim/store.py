"""The object store of a simulation: durable, but it may be away, slow, or lose answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lgtm.storage.memory import MemoryStore
from lgtm.storage.objects import ObjectInfo, StoreUnavailable

T = TypeVar("T")


@dataclass
class Trouble:
    """is_away: nothing works. fails, loses_answers: shares of operations. slow_s: longest time one takes."""

    is_away: bool = False
    fails: float = 0.0
    loses_answers: float = 0.0
    slow_s: float = 0.02


class SimStore:
    def __init__(self, store: MemoryStore, rng: random.Random, trouble: Trouble) -> None:
        self._store, self._rng, self._trouble = store, rng, trouble

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        await self._do("put", key, lambda: self._store.put(key, data, if_absent=if_absent))

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        data = path.read_bytes()  # noqa: ASYNC240 # nothing waits here but in virtual time
        await self._do("put_file", key, lambda: self._store.put(key, data, if_absent=if_absent))

    async def get(self, key: str) -> bytes:
        return await self._do("get", key, lambda: self._store.get(key))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return await self._do("get_range", key, lambda: self._store.get_range(key, start, length))

    async def get_file(self, key: str, path: Path) -> None:
        data = await self._do("get_file", key, lambda: self._store.get(key))
        path.write_bytes(data)  # noqa: ASYNC240 # as above

    async def head(self, key: str) -> ObjectInfo:
        return await self._do("head", key, lambda: self._store.head(key))

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """In pages, between which others may put and delete."""
        async for info in self._store.list(prefix, start_after=start_after):
            if self._rng.random() < 0.1:
                await self._do("list", prefix, self._nothing)
            yield info
        await self._do("list", prefix, self._nothing)

    async def delete(self, key: str) -> None:
        await self._do("delete", key, lambda: self._store.delete(key))

    def local_path(self, key: str) -> Path | None:
        return self._store.local_path(key)

    async def close(self) -> None:
        return None

    @staticmethod
    async def _nothing() -> None:
        return None

    async def _do(self, operation: str, key: str, work: Callable[[], Awaitable[T]]) -> T:
        trouble, rng = self._trouble, self._rng
        await asyncio.sleep(rng.uniform(0.0005, trouble.slow_s))
        if trouble.is_away or rng.random() < trouble.fails:
            await asyncio.sleep(rng.uniform(0, 0.5))
            raise StoreUnavailable(operation, key, "away in this simulation")
        result = await work()
        if rng.random() < trouble.loses_answers:
            raise StoreUnavailable(operation, key, "timed out after it was done")
        return result

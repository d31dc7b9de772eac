"""Objects in a dictionary, for tests and for trying out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from lgtm.storage.objects import AlreadyExists, ObjectInfo, ObjectNotFound, check_key


class MemoryStore:
    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._objects: dict[str, tuple[bytes, int]] = {}

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        if check_key(key) in self._objects and if_absent:
            raise AlreadyExists(key)
        self._objects[key] = (bytes(data), self._now_ns())

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        await self.put(key, await asyncio.to_thread(path.read_bytes), if_absent=if_absent)

    async def get(self, key: str) -> bytes:
        if check_key(key) not in self._objects:
            raise ObjectNotFound(key)
        return self._objects[key][0]

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return (await self.get(key))[start : start + length]

    async def get_file(self, key: str, path: Path) -> None:
        await asyncio.to_thread(path.write_bytes, await self.get(key))

    async def head(self, key: str) -> ObjectInfo:
        data = await self.get(key)
        return ObjectInfo(key, len(data), self._objects[key][1])

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        for key in sorted(k for k in self._objects if k.startswith(prefix) and k > start_after):
            if (stored := self._objects.get(key)) is not None:
                yield ObjectInfo(key, len(stored[0]), stored[1])

    async def delete(self, key: str) -> None:
        self._objects.pop(check_key(key), None)

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    async def close(self) -> None:
        return None

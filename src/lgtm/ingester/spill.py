"""The second home of parts while this is the only node: objects in the store, each with what was logged since the one before it.

    spill/<wal_id>/<generation>/<first part id>      u32 length | part, encoded with all its labels, again and again

One object is on its way at a time and the next one collects meanwhile, so there are at most a few puts a second. They are no source for queries: this
node has the rows. If it never comes back, any node adopts them (`adopt.py`); once the generation is in verified blocks they are deleted.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Iterator, Sequence
from typing import Protocol

from lgtm.clock import Clock
from lgtm.errors import Corruption, LgtmError, Unavailable
from lgtm.model.part import Part
from lgtm.telemetry import event
from lgtm.wire.part import decode_part, encode_part

logger = logging.getLogger(__name__)

PREFIX = "spill"
OBJECT_BYTES_MAX = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")


def wal_id_of(key: str) -> str:
    """Of the log whose parts are in a spilled object."""
    return key.split("/")[1]


def generation_of(key: str) -> int:
    return int(key.split("/")[2])


class Puts(Protocol):
    """What is needed of an object store."""

    async def put(self, key: str, data: bytes) -> None: ...

    async def delete(self, key: str) -> None: ...


class SpillFailed(Unavailable):
    """The object store did not take the second copy in time; whether it has it is unknown."""

    def __init__(self, cause: str) -> None:
        self.cause = cause

    def __str__(self) -> str:
        return f"the second copy could not be put into the object store: {self.cause}"


class Spill:
    """spawn: starts a task that somebody awaits in the end. timeout_s: how long one put may take."""

    def __init__(self, store: Puts, wal_id: str, clock: Clock, *, timeout_s: float) -> None:
        self._store, self._wal_id, self._clock, self._timeout_s = store, wal_id, clock, timeout_s
        self._waiting: list[tuple[int, Part, asyncio.Future[None]]] = []
        self._putting: asyncio.Task[None] | None = None
        self._keys: dict[int, list[str]] = {}

    async def add(self, generation: int, part: Part) -> None:
        """part: with labels on every series. Returns once it is in the store. Raises SpillFailed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((generation, part, done))
        if self._putting is None:
            self._putting = asyncio.ensure_future(self._put_all())
        await asyncio.shield(done)

    async def _put_all(self) -> None:
        while self._waiting:
            group, nbytes = [], 0
            generation = self._waiting[0][0]
            while self._waiting and nbytes < OBJECT_BYTES_MAX and self._waiting[0][0] == generation:
                group.append(self._waiting.pop(0))
                nbytes += group[-1][1].batch.nbytes
            error = await self._put(generation, [part for _, part, _ in group])
            for _, _, done in group:
                if not done.done():
                    done.set_result(None) if error is None else done.set_exception(error)
                    done.add_done_callback(lambda each: each.cancelled() or each.exception())
        self._putting = None

    async def _put(self, generation: int, parts: Sequence[Part]) -> SpillFailed | None:
        key = f"{PREFIX}/{self._wal_id}/{generation}/{parts[0].id}"
        self._keys.setdefault(generation, []).append(key)
        try:
            data = await asyncio.to_thread(encode_spill, parts)
            await within(self._store.put(key, data), self._timeout_s, self._clock)
        except (LgtmError, TimeoutError) as error:
            event(logger, logging.WARNING, "the second copy could not be put into the object store", key=key, error=str(error))
            return SpillFailed(str(error) or "no answer in time")
        return None

    async def drop(self, generation: int) -> None:
        """The generation is in verified blocks. What cannot be deleted now is found by `adopt.py` later."""
        for key in self._keys.pop(generation, []):
            try:
                await self._store.delete(key)
            except LgtmError as error:
                event(logger, logging.WARNING, "a spilled object could not be deleted", key=key, error=str(error))


async def within(work: Awaitable[None], timeout_s: float, clock: Clock) -> None:
    """Awaits the work. Raises TimeoutError, and cancels it, when it takes longer."""
    task, timer = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(timeout_s))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError(f"no answer within {timeout_s:g} s")
        await task
    finally:
        timer.cancel()
        task.cancel()


def encode_spill(parts: Sequence[Part]) -> bytes:
    pieces = [encode_part(part) for part in parts]
    return b"".join(piece for data in pieces for piece in (_LENGTH.pack(len(data)), data))


def decode_spill(data: bytes) -> Iterator[Part]:
    """Raises Corruption, after the parts before the damage."""
    view, at = memoryview(data), 0
    while at < len(view):
        if len(view) - at < _LENGTH.size:
            raise Corruption("spilled object ends within a length")
        (length,) = _LENGTH.unpack_from(view, at)
        at += _LENGTH.size
        if length > len(view) - at:
            raise Corruption(f"spilled object announces {length} bytes and has {len(view) - at}")
        yield decode_part(view[at : at + length])
        at += length

"""Rows of all nodes as they are acknowledged, each part once: it arrives at two of them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from lgtm.clock import Clock
from lgtm.errors import LgtmError
from lgtm.model.batch import Batch
from lgtm.model.part import PART_ID_BYTES, PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.model.window import ALWAYS
from lgtm.query.asking import TAIL, Question, decode_question, encode_question
from lgtm.query.remote import Calls
from lgtm.query.source import Request
from lgtm.telemetry import event
from lgtm.wire.batch import decode_batch, encode_batch

logger = logging.getLogger(__name__)

REMEMBERED_PARTS_MAX = 10_000
BUFFERED_PARTS_MAX = 64
RETRY_S = 1.0
STREAM_TIMEOUT_S = 3_600.0


class PartFollower(Protocol):
    """Parts that one ingester has acknowledged."""

    async def next_part(self) -> tuple[PartId, Batch]: ...

    def take_dropped(self) -> int: ...


FollowHere = Callable[[Tenant, Signal], AbstractContextManager[PartFollower]]


async def serve_tail(follow: FollowHere, data: bytes) -> AsyncIterator[bytes]:
    """What another node follows: part id, then the batch; until it hangs up."""
    request = decode_question(data).request
    with follow(request.tenant, request.signal) as follower:
        while True:
            part_id, batch = await follower.next_part()
            yield part_id.to_bytes() + encode_batch(batch)


class ClusterFollower:
    """Use as a context manager. Follows this node and those that are known when it is entered; one that goes away is tried again."""

    def __init__(self, here: FollowHere, others: Sequence[Calls], tenant: Tenant, signal: Signal, clock: Clock) -> None:
        self._here, self._others, self._clock = here(tenant, signal), others, clock
        self._tenant, self._signal = tenant, signal
        self._parts: asyncio.Queue[tuple[PartId, Batch]] = asyncio.Queue(BUFFERED_PARTS_MAX)
        self._seen: OrderedDict[PartId, None] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._dropped = 0
        self._local: PartFollower | None = None

    def __enter__(self) -> ClusterFollower:
        self._local = self._here.__enter__()
        self._tasks = [asyncio.ensure_future(self._follow_here(self._local)), *(asyncio.ensure_future(self._follow_there(o)) for o in self._others)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        self._here.__exit__(kind, error, traceback)

    async def next(self) -> Batch:
        while True:
            part_id, batch = await self._parts.get()
            if part_id not in self._seen:
                self._seen[part_id] = None
                if len(self._seen) > REMEMBERED_PARTS_MAX:
                    self._seen.popitem(last=False)
                return batch

    def take_dropped(self) -> int:
        dropped, self._dropped = self._dropped, 0
        return dropped + (self._local.take_dropped() if self._local is not None else 0)

    async def _follow_here(self, follower: PartFollower) -> None:
        while True:
            self._offer(*await follower.next_part())

    async def _follow_there(self, calls: Calls) -> None:
        question = encode_question(Question(Request(self._tenant, self._signal, (), ALWAYS), PartIds(), ALWAYS))
        while True:
            try:
                async for piece in calls.stream(TAIL, question, STREAM_TIMEOUT_S):
                    part_id = PartId.from_bytes(piece[:PART_ID_BYTES])
                    self._offer(part_id, decode_batch(memoryview(piece)[PART_ID_BYTES:], self._signal, self._tenant))
            except LgtmError as error:
                event(logger, logging.DEBUG, "an instance cannot be followed", error=str(error))
            await self._clock.sleep(RETRY_S)

    def _offer(self, part_id: PartId, batch: Batch) -> None:
        if self._parts.full():
            self._dropped += len(batch)
        else:
            self._parts.put_nowait((part_id, batch))

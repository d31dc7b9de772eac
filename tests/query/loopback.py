"""Another node's heads behind the real bytes of both sides, without a network; it may go away on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from lgtm.errors import Unavailable
from lgtm.query.asking import HEADS, SERIES
from lgtm.query.heads import HeadSource
from lgtm.query.remote import RemoteHeads
from lgtm.query.serving import HeadService


class Loopback:
    """calls: methods asked so far. gone_after: how many calls are answered before the node is away; None: all."""

    def __init__(self, service: HeadService) -> None:
        self.service = service
        self.calls: list[str] = []
        self.nbytes = 0
        self.gone_after: int | None = None
        self.hangs: asyncio.Event | None = None
        """Until it is set the node does not answer."""

    async def call(self, method: str, data: bytes, timeout_s: float) -> bytes:
        self._begin(method)
        if self.hangs is not None:
            await self.hangs.wait()
        answers = {HEADS: self.service.heads, SERIES: self.service.series}
        answer = await answers.get(method, self.service.volumes)(data)
        self.nbytes += len(answer)
        return answer

    async def stream(self, method: str, data: bytes, timeout_s: float) -> AsyncIterator[bytes]:
        self._begin(method)
        async for piece in self.service.rows(data):
            self.nbytes += len(piece)
            yield piece

    def _begin(self, method: str) -> None:
        self.calls.append(method)
        if self.gone_after is not None and len(self.calls) > self.gone_after:
            raise Unavailable("connection refused")


def remote_over(heads: HeadSource, executor: Executor) -> tuple[RemoteHeads, Loopback]:
    calls = Loopback(HeadService(heads, executor))
    return RemoteHeads(heads.id, calls, asked_timeout_s=5, read_timeout_s=5), calls

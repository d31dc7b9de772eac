"""Requests of one tenant and signal become batches by themselves: what arrives while a write is under way goes out together in the next one.

A request that finds nothing under way is sent at once, so batching adds no delay to an idle system. What waits is sent when the write before it
ends, when it has grown to the target size, or when its first request has waited long enough, whichever comes first. Nothing that was handed over
is cancelled with its caller: a client that goes away leaves a write that ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from lgtm.clock import Clock
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.merge import Accepted
from lgtm.distributor.refusals import NotAcknowledged, QueueFull
from lgtm.errors import Unavailable
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant

Write = Callable[[Signal, Tenant, Sequence[Accepted]], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Request:
    accepted: Accepted
    nbytes: int
    answer: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class _Lane:
    """The requests of one tenant and signal."""

    signal: Signal
    tenant: Tenant
    waiting: list[_Request] = field(default_factory=list)
    waiting_bytes: int = 0
    timer: asyncio.Task[None] | None = None
    """Sends what waits when it has waited long enough."""
    writes: int = 0


class Coalescer:
    """write: stores the rows of some requests together, or raises for all of them. tasks: where writes run; whoever holds it awaits them."""

    def __init__(self, write: Write, *, config: DistributorConfig, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._write = write
        self._config = config
        self._clock = clock
        self._tasks = tasks
        self._lanes: dict[tuple[str, Tenant], _Lane] = {}
        self.in_flight_bytes = 0

    def check_room(self, nbytes: int) -> None:
        """Raises QueueFull when so much more must not be handed over now. A single request is never too large for an empty queue."""
        if self.in_flight_bytes and self.in_flight_bytes + nbytes > self._config.in_flight_bytes_max:
            raise QueueFull(self.in_flight_bytes, self._config.in_flight_bytes_max)

    async def submit(self, signal: Signal, tenant: Tenant, accepted: Accepted, nbytes: int | None = None) -> None:
        """Returns once the rows are stored. Raises QueueFull before anything was done with them, NotAcknowledged, or what `write` raises.

        nbytes: of the rows, when it is known: adding it up costs as much as many a kernel.
        """
        nbytes = accepted.nbytes if nbytes is None else nbytes
        self.check_room(nbytes)
        self.in_flight_bytes += nbytes
        request = _Request(accepted, nbytes, asyncio.get_running_loop().create_future())
        lane = self._lanes.setdefault((signal.name, tenant), _Lane(signal, tenant))
        lane.waiting.append(request)
        lane.waiting_bytes += nbytes
        if not lane.writes or lane.waiting_bytes >= self._config.batch_bytes_target:
            self._send(lane)
        elif lane.timer is None:
            lane.timer = self._tasks.create_task(self._send_after_wait(lane))
        await request.answer

    def _send(self, lane: _Lane) -> None:
        requests, lane.waiting, lane.waiting_bytes = lane.waiting, [], 0
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        lane.writes += 1
        self._tasks.create_task(self._run(lane, requests))

    async def _send_after_wait(self, lane: _Lane) -> None:
        await self._clock.sleep(self._config.batch_wait_ms_max / 1_000)
        lane.timer = None
        self._send(lane)

    async def _run(self, lane: _Lane, requests: list[_Request]) -> None:
        timer = self._tasks.create_task(self._give_up_waiting(requests))
        failure: BaseException | None = None
        try:
            await self._write(lane.signal, lane.tenant, [request.accepted for request in requests])
        except Exception as error:  # a bug, too, is an answer to these requests only
            failure = error
        except asyncio.CancelledError:
            failure = Unavailable("the write was cancelled")
            requests = requests + lane.waiting  # there will be no next write
            lane.waiting = []
            raise
        finally:
            timer.cancel()
            _answer(requests, failure)
            self._ended(lane, requests)

    async def _give_up_waiting(self, requests: list[_Request]) -> None:
        """Answers the requests, not the write: whether that ends well is not known, so its rows stay accounted for until it does."""
        await self._clock.sleep(self._config.write_timeout_s)
        _answer(requests, NotAcknowledged(self._config.write_timeout_s))

    def _ended(self, lane: _Lane, requests: list[_Request]) -> None:
        self.in_flight_bytes -= sum(request.nbytes for request in requests)
        lane.writes -= 1
        if lane.waiting and not lane.writes:
            self._send(lane)
        elif not lane.waiting and not lane.writes:
            del self._lanes[lane.signal.name, lane.tenant]


def _answer(requests: list[_Request], failure: BaseException | None) -> None:
    for request in requests:
        if request.answer.done():
            continue  # answered before, or its caller has gone
        if failure is None:
            request.answer.set_result(None)
        else:
            request.answer.set_exception(failure)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from distributor.pushes import TENANT, rows_of
from lgtm.clock import ManualClock
from lgtm.distributor.coalesce import Coalescer
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.merge import Accepted
from lgtm.distributor.refusals import NotAcknowledged, QueueFull
from lgtm.errors import Unavailable
from lgtm.model.series import Series
from lgtm.model.signal import LOGS, Signal
from lgtm.model.tenant import Tenant

SERIES = (Series.of((("app", "a"),)),)


def request(line: str) -> Accepted:
    return Accepted(SERIES, ("",), rows_of([(0, (1, line))]))


class Writes:
    """Batches as they begin; each ends when its future is resolved."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.ends: list[asyncio.Future[None]] = []

    async def __call__(self, signal: Signal, tenant: Tenant, accepted: Sequence[Accepted]) -> None:
        self.begun.append([line for one in accepted for line in one.rows.column("line" if signal is LOGS else "name").to_pylist()])
        self.ends.append(asyncio.get_running_loop().create_future())
        await self.ends[-1]


class Run:
    def __init__(self, tasks: asyncio.TaskGroup, **config: float) -> None:
        self.writes, self.clock, self._tasks = Writes(), ManualClock(), tasks
        settings = DistributorConfig(**config)  # type: ignore[arg-type]  # numbers of either kind
        self.coalescer = Coalescer(self.writes, config=settings, clock=self.clock, tasks=tasks)

    async def submit(self, *lines: str, tenant: Tenant = TENANT) -> list[asyncio.Task[str]]:
        answers = [self._tasks.create_task(self._outcome(tenant, request(line))) for line in lines]
        await self.clock.advance(0)
        return answers

    async def _outcome(self, tenant: Tenant, accepted: Accepted) -> str:
        try:
            await self.coalescer.submit(LOGS, tenant, accepted)
        except Exception as error:
            return type(error).__name__
        return "stored"

    async def end(self, number: int, error: Exception | None = None) -> None:
        if error is None:
            self.writes.ends[number].set_result(None)
        else:
            self.writes.ends[number].set_exception(error)
        await self.clock.advance(0)


@asynccontextmanager
async def running(**config: float) -> AsyncIterator[Run]:
    async with asyncio.TaskGroup() as tasks:
        run = Run(tasks, **config)
        yield run
        for end in run.writes.ends:
            if not end.done():
                end.set_result(None)
        await run.clock.advance(60)
        assert run.coalescer.in_flight_bytes == 0


async def test_a_request_that_finds_nothing_under_way_is_sent_at_once() -> None:
    async with running() as run:
        (answer,) = await run.submit("a")
        assert run.writes.begun == [["a"]]
        assert not answer.done()
        await run.end(0)
        assert answer.result() == "stored"


async def test_what_comes_while_a_write_is_under_way_goes_out_together_after_it() -> None:
    async with running() as run:
        await run.submit("a")
        later = await run.submit("b", "c", "d")
        assert run.writes.begun == [["a"]]
        await run.end(0)
        assert run.writes.begun == [["a"], ["b", "c", "d"]]
        assert not any(answer.done() for answer in later)
        await run.end(1)
        assert [answer.result() for answer in later] == ["stored"] * 3


async def test_a_request_waits_a_few_milliseconds_at_most() -> None:
    async with running(batch_wait_ms_max=5) as run:
        await run.submit("a")
        await run.submit("b")
        await run.clock.advance(0.003)
        await run.submit("c")
        assert run.writes.begun == [["a"]]
        await run.clock.advance(0.002)
        assert run.writes.begun == [["a"], ["b", "c"]]


async def test_a_batch_that_has_grown_large_enough_does_not_wait() -> None:
    async with running(batch_bytes_target=2_000) as run:
        await run.submit("a")
        await run.submit("b" * 1_500)
        assert run.writes.begun == [["a"]]
        await run.submit("c" * 1_000)
        assert [len(batch) for batch in run.writes.begun] == [1, 2]


async def test_the_timer_of_a_batch_that_is_gone_does_not_hurry_the_next() -> None:
    async with running(batch_wait_ms_max=5) as run:
        await run.submit("a")
        await run.submit("b")
        await run.clock.advance(0.004)
        await run.end(0)
        await run.submit("c")
        await run.clock.advance(0.002)
        assert run.writes.begun == [["a"], ["b"]]
        await run.clock.advance(0.003)
        assert run.writes.begun == [["a"], ["b"], ["c"]]


async def test_tenants_do_not_wait_for_each_other() -> None:
    async with running() as run:
        await run.submit("a")
        await run.submit("b", tenant=Tenant("other"))
        assert run.writes.begun == [["a"], ["b"]]


async def test_a_failure_is_the_answer_of_every_request_of_its_batch_and_of_no_other() -> None:
    async with running() as run:
        first = await run.submit("a")
        second = await run.submit("b", "c")
        await run.end(0, Unavailable("no"))
        third = await run.submit("d")
        await run.end(1, ValueError("a bug"))
        await run.end(2)
        outcomes = [answer.result() for answer in (*first, *second, *third)]
        assert outcomes == ["Unavailable", "ValueError", "ValueError", "stored"]


async def test_a_caller_that_goes_away_takes_nobody_along() -> None:
    async with running() as run:
        await run.submit("a")
        gone, stays = await run.submit("b", "c")
        await run.end(0)
        gone.cancel()
        await run.end(1)
        assert run.writes.begun == [["a"], ["b", "c"]]
        assert stays.result() == "stored"


async def test_a_full_queue_refuses_before_anything_is_done() -> None:
    async with running(batch_bytes_target=10, in_flight_bytes_max=3_000) as run:
        await run.submit("a" * 2_000)
        (refused,) = await run.submit("b" * 2_000)
        assert refused.result() == "QueueFull"
        assert len(run.writes.begun) == 1
        with pytest.raises(QueueFull, match="in_flight_bytes_max is 3000"):
            run.coalescer.check_room(2_000)
        await run.end(0)
        run.coalescer.check_room(10**9)  # one large request alone is let in


async def test_a_write_that_does_not_end_is_answered_but_not_forgotten() -> None:
    async with running(write_timeout_s=10) as run:
        (answer,) = await run.submit("a")
        await run.clock.advance(9.9)
        assert not answer.done()
        await run.clock.advance(0.2)
        assert answer.result() == "NotAcknowledged"
        assert run.coalescer.in_flight_bytes > 0
        await run.end(0)
        assert run.coalescer.in_flight_bytes == 0


async def test_requests_are_answered_when_the_program_ends_in_the_middle() -> None:
    answers: list[asyncio.Task[str]] = []

    async def program() -> None:
        async with asyncio.TaskGroup() as tasks:
            run = Run(tasks)
            for line in ("under way", "waiting"):
                answers.append(asyncio.ensure_future(run._outcome(TENANT, request(line))))
                await run.clock.advance(0)
            raise RuntimeError

    with pytest.raises(ExceptionGroup):
        await program()
    assert [await answer for answer in answers] == ["Unavailable"] * 2


def test_silence_is_told_as_such() -> None:
    assert str(NotAcknowledged(10.0)) == "rows were not acknowledged within 10s; send again"

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import TENANT, rows_of
from lgtm.clock import ManualClock
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.write import TooFewCopies, Writer
from lgtm.errors import LimitExceeded, Unavailable
from lgtm.model.batch import Batch, Series
from lgtm.model.part import PartId, UnknownSeries
from lgtm.model.signal import LOGS

SERIES = (Series.of((("app", "a"),)), Series.of((("app", "b"),)))
BATCH = Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x")), (1, (2, "y"))]))


def part_id(sequence: int) -> PartId:
    return PartId(b"w" * 16, 1, sequence)


def writer(tasks: asyncio.TaskGroup, copies: int = 1) -> Writer:
    metrics = DistributorMetrics(CollectorRegistry(), tenants_max=10)
    return Writer(copies=copies, known_series_max=100, clock=ManualClock(), metrics=metrics, spawn=tasks.create_task)


async def test_labels_travel_once_a_generation() -> None:
    owner = FakeIngester()
    async with asyncio.TaskGroup() as tasks:
        write = writer(tasks)
        await write.write(part_id(0), BATCH, (owner,))
        await write.write(part_id(1), BATCH, (owner,))
        owner.cut()
        await write.write(part_id(2), BATCH, (owner,))
        await write.write(part_id(3), BATCH, (owner,))
    assert owner.sent_labels() == [2, 0, 0, 2, 0]
    assert [part.id.sequence for part in owner.calls] == [0, 1, 2, 2, 3]
    assert len(owner.entries()) == 8


async def test_a_part_names_its_owners_in_order() -> None:
    owners = (FakeIngester("b"), FakeIngester("a"))
    async with asyncio.TaskGroup() as tasks:
        await writer(tasks, copies=2).write(part_id(0), BATCH, owners)
    assert [owner.parts[part_id(0)].owners for owner in owners] == [("b", "a"), ("b", "a")]


async def test_enough_acknowledgements_are_success_and_the_slow_copy_still_arrives() -> None:
    fast, slow = FakeIngester("fast"), FakeIngester("slow")
    slow.open.clear()
    async with asyncio.TaskGroup() as tasks:
        await writer(tasks, copies=1).write(part_id(0), BATCH, (slow, fast))
        assert not slow.parts
        slow.open.set()
    assert slow.entries() == fast.entries()


async def test_two_copies_wait_for_both() -> None:
    owners = (FakeIngester("a"), FakeIngester("b"))
    owners[1].open.clear()
    async with asyncio.TaskGroup() as tasks:
        written = tasks.create_task(writer(tasks, copies=2).write(part_id(0), BATCH, owners))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not written.done()
        owners[1].open.set()
    assert [len(owner.entries()) for owner in owners] == [2, 2]


@pytest.mark.parametrize("error", [Unavailable("disk full"), LimitExceeded("too fast"), RuntimeError("a bug")])
async def test_the_error_of_an_owner_is_the_error_of_the_write(error: Exception) -> None:
    owners = (FakeIngester("a"), FakeIngester("b"))
    owners[1].failures = [error]
    async with asyncio.TaskGroup() as tasks:
        with pytest.raises(type(error), match=str(error)):
            await writer(tasks, copies=2).write(part_id(0), BATCH, owners)


async def test_one_failure_of_two_is_no_failure_when_one_copy_is_enough() -> None:
    owners = (FakeIngester("a"), FakeIngester("b"))
    owners[0].failures = [Unavailable("disk full")]
    async with asyncio.TaskGroup() as tasks:
        await writer(tasks).write(part_id(0), BATCH, owners)
    assert len(owners[1].entries()) == 2


async def test_a_failed_part_teaches_no_labels() -> None:
    owner = FakeIngester()
    owner.failures = [Unavailable("disk full")]
    async with asyncio.TaskGroup() as tasks:
        write = writer(tasks)
        with pytest.raises(Unavailable):
            await write.write(part_id(0), BATCH, (owner,))
        await write.write(part_id(1), BATCH, (owner,))
    assert owner.sent_labels() == [2, 2]


async def test_an_ingester_that_never_knows_is_not_asked_for_ever() -> None:
    owner = FakeIngester()
    owner.failures = [UnknownSeries((b"", b""), 5), UnknownSeries((b"",), 5)]
    async with asyncio.TaskGroup() as tasks:
        with pytest.raises(UnknownSeries):
            await writer(tasks).write(part_id(0), BATCH, (owner,))
    assert len(owner.calls) == 2


async def test_fewer_owners_than_copies_are_refused_before_anything_is_sent() -> None:
    owner = FakeIngester()
    async with asyncio.TaskGroup() as tasks:
        with pytest.raises(TooFewCopies, match="at least 2 live ingesters required, could only find 1"):
            await writer(tasks, copies=2).write(part_id(0), BATCH, (owner,))
    assert not owner.calls

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import TENANT, rows_of
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.distributor.ingesters import Appended, Health, HealthOf
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.refusals import NotAcknowledged
from lgtm.distributor.write import TooFewIngesters, Writer
from lgtm.errors import LimitExceeded, Unavailable
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId, UnknownSeries
from lgtm.model.series import Series
from lgtm.model.signal import LOGS

SERIES = (Series.of((("app", "a"),)), Series.of((("app", "b"),)))
BATCH = Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x")), (1, (2, "y"))]))


def part_id(sequence: int) -> PartId:
    return PartId(b"w" * 16, 1, sequence)


def writer(tasks: asyncio.TaskGroup, copies: int = 1, *, clock: ManualClock | None = None, health: HealthOf = lambda _: Health.WRITABLE) -> Writer:
    metrics = DistributorMetrics(CollectorRegistry(), tenants_max=10)
    clock = clock or ManualClock()
    return Writer(copies=copies, known_series_max=100, clock=clock, metrics=metrics, spawn=tasks.create_task, health=health)


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


async def test_without_anybody_alive_nothing_is_sent() -> None:
    owner = FakeIngester()
    async with asyncio.TaskGroup() as tasks:
        write = writer(tasks, copies=2, health=lambda _: Health.DOWN)
        with pytest.raises(TooFewIngesters, match="at least 1 live ingesters required, could only find 0 of 1"):
            await write.write(part_id(0), BATCH, (owner,))
    assert not owner.calls


# --- the write rule: every way in which every node may behave


class Refused(Unavailable):
    """As a call ends when nobody listens."""

    definite = True
    refused = True


class Silent(Unavailable):
    """As a call ends that got no answer: it may have arrived."""

    definite = False


class Scripted(FakeIngester):
    """Behaves in one way for ever. died_s: when the members of the cluster declare it dead."""

    def __init__(self, name: str, behaviour: str, clock: ManualClock) -> None:
        super().__init__(name)
        self.behaviour, self._clock = behaviour, clock
        self.died_s = {"dies": 5.0, "answer lost, dies": 5.0}.get(behaviour)

    def health(self) -> Health:
        is_dead = self.died_s is not None and self._clock.monotonic_ns() >= self.died_s * NS_PER_S
        return Health.DOWN if is_dead or self.behaviour == "known dead" else Health.SUSPECT if self.behaviour == "suspect" else Health.WRITABLE

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:
        match self.behaviour:
            case "ok" | "suspect":
                return await super().append(part, payload, spill=spill)
            case "slow":
                await self._clock.sleep(2)
                return await super().append(part, payload, spill=spill)
            case "full":
                raise LimitExceeded("too much waits already")
            case "refused":
                raise Refused("connection refused")
            case "draining":
                error = Unavailable("stopping")
                error.draining = True  # type: ignore[attr-defined]
                raise error
            case "answer lost" | "answer lost, dies":
                await super().append(part, payload, spill=spill)
                await self._clock.sleep(3)
                raise Silent("no answer in time")
            case _:
                await self._clock.sleep(3)
                raise Silent("no answer in time")


BEHAVIOURS = ("ok", "suspect", "slow", "full", "refused", "draining", "hangs", "answer lost", "dies", "answer lost, dies", "known dead")
DOWN_IN_THE_END = {"refused", "draining", "dies", "answer lost, dies", "known dead"}
STORES = {"ok", "suspect", "slow"}


async def outcome_of(behaviours: tuple[str, ...], *, store_is_there: bool = True) -> tuple[list[Scripted], Exception | None, float]:
    clock = ManualClock()
    nodes = [Scripted(name, behaviour, clock) for name, behaviour in zip("abcde", behaviours, strict=False)]
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        node.store_is_there = store_is_there
    async with asyncio.TaskGroup() as tasks:
        write = writer(tasks, copies=2, clock=clock, health=lambda name: by_id[name].health())
        writing = asyncio.ensure_future(write.write(part_id(0), BATCH, tuple(nodes)))
        ended_s = 0.0
        while not writing.done():
            await clock.advance(0.1)
            ended_s = clock.monotonic_ns() / NS_PER_S
            assert ended_s < 15, "a write ends"
        error = writing.exception()
        await clock.advance(20)
    assert error is None or isinstance(error, Exception)
    return nodes, error, ended_s


CASES_OF_TWO = list(itertools.product(BEHAVIOURS, repeat=2))
CASES_OF_THREE = list(itertools.product(("ok", "slow", "full", "refused", "answer lost", "dies"), repeat=3))


@pytest.mark.parametrize(
    ("cases", "store_is_there"), [(CASES_OF_TWO, True), (CASES_OF_TWO, False), (CASES_OF_THREE, True)], ids=["2", "2 alone", "3"]
)
async def test_success_means_two_copies_or_one_that_lives_and_the_object_store(cases: list[tuple[str, ...]], store_is_there: bool) -> None:
    for behaviours in cases:
        nodes, error, ended_s = await outcome_of(behaviours, store_is_there=store_is_there)
        copies = [node for node in nodes if node.parts]
        alive = [b for b in behaviours if b not in DOWN_IN_THE_END]
        if error is None:
            spilled = any(node.spilled for node in nodes)
            assert len(copies) >= 2 or (len(copies) == 1 and len(alive) <= 1 and (spilled or not store_is_there)), behaviours
        elif sum(b in STORES for b in behaviours) >= 2:
            pytest.fail(f"{behaviours} could have stored two copies: {error!r}")
        elif len(alive) == 1 and alive[0] in STORES:
            pytest.fail(f"{behaviours}: one lives and works, so the write is degraded and not refused: {error!r}")
        assert all(node.times_stored <= 1 for node in nodes), behaviours
        if set(behaviours) <= {"ok", "suspect", "refused", "draining", "known dead"} and error is None:
            assert ended_s < 0.3, f"{behaviours}: what is definite costs no time"
        assert ended_s <= 10.2, behaviours


@pytest.mark.parametrize("behaviours", [("ok", "hangs"), ("ok", "answer lost"), ("hangs", "ok")])
async def test_a_timeout_never_lowers_the_number_of_copies(behaviours: tuple[str, ...]) -> None:
    _, error, ended_s = await outcome_of(behaviours)
    assert isinstance(error, NotAcknowledged)
    assert error.retry_after_s
    assert ended_s >= 10


@pytest.mark.parametrize(
    ("behaviours", "seconds"),
    [
        (("ok", "hangs", "ok"), 0.5),
        (("ok", "slow", "ok"), 0.5),
        (("ok", "dies"), 5.3),
        (("ok", "refused"), 0.2),
        (("suspect", "ok", "ok"), 0.2),
        (("ok", "hangs", "hangs", "hangs", "ok"), 2.6),
        (("hangs", "hangs", "hangs", "ok", "ok"), 3.6),
    ],
)
async def test_how_long_a_write_takes(behaviours: tuple[str, ...], seconds: float) -> None:
    nodes, error, ended_s = await outcome_of(behaviours)
    assert error is None
    assert ended_s <= seconds
    if behaviours[0] == "suspect":
        assert not nodes[0].calls, "who is suspected is asked last"


async def test_the_error_of_a_node_that_lives_is_the_error_of_the_write() -> None:
    _, error, _ = await outcome_of(("ok", "full"))
    assert isinstance(error, LimitExceeded)


@settings(max_examples=40, deadline=None)
@example(["ok", "hangs", "hangs", "hangs", "ok"], False)
@given(st.lists(st.sampled_from(BEHAVIOURS), min_size=4, max_size=5), st.booleans())
def test_the_rule_holds_for_larger_clusters(behaviours: list[str], store_is_there: bool) -> None:
    nodes, error, _ = asyncio.run(outcome_of(tuple(behaviours), store_is_there=store_is_there))
    alive = [b for b in behaviours if b not in DOWN_IN_THE_END]
    copies = sum(bool(node.parts) for node in nodes)
    assert error is not None or copies >= 2 or (copies == 1 and len(alive) <= 1)
    assert error is None or sum(b in STORES for b in behaviours) < 2


async def test_one_encoding_serves_all_and_labels_go_to_whoever_lacks_them() -> None:
    owners = (FakeIngester("a"), FakeIngester("b"))
    async with asyncio.TaskGroup() as tasks:
        write = writer(tasks, copies=2)
        await write.write(part_id(0), BATCH, owners)
        owners[1].cut()
        await write.write(part_id(1), BATCH, owners)
        await write.write(part_id(2), BATCH, owners)
    assert [owner.sent_labels() for owner in owners] == [[2, 0, 0], [2, 0, 2, 0]]
    assert [len(owner.entries()) for owner in owners] == [6, 6]

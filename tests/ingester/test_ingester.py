"""The ingester over the real log on a simulated disk, with a memory of rows in the place of the object store."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import ManualClock
from lgtm.errors import Unavailable
from lgtm.ingester.config import IngesterConfig
from lgtm.ingester.flush import batches_of
from lgtm.ingester.generation import Generation
from lgtm.ingester.ingester import HeadFull, Ingester, NoSecondHome, Stopping
from lgtm.ingester.metrics import IngesterMetrics
from lgtm.ingester.replay import replay
from lgtm.model.part import Part, UnknownSeries
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import LOGS
from lgtm.wal.config import WalConfig
from lgtm.wal.log import Log
from support.parts import TENANT, lines_of, part, series
from support.simdisk import SimDisk
from support.wal import drop, open_log

LOG = WalConfig(segment_bytes_max=64 * 1024, payload_bytes_max=16 * 1024, pending_bytes_max=256 * 1024, reserve_file=False)


@dataclass
class Blocks:
    """What was flushed, by generation; a generation flushed again replaces itself, as a block of the same name does."""

    rows: dict[tuple[object, ...], list[str]] = field(default_factory=dict)
    elsewhere: PartIds = field(default_factory=PartIds)
    """Parts in blocks of other nodes."""
    failures: int = 0
    error: Exception = field(default_factory=lambda: Unavailable("the store is away"))

    async def flush(self, generation: Generation, last_segment: int, parts: PartIds) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        lines = [line for head in generation.heads.values() for line in lines_of(batches_of(head.snapshot(), parts))]
        self.rows[generation.id, last_segment, *parts.intervals()] = lines

    def lines(self) -> list[str]:
        return [line for lines in self.rows.values() for line in lines]


@dataclass
class Running:
    ingester: Ingester
    log: Log
    clock: ManualClock
    blocks: Blocks

    def in_memory(self) -> list[str]:
        return [line for head in self.ingester.snapshot(TENANT, LOGS) for line in lines_of(batches_of(head))]


def no_record_is_unreadable(segment: int, data: memoryview) -> str:
    raise AssertionError(f"a record of segment {segment} cannot be read: {bytes(data[:40])!r}")


class Store:
    """Second copies: taken, or refused while it is away."""

    def __init__(self) -> None:
        self.lines: dict[int, list[str]] = {}
        self.is_away = False

    async def add(self, generation: int, part: Part) -> None:
        if self.is_away:
            raise Unavailable("the store is away")
        assert all(series.labels is not None for series in part.batch.series)
        self.lines.setdefault(generation, []).extend(lines_of([part.batch]))

    async def drop(self, generation: int) -> None:
        self.lines.pop(generation, None)


@asynccontextmanager
async def started(disk: SimDisk, blocks: Blocks, config: IngesterConfig | None = None, *, store: Store | None = None) -> AsyncIterator[Running]:
    clock = ManualClock()
    log, recovery = await open_log(disk, LOG, clock=clock)
    wal_id = recovery.wal_id.hex()
    found = replay(
        ((r.segment, r.payload) for r in log.replay()),
        wal_id=wal_id,
        now_ns=0,
        set_aside=no_record_is_unreadable,
        is_primary=lambda part: part.owners[0] == "a",
    )
    config = config or IngesterConfig()
    metrics = IngesterMetrics(CollectorRegistry())
    ingester = Ingester(
        "a",
        wal_id,
        log,
        blocks.flush,
        config=config,
        clock=clock,
        rng=random.Random(1),
        metrics=metrics,
        covered=lambda tenant, signal: blocks.elsewhere,
        spill=store,
    )
    ingester.start(found.generations)
    running = asyncio.ensure_future(ingester.run())
    try:
        yield Running(ingester, log, clock, blocks)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await drop(log)
        disk.kill()


async def test_an_acknowledged_part_is_visible_at_once() -> None:
    async with started(SimDisk(), Blocks()) as node:
        await node.ingester.append(part(0, ["a", "b"]))
        assert node.in_memory() == ["a", "b"]


async def test_the_same_part_again_is_acknowledged_and_stored_once() -> None:
    async with started(SimDisk(), Blocks()) as node:
        await asyncio.gather(*(node.ingester.append(part(0, ["a"])) for _ in range(3)))
        await node.ingester.append(part(0, ["a"]))
        assert node.in_memory() == ["a"]


async def test_a_part_is_stored_once_even_when_it_comes_again_after_a_restart() -> None:
    disk, blocks = SimDisk(), Blocks()
    async with started(disk, blocks) as node:
        await node.ingester.append(part(0, ["a"]))
    async with started(disk, blocks) as node:
        await node.ingester.append(part(0, ["a"]))
        await node.ingester.flush_all()
        assert blocks.lines() + node.in_memory() == ["a"]


async def test_labels_travel_once_a_generation() -> None:
    async with started(SimDisk(), Blocks()) as node:
        with pytest.raises(UnknownSeries) as unknown:
            await node.ingester.append(part(0, ["a"], labels=False))
        assert unknown.value.fingerprints == (series("api").fingerprint,)

        first = await node.ingester.append(part(0, ["a"]))
        assert await node.ingester.append(part(1, ["b"], labels=False)) == first
        node.ingester.cut()
        with pytest.raises(UnknownSeries):
            await node.ingester.append(part(2, ["c"], labels=False))


@pytest.mark.parametrize(
    "why",
    [
        IngesterConfig(generation_age_s_max=10, generation_idle_s_max=1_000),
        IngesterConfig(generation_age_s_max=1_000, generation_idle_s_max=10),
        IngesterConfig(generation_bytes_max=1, head_bytes_max=10_000_000),
    ],
    ids=["old", "idle", "full"],
)
async def test_a_generation_is_flushed_once_it_is(why: IngesterConfig) -> None:
    async with started(SimDisk(), Blocks(), why) as node:
        await node.ingester.append(part(0, ["a"]))
        await node.clock.advance(12)
        assert node.blocks.lines() == ["a"]
        assert node.in_memory() == []


@pytest.mark.parametrize("error", [Unavailable("the store is away"), ValueError("no block can hold this")])
async def test_a_flush_is_tried_until_it_succeeds_and_rows_stay_visible_meanwhile(error: Exception) -> None:
    async with started(SimDisk(), Blocks(failures=5, error=error)) as node:
        await node.ingester.append(part(0, ["a"]))
        flushed = asyncio.ensure_future(node.ingester.flush_all())
        await node.clock.advance(2)
        assert not flushed.done()
        assert node.in_memory() == ["a"]
        assert node.ingester.flush_backlog() == 1
        await node.ingester.append(part(1, ["b"]))

        await node.clock.advance(120)
        await flushed
        assert node.blocks.lines() == ["a"]
        assert node.in_memory() == ["b"]


async def test_segments_go_only_after_their_rows_are_in_blocks() -> None:
    async with started(SimDisk(), Blocks(failures=1)) as node:
        await node.ingester.append(part(0, ["a"]))
        first = node.log.segments()[0].number
        flushed = asyncio.ensure_future(node.ingester.flush_all())
        await node.clock.advance(0.1)
        assert node.log.segments()[0].number == first

        await node.clock.advance(10)
        await flushed
        await node.clock.advance(0)
        assert node.log.segments()[0].number > first


async def test_a_full_head_refuses_before_anything_is_logged() -> None:
    async with started(SimDisk(), Blocks(failures=10**9), IngesterConfig(generation_bytes_max=5_000, head_bytes_max=10_000)) as node:
        outcomes = await asyncio.gather(*(node.ingester.append(part(n, ["x" * 1_000])) for n in range(2)))
        with pytest.raises(HeadFull) as refused:
            await node.ingester.append(part(2, ["x" * 1_000]))
        assert refused.value.retry_after_s
        assert len(node.in_memory()) == len(outcomes)


async def test_a_stopping_ingester_refuses_and_flushes_what_it_has() -> None:
    async with started(SimDisk(), Blocks()) as node:
        await node.ingester.append(part(0, ["a"]))
        assert await node.ingester.stop()
        assert node.blocks.lines() == ["a"]
        with pytest.raises(Stopping):
            await node.ingester.append(part(1, ["b"]))


async def test_a_caller_that_goes_away_does_not_hide_what_was_logged() -> None:
    disk = SimDisk()
    async with started(disk, Blocks()) as node:
        caller = asyncio.ensure_future(node.ingester.append(part(0, ["a"])))
        await asyncio.sleep(0)
        caller.cancel()
        await node.clock.advance(0.1)
        assert node.in_memory() == ["a"]
    async with started(disk, Blocks()) as node:
        assert node.in_memory() + node.blocks.lines() == ["a"]


@pytest.mark.parametrize("seed", range(60))
async def test_what_was_acknowledged_survives_any_power_loss_and_is_there_once(seed: int) -> None:
    outcome = await lives(seed, SimDisk())
    assert set(outcome.acknowledged) <= set(outcome.found), f"seed {seed}: lost"
    assert len(outcome.found) == len(set(outcome.found)), f"seed {seed}: twice"
    assert set(outcome.found) <= set(outcome.sent), f"seed {seed}: invented"


async def test_the_same_lives_on_a_disk_that_does_not_sync_lose_rows() -> None:
    """The negative control: without fdatasync the property above must fail for some seed."""
    for seed in range(60):
        disk = SimDisk()
        disk.sync_nothing = True
        outcome = await lives(seed, disk)
        if not set(outcome.acknowledged) <= set(outcome.found):
            return
    pytest.fail("no seed noticed that nothing was synced")


@dataclass
class Outcome:
    sent: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


async def lives(seed: int, disk: SimDisk) -> Outcome:
    """Several lives of one ingester, each ended by power loss at a random moment, and a last one that tells what it found."""
    rng = random.Random(seed)
    blocks, outcome, number = Blocks(), Outcome(), 0
    for _ in range(rng.randint(2, 5)):
        blocks.failures = rng.choice([0, 0, 1, 3])
        config = IngesterConfig(generation_bytes_max=rng.choice([1, 20_000, 10**8]), head_bytes_max=10**9)
        async with started(disk, blocks, config) as node:
            for _ in range(rng.randint(0, 12)):
                number += 1
                await _append(node, number, rng, outcome)
                if rng.random() < 0.15:
                    node.ingester.cut()
                if rng.random() < 0.2:
                    await node.clock.advance(rng.uniform(0, 20))
        disk.power_loss(rng, keep=rng.choice([0.0, 0.5, 1.0]))
    async with started(disk, blocks) as node:
        flushing = asyncio.ensure_future(node.ingester.flush_all())
        await node.clock.advance(200)
        await flushing
        outcome.found = blocks.lines() + node.in_memory()
    return outcome


async def _append(node: Running, number: int, rng: random.Random, outcome: Outcome) -> None:
    lines = [f"{number}-{i}" for i in range(rng.randint(1, 4))]
    outcome.sent += lines
    pending = asyncio.ensure_future(node.ingester.append(part(number, lines)))
    if rng.random() < 0.8:
        await node.clock.advance(0.01)
    if pending.done() and pending.exception() is None:
        outcome.acknowledged += lines
    else:
        pending.add_done_callback(lambda done: done.cancelled() or done.exception())


async def test_segments_that_cannot_be_deleted_at_first_are_deleted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with started(SimDisk(), Blocks()) as node:
        delete, refusals = node.log.delete_before, [Unavailable("no space left"), Unavailable("no space left")]

        async def reluctant(segment: int) -> None:
            if refusals:
                raise refusals.pop()
            await delete(segment)

        monkeypatch.setattr(node.log, "delete_before", reluctant)
        first = node.log.segments()[0].number
        await node.ingester.append(part(0, ["a"]))
        await node.ingester.flush_all()
        await node.clock.advance(10)
        assert node.log.segments()[0].number > first
        await node.ingester.append(part(1, ["b"]))
        assert node.in_memory() == ["b"]


def copy_of(number: int, lines: list[str], *owners: str) -> Part:
    return replace(part(number, lines), owners=owners)


def ids_of(*parts: Part) -> PartIds:
    found = PartIds()
    for each in parts:
        found.add(each.id)
    return found


async def test_only_the_primary_brings_a_part_into_a_block_and_the_other_node_waits_until_it_has_read_of_it() -> None:
    disk, blocks = SimDisk(), Blocks()
    theirs = copy_of(1, ["theirs"], "b", "a")
    async with started(disk, blocks) as node:
        await node.ingester.append(copy_of(0, ["mine"], "a", "b"))
        await node.ingester.append(theirs)
        first = node.log.segments()[0].number
        node.ingester.cut()
        await node.clock.advance(60)
        assert blocks.lines() == ["mine"]
        assert node.in_memory() == ["mine", "theirs"]
        assert node.log.segments()[0].number == first, "the log keeps what is in no block"

        blocks.elsewhere = ids_of(theirs)
        await node.clock.advance(2)
        assert blocks.lines() == ["mine"]
        assert node.in_memory() == []
        assert node.log.segments()[0].number > first


@pytest.mark.parametrize("why", ["late", "asked", "a peer is gone", "memory is short"])
async def test_a_part_that_its_primary_does_not_bring_into_a_block_is_flushed_by_the_other_node(why: str) -> None:
    config = IngesterConfig(generation_bytes_max=5_000, head_bytes_max=10_000) if why == "memory is short" else IngesterConfig()
    async with started(SimDisk(), Blocks(), config) as node:
        await node.ingester.append(copy_of(1, ["theirs"], "b", "a"))
        node.ingester.cut()
        await node.clock.advance(5)
        match why:
            case "late":
                await node.clock.advance(config.cover_wait_s_max)
            case "asked":
                await node.ingester.flush_all()
            case "a peer is gone":
                node.ingester.hurry()
                await node.clock.advance(1)
            case _:
                await node.ingester.append(copy_of(2, ["x"], "b", "a"))
                await node.clock.advance(2)
        assert "theirs" in node.blocks.lines()


async def test_stored_rows_stay_in_memory_until_every_querier_must_have_seen_their_blocks() -> None:
    async with started(SimDisk(), Blocks(), IngesterConfig(linger_s=20)) as node:
        await node.ingester.append(part(0, ["a"]))
        await node.ingester.flush_all()
        assert node.blocks.lines() == node.in_memory() == ["a"]
        await node.clock.advance(22)
        assert node.in_memory() == []


async def test_a_restart_flushes_the_same_blocks_and_still_waits_for_the_other_primary() -> None:
    disk, blocks = SimDisk(), Blocks(failures=1)
    async with started(disk, blocks) as node:
        await node.ingester.append(copy_of(0, ["mine"], "a", "b"))
        await node.ingester.append(copy_of(1, ["theirs"], "b", "a"))
        node.ingester.cut()
        await node.clock.advance(0.1)
    async with started(disk, blocks) as node:
        await node.clock.advance(10)
        assert blocks.lines() == ["mine"]
        assert node.in_memory() == ["mine", "theirs"]


async def test_a_second_copy_goes_to_the_object_store_when_there_is_no_other_node() -> None:
    store = Store()
    async with started(SimDisk(), Blocks(), store=store) as node:
        await node.ingester.append(part(0, ["a"]))
        answer = await node.ingester.append(part(1, ["b"], labels=False), spill=True)
        assert (answer.homes, list(store.lines.values())) == (2, [["b"]])
        assert node.ingester.spilled_rows() == 1
        await node.ingester.flush_all()
        assert store.lines == {}
        assert node.ingester.spilled_rows() == 0


async def test_what_is_only_here_is_known_after_a_crash_too() -> None:
    disk, store = SimDisk(), Store()
    async with started(disk, Blocks(), store=store) as node:
        await node.ingester.append(part(0, ["a"]), spill=True)
        store.is_away = True
        await node.ingester.append(part(1, ["b", "c"]), spill=True)
    disk.kill()
    async with started(disk, Blocks(), store=store) as node:
        assert (node.ingester.spilled_rows(), node.ingester.single_copy_rows()) == (1, 2)


async def test_it_tells_since_when_everything_that_it_forgot_is_in_blocks() -> None:
    async with started(SimDisk(), Blocks(), IngesterConfig(linger_s=10)) as node:
        assert node.ingester.forgotten_age_ns() == 0, "what an earlier process had is in blocks since before the start"
        await node.clock.advance(100)
        await node.ingester.append(part(0, ["a"]))
        await node.ingester.flush_all()
        stored_ns = node.clock.monotonic_ns()
        await node.clock.advance(9)
        assert node.ingester.forgotten_age_ns() == node.clock.monotonic_ns(), "it lingers"
        await node.clock.advance(5)
        assert node.ingester.forgotten_age_ns() == node.clock.monotonic_ns() - stored_ns


@pytest.mark.parametrize("policy", ["local", "reject"])
async def test_without_any_second_home_the_policy_decides_and_single_copies_are_counted(policy: str) -> None:
    store = Store()
    store.is_away = True
    async with started(SimDisk(), Blocks(), IngesterConfig(degraded_ack=policy), store=store) as node:
        if policy == "reject":
            with pytest.raises(NoSecondHome):
                await node.ingester.append(part(0, ["a"]), spill=True)
            store.is_away = False
            assert (await node.ingester.append(part(0, ["a"]), spill=True)).homes == 2, "a retry of the same part gets its second home"
        else:
            assert (await node.ingester.append(part(0, ["a"]), spill=True)).homes == 1
            assert node.ingester.single_copy_rows() == 1
        assert node.in_memory() == ["a"]
        await node.ingester.flush_all()
        assert node.ingester.single_copy_rows() == 0

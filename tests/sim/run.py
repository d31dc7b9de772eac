"""One run: a cluster under load and under faults for a while, then in peace; then everything is checked, everything restarted, and checked again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lgtm.ring.instances import InstanceState
from sim.clients import SENDS, TENANTS, Truth, Writer, questions, read_for_ever, write_for_ever
from sim.faults import make_trouble
from sim.loop import SimLoop
from sim.world import Host, World

TROUBLE_S = 45.0
PEACE_S = 240.0
"""Within which writes are accepted, copies are two, and nothing waits to be stored (I10)."""
DEFAULTS = {"ingester.degraded_ack": "reject"}
"""Rows that only one disk holds may go with that disk: then they are not acknowledged at all."""
Script = Callable[[World, random.Random, float], Awaitable[None]]


@dataclass(slots=True)
class Outcome:
    seed: int
    violations: list[str]
    journal: list[str]
    acked: Counter[str]
    """How many lines, spans and samples."""
    attempts: Counter[str]
    answers: Counter[str]
    slowest_ack_s: float
    virtual_s: float

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.journal).encode()).hexdigest()[:16]


def run(seed: int, *, trouble: Script = make_trouble, trouble_s: float = TROUBLE_S, settings: dict[str, str] | None = None) -> Outcome:
    rng = random.Random(f"run {seed}")
    loop = SimLoop(random.Random(f"threads {seed}"))
    loop.set_exception_handler(lambda _loop, _context: None)
    directory = Path(tempfile.mkdtemp(prefix="lgtm-sim-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    count = rng.choice((2, 3, 3, 3, 4, 5))
    chosen = {**DEFAULTS, **(settings or {})}
    world = World(loop, seed, count, directory, chosen)
    truth = Truth(rng.choice(SENDS))
    try:
        loop.run_until_complete(_life(world, truth, rng, trouble, trouble_s))
    finally:
        world.kill_all(power=False)
        loop.close()
        shutil.rmtree(directory, ignore_errors=True)
    return Outcome(
        seed, world.journal.violations, world.journal.entries, truth.acked_counts, truth.attempts, truth.answers,
        truth.slowest_ack_s, loop.time(),
    )  # fmt: skip


async def _life(world: World, truth: Truth, rng: random.Random, trouble: Script, trouble_s: float) -> None:
    world.journal.note(f"{len(world.hosts)} hosts")
    keeper = world.loop.create_task(world.keep_alive())
    for host in world.hosts:
        host.restart_at_s = rng.uniform(0, 3)
    await world.until(lambda: len(world.ready()) == len(world.hosts), 30)
    clients = [world.loop.create_task(write_for_ever(world, truth, random.Random(rng.random()), f"w{n}")) for n in range(3)]
    clients.append(world.loop.create_task(read_for_ever(world, truth, random.Random(rng.random()))))
    await trouble(world, random.Random(rng.random()), trouble_s)
    await asyncio.sleep(2)
    for client in clients:
        client.cancel()
    for ended in await asyncio.gather(*clients, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            world.journal.violated("sim", f"a client failed: {ended!r}")
    await _recovers(world, truth, rng)
    await _all_answers(world, truth, rng, "after peace")
    world.kill_all(power=True)
    await world.until(lambda: len(world.ready()) == len(world.hosts), 60)
    await _recovers(world, truth, rng)
    await _all_answers(world, truth, rng, "after everything lost power")
    await _sleeps_well(world)
    await _all_answers(world, truth, rng, "from blocks alone")
    keeper.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeper


async def _recovers(world: World, truth: Truth, rng: random.Random) -> None:
    """I10: within PEACE_S every node accepts writes, all see all, and nobody holds rows alone."""
    end_s = world.loop.time() + PEACE_S
    if not await world.until(lambda: len(world.ready()) == len(world.hosts), PEACE_S):
        world.journal.violated("I10", "not every node is ready")
        return
    if not await world.until(lambda: _is_settled(world), end_s - world.loop.time()):
        world.journal.violated("I10", f"not settled: {_reasons(world)[:3]}")
    writer = Writer(world, truth, rng, f"probe-{world.loop.time():.3f}")
    for tenant, sends in zip(TENANTS, truth.sends, strict=True):
        for what in sends:
            if not await writer.write(tenant, what, 1):
                world.journal.violated("I10", f"{what} are not accepted in peace")


def _is_settled(world: World) -> bool:
    _forget_what_is_missed(world)
    return not _reasons(world)


def _forget_what_is_missed(world: World) -> None:
    """What an operator does about a disk that is gone, once told that it may have been the only one with some rows."""
    ids = {host.node.ingester.id for host in world.ready() if host.node is not None}
    for host in world.ready():
        assert host.node is not None
        assert host.node.cluster is not None
        for each in host.node.cluster.lost_to() - ids:
            world.journal.note(f"{host.name} is told to forget {each[:6]}")
            host.node.cluster.forget(each)


def _reasons(world: World) -> list[str]:
    found = []
    ids = {host.node.ingester.id for host in world.ready() if host.node is not None}
    for host in world.ready():
        assert host.node is not None
        assert host.node.cluster is not None
        known = {each.id: each.state for each in host.node.cluster.ring.instances()}
        found += [f"{host.name} does not know {each[:6]}" for each in ids - known.keys()]
        found += [f"{host.name}: {each[:6]} is {known[each].value}" for each in ids & known.keys() if known[each] is not InstanceState.ACTIVE]
        # A host that was wiped came back as another one: its old self is away until an operator forgets it.
        mine = [each for each in host.node.cluster.standing.settled().reasons if any(one in each for one in ids) and "find it safe" not in each]
        found += [f"{host.name}: {each}" for each in mine]
        found += [f"{host.name} has not read of blocks"] * (not host.node.catalogue.is_loaded)
    return found


async def _all_answers(world: World, truth: Truth, rng: random.Random, when: str) -> None:
    """Each node gives a complete answer to each question, and it is exact (I1 to I5, I8)."""
    for host in world.ready():
        if not await _answers(world, truth, rng, host):
            world.journal.violated("I10", f"{host.name} gives no complete answer {when}")


async def _answers(world: World, truth: Truth, rng: random.Random, host: Host) -> bool:
    """Whether each question is answered completely in the end; none is asked after one that is not, for a mutant would have all of them wait."""
    for tenant, check in questions(truth):
        for _ in range(20):
            if await check(world, truth, rng, host, tenant) == "complete":
                break
            await asyncio.sleep(5)
        else:
            return False
    return True


async def _sleeps_well(world: World) -> None:
    """Once idle, everything is in blocks, and the logs are empty but for their open segment (I9 is that the answers stay exact then)."""

    def unstored() -> list[str]:
        return [host.name for host in world.ready() if host.node is not None and host.node.ingester.oldest_unstored_ns() is not None]

    if not await world.until(lambda: not unstored(), PEACE_S):
        world.journal.violated("I10", f"rows are not stored in the end: {unstored()}")

    def held() -> list[str]:
        return [host.name for host in world.ready() if host.node is not None and host.node.ingester.head_rows()]

    if not await world.until(lambda: not held(), PEACE_S):
        world.journal.violated("I10", f"rows stay in memory after they are stored: {held()}")

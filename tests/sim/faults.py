"""What goes wrong, when, and until when: drawn from the seed, one thing after the other, several at a time.

Crashes, power losses, pauses, partitions, bad networks, stores that are away, full and failing disks, wrong clocks: as many as the seed wants, for
none of them may lose anything. A wiped disk and flipped bytes destroy a copy for good, so there is one of these a run at most.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from sim.loop import HostState
from sim.network import Faults
from sim.store import Trouble
from sim.world import Host, World

Fault = Callable[[World, random.Random], Coroutine[Any, Any, None]]


def _running(world: World, rng: random.Random) -> Host | None:
    found = [host for host in world.hosts if host.is_up and host.process is not None and host.process.state is HostState.RUNNING]
    return rng.choice(found) if found else None


async def kill(world: World, rng: random.Random) -> None:
    host = _running(world, rng)
    if host is not None and host.process is not None:
        world.crash(host, host.process, "killed")


async def power_loss(world: World, rng: random.Random) -> None:
    host = _running(world, rng)
    if host is not None and host.process is not None:
        world.crash(host, host.process, "power lost", power=True)


async def restart_gracefully(world: World, rng: random.Random) -> None:
    host = _running(world, rng)
    if host is not None and host.stop is not None:
        world.journal.note(f"{host.name} is told to stop")
        host.stop.set()


async def pause(world: World, rng: random.Random) -> None:
    host = _running(world, rng)
    if host is None or host.process is None:
        return
    process, seconds = host.process, rng.choice((0.5, 3, 12, 30))
    process.state = HostState.PAUSED
    world.journal.note(f"{host.name} stands still for {seconds:g} s")
    await asyncio.sleep(seconds)
    if process.state is HostState.PAUSED:
        world.loop.resume(process)
        world.journal.note(f"{host.name} goes on")


async def partition(world: World, rng: random.Random) -> None:
    """One host from all others, both ways or one."""
    host = rng.choice(world.hosts)
    others = [other for other in world.hosts if other is not host]
    pairs = {(host.address, other.address) for other in others} | {(other.address, host.address) for other in others}
    kind = rng.choice(("both ways", "both ways", "outward", "inward", "one link"))
    if kind == "outward":
        pairs = {pair for pair in pairs if pair[0] == host.address}
    elif kind == "inward":
        pairs = {pair for pair in pairs if pair[1] == host.address}
    elif kind == "one link":
        pairs = {pair for pair in pairs if others[0].address in pair}
    world.journal.note(f"{host.name} is cut off, {kind}")
    world.network.cut |= pairs
    await asyncio.sleep(rng.uniform(1, 25))
    world.network.cut -= pairs
    world.journal.note(f"{host.name} is joined again")


async def bad_network(world: World, rng: random.Random) -> None:
    faults = Faults(
        loss=rng.choice((0.0, 0.1, 0.3)), twice=rng.choice((0.0, 0.1)), lost_calls=rng.choice((0.0, 0.05, 0.2)),
        lost_answers=rng.choice((0.0, 0.05, 0.2)), delay_s=rng.choice((0.01, 0.1, 0.4)),
    )  # fmt: skip
    world.journal.note(f"the network is bad: {faults}")
    world.network.faults = faults
    await asyncio.sleep(rng.uniform(2, 20))
    world.network.faults = Faults()
    world.journal.note("the network is good")


async def store_trouble(world: World, rng: random.Random) -> None:
    kind = rng.choice(("away", "unreliable", "slow"))
    trouble = {
        "away": Trouble(is_away=True),
        "unreliable": Trouble(fails=0.2, loses_answers=0.2),
        "slow": Trouble(slow_s=4.0),
    }[kind]
    world.journal.note(f"the store is {kind}")
    vars(world.trouble).update(vars(trouble))
    await asyncio.sleep(rng.uniform(3, 25))
    vars(world.trouble).update(vars(Trouble()))
    world.journal.note("the store is well")


async def sync_error(world: World, rng: random.Random) -> None:
    host = _running(world, rng)
    if host is not None:
        world.journal.note(f"the next sync of {host.name} fails")
        host.disk.fail_sync = 1


async def full_disk(world: World, rng: random.Random) -> None:
    host = rng.choice(world.hosts)
    disk = host.disk
    used = (disk.capacity or 0) - disk.free_bytes if disk.capacity else _allocated(host)
    disk.capacity = used + rng.choice((0, 30_000))
    world.journal.note(f"the disk of {host.name} is full")
    await asyncio.sleep(rng.uniform(3, 20))
    disk.capacity = None
    world.journal.note(f"the disk of {host.name} has room")


def _allocated(host: Host) -> int:
    inodes = {id(inode): inode for directory in host.disk.directories.values() for inode in directory.cached.values()}
    return sum(inode.allocated for inode in inodes.values())


async def slow_disk(world: World, rng: random.Random) -> None:
    host = rng.choice(world.hosts)
    host.sync_s = rng.choice((0.3, 2.0))
    world.journal.note(f"the disk of {host.name} is slow")
    await asyncio.sleep(rng.uniform(2, 15))
    host.sync_s = 0.004


async def wrong_clock(world: World, rng: random.Random) -> None:
    host = rng.choice(world.hosts)
    host.clock.skew_s = rng.choice((-3_600.0, -30.0, 30.0, 3_600.0))
    world.journal.note(f"the clock of {host.name} is wrong by {host.clock.skew_s:g} s")
    await asyncio.sleep(rng.uniform(5, 25))
    host.clock.skew_s = host.right_skew_s


async def everything_goes_down(world: World, rng: random.Random) -> None:
    world.kill_all(power=rng.random() < 0.5)


FAULTS: tuple[tuple[Fault, int], ...] = (
    (kill, 5), (power_loss, 4), (restart_gracefully, 3), (pause, 4), (partition, 5), (bad_network, 4), (store_trouble, 4), (sync_error, 1),
    (full_disk, 2), (slow_disk, 2), (wrong_clock, 2), (everything_goes_down, 1),
)  # fmt: skip
"""With how often each is drawn."""


async def destroy(world: World, rng: random.Random) -> None:
    """Kills one host and takes one copy away for good: its whole disk, or some bytes of its log."""
    host = _running(world, rng)
    if host is None or host.process is None:
        return
    world.crash(host, host.process, "killed for good")
    if rng.random() < 0.5:
        world.wipe(host)
    else:
        flip_bytes(world, host, rng)


def flip_bytes(world: World, host: Host, rng: random.Random) -> None:
    segments = [
        path / name for path, directory in host.disk.directories.items() for name in directory.cached if name.endswith(".log")
    ]  # fmt: skip
    for path in rng.sample(segments, min(2, len(segments))):
        size = len(host.disk.contents(path))
        places = [rng.randrange(size) for _ in range(rng.choice((1, 3)))] if size else []

        def flip(data: bytearray, places: list[int] = places) -> None:
            for place in places:
                data[place] ^= 1 << rng.randrange(8)

        host.disk.edit(path, flip)
        world.journal.note(f"{host.name}: bytes {places} of {path.name} are flipped")


async def make_trouble(world: World, rng: random.Random, seconds: float) -> None:
    """For so long; returns when everything that can heal has healed."""
    end_s = world.loop.time() + seconds
    faults, weights = zip(*FAULTS, strict=True)
    destruction_s = world.loop.time() + rng.uniform(0, seconds) if rng.random() < 0.4 else None
    async with asyncio.TaskGroup() as tasks:
        while (now_s := world.loop.time()) < end_s:
            await asyncio.sleep(rng.expovariate(1 / 6))
            if destruction_s is not None and now_s >= destruction_s:
                destruction_s = None
                tasks.create_task(destroy(world, rng))
            else:
                (fault,) = rng.choices(faults, weights)
                tasks.create_task(fault(world, rng))
    heal(world)


def heal(world: World) -> None:
    world.network.cut.clear()
    world.network.faults = Faults()
    vars(world.trouble).update(vars(Trouble()))
    for host in world.hosts:
        host.disk.capacity, host.sync_s = None, 0.004
        host.disk.fail_sync, host.clock.skew_s = 0, host.right_skew_s
        if host.process is not None and host.process.state is HostState.PAUSED:
            world.loop.resume(host.process)
    world.journal.note("everything has healed")

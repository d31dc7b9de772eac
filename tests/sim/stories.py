"""Trouble that is told instead of drawn: what random faults bring about once in a thousand seeds, each time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from sim.faults import heal
from sim.run import Script
from sim.world import Host, World

DAMAGED_BYTES = range(200, 40_000, 400)


async def damaged_then_alone(world: World, rng: random.Random, _seconds: float) -> None:
    """A host loses most of its log, and as soon as it is back another one, which may have the only other copy, goes down for a while."""
    await asyncio.sleep(7)
    damaged, other = rng.sample(world.hosts, 2)
    _crash(world, damaged)
    _damage(world, damaged)
    damaged.restart_at_s = world.loop.time()
    await world.until(lambda: damaged.is_ready, 20)
    _crash(world, other)
    other.restart_at_s = world.loop.time() + 30
    await asyncio.sleep(25)
    heal(world)


def _crash(world: World, host: Host) -> None:
    assert host.process is not None
    world.crash(host, host.process, "killed")


def _damage(world: World, host: Host) -> None:
    """Every few hundred bytes: frames are left in between, which tell that acknowledged ones are gone."""

    def flip(data: bytearray) -> None:
        for place in DAMAGED_BYTES:
            if place < len(data) and data[place]:
                data[place] ^= 1

    for path, directory in host.disk.directories.items():
        for name in [name for name in directory.cached if name.endswith(".log")]:
            host.disk.edit(path / name, flip)
    world.journal.note(f"{host.name}: its log is damaged")


async def cut_off(world: World, rng: random.Random, _seconds: float) -> None:
    """One host after the other is cut off, so that others hear nothing of it, while both sides are written to and asked."""
    for host in rng.sample(world.hosts, 2):
        await asyncio.sleep(rng.uniform(4, 8))
        others = [other for other in world.hosts if other is not host]
        world.network.cut |= {(host.address, other.address) for other in others} | {(other.address, host.address) for other in others}
        world.journal.note(f"{host.name} is cut off")
        await asyncio.sleep(12)
        heal(world)


STORIES: Mapping[str, Script] = {"damaged-then-alone": damaged_then_alone, "cut-off": cut_off}

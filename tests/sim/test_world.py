"""What a simulated machine must not do."""

from __future__ import annotations

import asyncio
import gc
import random
from pathlib import Path

import pytest

from lgtm.app import loop_lag
from sim.loop import HostState, Process, SimLoop
from sim.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", loop_lag.INTERVAL_S)  # a world changes it
    return World(SimLoop(random.Random(1)), 1, 1, tmp_path)


def test_a_process_that_was_killed_runs_nothing_any_more_not_even_when_its_host_has_another(world: World) -> None:
    ran: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ran.append("finally")

    (host,) = world.hosts
    process = host.process = Process(host.address)
    world.loop.create_task(work(), context=process.context.copy())
    world.loop.run_until_complete(asyncio.sleep(1))
    world.crash(host, process, "killed")
    assert process.state is HostState.DEAD
    host.process = Process(host.address)
    del process
    gc.collect()
    assert not ran
    (killed,) = world._graveyard
    killed.state = HostState.RUNNING  # so that the loop can be closed
    for task in killed.tasks:
        world.loop.call_soon(task.cancel, context=killed.context.copy())
    world.loop.run_until_complete(asyncio.wait(killed.tasks))
    world.loop.close()

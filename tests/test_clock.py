from __future__ import annotations

import asyncio

import pytest

from lgtm.clock import NS_PER_S, Clock, ManualClock, SystemClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=["system", "manual"])
async def test_a_clock_goes_forward_while_one_sleeps(clock: Clock) -> None:
    before_ns, monotonic_ns = clock.now_ns(), clock.monotonic_ns()
    sleeper = asyncio.ensure_future(clock.sleep(0.001))
    if isinstance(clock, ManualClock):
        await clock.advance(0.001)
    await sleeper
    assert clock.monotonic_ns() - monotonic_ns >= NS_PER_S // 1_000
    assert clock.now_ns() >= before_ns


async def test_sleepers_wake_at_their_own_times_and_in_their_order() -> None:
    clock, woken = ManualClock(now_ns=0), list[tuple[str, int]]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now_ns() // NS_PER_S))

    tasks = [asyncio.ensure_future(sleeper(name, seconds)) for name, seconds in (("late", 30), ("early", 10), ("also early", 10), ("never", 100))]
    await clock.advance(60)
    assert woken == [("early", 10), ("also early", 10), ("late", 30)]
    tasks[-1].cancel()


async def test_one_who_sleeps_again_is_woken_again_within_one_advance() -> None:
    clock, beats = ManualClock(now_ns=0), list[int]()

    async def beat() -> None:
        while True:
            await clock.sleep(10)
            beats.append(clock.now_ns() // NS_PER_S)

    task = asyncio.ensure_future(beat())
    await clock.advance(35)
    assert beats == [10, 20, 30]
    task.cancel()


async def test_a_cancelled_sleeper_is_left_alone() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(1))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(2)
    assert task.cancelled()


def test_a_jump_moves_the_wall_time_only() -> None:
    clock = ManualClock(now_ns=0)
    clock.jump(-5)
    assert (clock.now_ns(), clock.monotonic_ns()) == (-5 * NS_PER_S, 0)


async def test_no_time_is_no_wait() -> None:
    await ManualClock().sleep(0)

"""One turn a round of the event loop, in order, and none is lost."""

from __future__ import annotations

import asyncio

import pytest

from lgtm.api.turns import Turns


class Rounds:
    """Counts the rounds of the loop."""

    def __init__(self) -> None:
        self.count = 0
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._next)

    def _next(self) -> None:
        self.count += 1
        self._loop.call_soon(self._next)


async def test_each_turn_is_in_a_round_of_its_own_and_in_order() -> None:
    turns, rounds, taken = Turns(), Rounds(), list[tuple[int, int]]()

    async def work(number: int) -> None:
        await turns.take()
        taken.append((number, rounds.count))

    await asyncio.gather(*(work(number) for number in range(5)))
    assert [number for number, _ in taken] == list(range(5))
    assert len({at for _, at in taken}) == 5


async def test_nobody_waits_when_nobody_else_is_there() -> None:
    turns, rounds = Turns(), Rounds()
    await turns.take()
    assert rounds.count == 0


async def rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_who_goes_away_gives_the_turn_on() -> None:
    turns, taken = Turns(), list[str]()

    async def work(name: str) -> None:
        await turns.take()
        taken.append(name)

    tasks = [asyncio.create_task(work(name)) for name in "abcd"]
    await rounds(1)
    assert taken == ["a"]
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert taken == ["a", "c", "d"]


@pytest.mark.parametrize("after", range(6))
async def test_a_turn_is_not_lost_with_whoever_goes_away_while_it_is_given(after: int) -> None:
    turns = Turns()
    await turns.take()
    leaving, staying = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
    await rounds(after)
    leaving.cancel()
    await asyncio.wait_for(staying, 5)
    await asyncio.wait_for(turns.take(), 5)

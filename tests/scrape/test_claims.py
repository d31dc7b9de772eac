"""A target is ours once it has been for long enough that whoever had it knows."""

from __future__ import annotations

import pytest

from lgtm.clock import ManualClock
from lgtm.scrape.claims import LOOK_S, Claims

A, B = 1, 2


class Known:
    """Claims with a handover of 15 s that look after themselves as time goes on."""

    def __init__(self) -> None:
        self.clock, self.mine = ManualClock(), {A, B}
        self.claims = Claims(self.clock, lambda hash_: hash_ in self.mine, 15)
        self.claims.look([A, B])

    async def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            await self.clock.advance(1)
            self.claims.look([A, B])


def test_a_node_by_itself_waits_for_nothing() -> None:
    assert Claims(ManualClock()).hold(A)


@pytest.mark.parametrize(("handover_s", "look_s"), [(0, LOOK_S), (2, 1), (15, LOOK_S)])
def test_it_is_looked_twice_in_a_handover_at_least(handover_s: float, look_s: float) -> None:
    assert Claims(ManualClock(), handover_s=handover_s).look_s == look_s


async def test_what_is_new_is_held_after_a_handover() -> None:
    known = Known()
    await known.wait(14)
    assert not known.claims.hold(A)
    await known.wait(1)
    assert known.claims.hold(A)


async def test_what_was_away_for_a_moment_is_new_again() -> None:
    known = Known()
    await known.wait(20)
    known.mine.remove(A)
    assert not known.claims.hold(A)
    known.mine.add(A)
    assert (known.claims.hold(A), known.claims.hold(B)) == (False, True)
    await known.wait(15)
    assert known.claims.hold(A)


async def test_whoever_was_stopped_for_longer_than_a_handover_begins_anew() -> None:
    """Others may have taken it for dead meanwhile, and scrape in its place."""
    known = Known()
    await known.wait(20)
    await known.clock.advance(15)
    assert known.claims.hold(A), "nobody waits for less than a handover"
    await known.wait(1)
    await known.clock.advance(16)
    assert not known.claims.hold(A)
    await known.wait(14)
    assert not known.claims.hold(A)
    await known.wait(1)
    assert known.claims.hold(A)


async def test_what_is_gone_is_forgotten() -> None:
    known = Known()
    await known.wait(20)
    known.claims.forget([A])
    assert len(known.claims) == 1
    assert not known.claims.hold(A)

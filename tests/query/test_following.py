"""A tail over several nodes shows each part once, and goes on when one of them goes away and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from lgtm.clock import ManualClock
from lgtm.errors import Unavailable
from lgtm.ingester.tails import Tails
from lgtm.model.part import PartId
from lgtm.model.signal import LOGS
from lgtm.query.following import BUFFERED_PARTS_MAX, ClusterFollower, serve_tail
from support.parts import TENANT, WRITER, batch, lines_of


class Other:
    """Another node's tails behind the bytes that travel."""

    def __init__(self) -> None:
        self.tails = Tails()
        self.is_away = False

    async def call(self, method: str, data: bytes, timeout_s: float) -> bytes:
        raise AssertionError("a tail is a stream")

    async def stream(self, method: str, data: bytes, timeout_s: float) -> AsyncIterator[bytes]:
        assert method == "tail"
        if self.is_away:
            raise Unavailable("connection refused")
        async for piece in serve_tail(self.tails.follow, data):
            yield piece


def part_id(number: int) -> PartId:
    return PartId(WRITER, 1, number)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_part_that_arrives_at_two_nodes_is_seen_once() -> None:
    here, other = Tails(), Other()
    with ClusterFollower(here.follow, [other], TENANT, LOGS, ManualClock()) as follower:
        await settled()
        for tails, number in ((here, 1), (other.tails, 1), (other.tails, 2), (here, 3)):
            tails.publish(part_id(number), batch([f"line {number}"]))
        await settled()
        found = [line for _ in range(3) for line in lines_of([await follower.next()])]
        assert sorted(found) == ["line 1", "line 2", "line 3"]
        assert follower.take_dropped() == 0


async def test_a_node_that_was_away_is_followed_again() -> None:
    other, clock = Other(), ManualClock()
    other.is_away = True
    with ClusterFollower(Tails().follow, [other], TENANT, LOGS, clock) as follower:
        await clock.advance(3)
        other.is_away = False
        await clock.advance(2)
        other.tails.publish(part_id(1), batch(["back"]))
        assert lines_of([await follower.next()]) == ["back"]


async def test_a_slow_follower_loses_rows_and_is_told_how_many() -> None:
    here = Tails()
    with ClusterFollower(here.follow, [], TENANT, LOGS, ManualClock()) as follower:
        for number in range(BUFFERED_PARTS_MAX + 3):
            here.publish(part_id(number), batch(["x"]))
            await settled()
        assert follower.take_dropped() == 3

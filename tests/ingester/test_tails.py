from __future__ import annotations

import asyncio

from lgtm.ingester.tails import BUFFERED_BATCHES_MAX, Tails
from lgtm.model.part import PartId
from lgtm.model.signal import LOGS
from lgtm.model.tenant import Tenant
from support.parts import TENANT, WRITER, batch, lines_of

PART_ID = PartId(WRITER, 1, 1)


async def test_a_follower_gets_what_is_published_after_it_came() -> None:
    tails = Tails()
    tails.publish(PART_ID, batch(["before"]))
    with tails.follow(TENANT, LOGS) as follower:
        waiting = asyncio.ensure_future(follower.next())
        await asyncio.sleep(0)
        tails.publish(PART_ID, batch(["after"]))
        assert lines_of([await waiting]) == ["after"]


def test_nobody_follows_once_the_last_follower_has_left() -> None:
    tails = Tails()
    with tails.follow(TENANT, LOGS):
        assert tails.wanted(TENANT, LOGS)
    assert not tails.wanted(TENANT, LOGS)


async def test_tenants_do_not_see_each_other() -> None:
    tails = Tails()
    with tails.follow(Tenant("a"), LOGS) as one, tails.follow(Tenant("b"), LOGS) as other:
        tails.publish(PART_ID, batch(["for a"], tenant=Tenant("a")))
        tails.publish(PART_ID, batch(["for b"], tenant=Tenant("b")))
        assert lines_of([await one.next(), await other.next()]) == ["for a", "for b"]


def test_a_slow_follower_loses_rows_and_is_told_how_many() -> None:
    tails = Tails()
    with tails.follow(TENANT, LOGS) as follower:
        for _ in range(BUFFERED_BATCHES_MAX):
            tails.publish(PART_ID, batch(["kept"]))
        tails.publish(PART_ID, batch(["lost", "lost"]))
        assert follower.take_dropped() == 2
        assert follower.take_dropped() == 0

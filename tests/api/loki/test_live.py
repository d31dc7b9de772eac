"""Entries of a tail: the backlog first, then what arrives, each once, in order of time, and never more than there is room for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.loki.query_server import NOW_NS, FakeFollower, labels, log_result
from lgtm.api.loki.live import Dropped, Live, dropped_objects
from lgtm.clock import ManualClock
from lgtm.logql.parser import parse_log_selector
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from support.rows import Entry, batch_of

A, B = labels_of({"app": "a"}), labels_of({"app": "b"})


def batch(*rows: tuple[int, str], series: Any = A) -> Batch:
    return batch_of(Entry(series, ts, line, {}) for ts, line in rows)


def live(clock: ManualClock | None = None, *, delay_s: int = 0, entries_max: int = 100, query: str = '{app="a"}') -> Live:
    return Live(parse_log_selector(query), clock or ManualClock(), delay_s=delay_s, entries_max=entries_max)


async def lines(of: Live, count: int = 100) -> list[str]:
    async with asyncio.timeout(1):
        return (await of.next(count))[0].lines


async def test_entries_of_matching_streams_come_in_order_of_time() -> None:
    tail = live()
    tail.add(batch((2, "two"), (1, "one")))
    tail.add(batch((3, "other"), series=B))
    tail.add(batch((0, "zero")))
    assert await lines(tail) == ["zero", "one", "two"]


async def test_entries_keep_their_labels_and_times() -> None:
    tail = live()
    tail.add(batch_of([Entry(A, 5, "x", {"trace_id": "1"})]))
    result, _ = await tail.next(1)
    assert (result.ts_ns.tolist(), result.labels) == ([5], [labels({"app": "a"}, {"trace_id": "1"})])


async def test_lines_go_through_the_pipeline() -> None:
    tail = live(query='{app="a"} |= "keep"')
    tail.add(batch((1, "keep this"), (2, "not this")))
    assert await lines(tail) == ["keep this"]


async def test_the_backlog_comes_first_oldest_first_and_what_it_holds_comes_once() -> None:
    tail = live()
    tail.begin(log_result([(2, "two", labels({"app": "a"})), (1, "one", labels({"app": "a"}))]))
    tail.add(batch((2, "two"), (3, "three")))
    assert await lines(tail) == ["one", "two"]
    assert await lines(tail) == ["three"]


async def test_a_frame_has_a_bounded_number_of_entries() -> None:
    tail = live()
    tail.add(batch(*[(i, str(i)) for i in range(5)]))
    assert [await lines(tail, 2) for _ in range(3)] == [["0", "1"], ["2", "3"], ["4"]]


async def test_entries_wait_for_those_that_come_late() -> None:
    clock = ManualClock()
    tail = live(clock, delay_s=3)
    tail.add(batch((2, "two")))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(lines(tail))
        await clock.advance(2.9)
        assert not waiting.done()
        tail.add(batch((1, "one")))
        await clock.advance(0.1)
    assert waiting.result() == ["two"]
    tail.add(batch((0, "zero")))
    await clock.advance(3)
    assert await lines(tail) == ["zero", "one"]


async def test_what_there_is_no_room_for_is_dropped_and_told() -> None:
    tail = live(entries_max=2)
    tail.add(batch((1, "a"), (2, "b"), (3, "c")))
    result, dropped = await tail.next(10)
    assert result.lines == ["a", "b"]
    assert dropped_objects(dropped) == [{"timestamp": "3", "labels": {"app": "a"}}]
    tail.add(batch((4, "d")))
    assert (await tail.next(10))[1] == []


async def test_rows_that_were_lost_before_anybody_saw_them_are_told_too() -> None:
    tail, follower = live(ManualClock(NOW_NS)), FakeFollower(dropped=7)
    follower.arrived.put_nowait(batch((1, "one")))
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(tail.read(follower))
        result, dropped = await tail.next(10)
        if not dropped:
            dropped = (await tail.next(10))[1]
        reading.cancel()
    assert result.lines == ["one"]
    assert dropped == [Dropped(NOW_NS, ())]


async def test_nothing_is_answered_while_nothing_matches() -> None:
    tail = live()
    tail.add(batch((1, "x"), series=B))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await tail.next(1)

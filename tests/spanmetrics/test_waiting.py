"""Halves wait in a bounded room, and meet and expire as in a queue for each key."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.spanmetrics.halves import HALF, Halves
from lgtm.spanmetrics.texts import Texts
from lgtm.spanmetrics.waiting import Waiting

WAIT_NS = 10


def halves_of(*rows: tuple[int, bool], first: int = 0) -> Halves:
    """Key and side of each; each has a number, from `first`, as its service and as its time."""
    records = np.zeros(len(rows), HALF)
    records["key"][:, 0] = [key for key, _ in rows]
    records["is_client"] = [side for _, side in rows]
    records["at_ns"] = np.arange(first, first + len(rows))
    names = Texts.of([str(first + number) for number in range(len(rows))])
    return Halves(records, (names, Texts.absent(len(rows))))


def numbers(halves: Halves) -> list[int]:
    found: list[int] = halves.at_ns.tolist()
    assert halves.service.at(np.arange(len(halves))) == [str(number) for number in found]
    return found


def meet(waiting: Waiting, halves: Halves, now_ns: int = 0) -> tuple[set[tuple[int, int]], list[int]]:
    """Who left with whom, and who found no room."""
    rows, partners, dropped = waiting.meet(halves, now_ns)
    return set(zip(numbers(halves.take(rows)), numbers(partners), strict=True)), numbers(halves.take(dropped))


BATCHES = st.lists(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=6), max_size=6)


@given(BATCHES)
def test_who_waited_longest_leaves_first(batches: list[list[tuple[int, bool]]]) -> None:
    waiting, queues = Waiting(wait_ns=WAIT_NS, most=100, texts=2), defaultdict[tuple[int, bool], deque[int]](deque)
    first = 0
    for now_ns, batch in enumerate(batches):
        expected: set[tuple[int, int]] = set()
        # Within a batch new halves of one key are of one side, unless somebody waits with that key.
        sides: dict[int, bool] = {}
        known = {key for (key, _), queue in queues.items() if queue}
        batch = [(key, side) for key, side in batch if key in known or sides.setdefault(key, side) == side]
        for number, (key, side) in enumerate(batch, first):
            if queues[key, not side]:
                expected.add((number, queues[key, not side].popleft()))
            else:
                queues[key, side].append(number)
        assert meet(waiting, halves_of(*batch, first=first), now_ns) == (expected, [])
        assert len(waiting) == sum(map(len, queues.values()))
        assert all((bytes([key]) + bytes(23) in waiting) == any(queues[key, side] for side in (True, False)) for key in range(4))
        first += len(batch)
    assert sorted(numbers(waiting.expire(len(batches) + WAIT_NS))) == sorted(number for queue in queues.values() for number in queue)
    assert len(waiting) == 0


def test_only_those_expire_who_waited_long_enough_oldest_first() -> None:
    waiting = Waiting(wait_ns=WAIT_NS, most=100, texts=2)
    meet(waiting, halves_of((1, True), (2, True)), now_ns=0)
    meet(waiting, halves_of((1, True), (3, False), first=2), now_ns=5)
    assert numbers(waiting.expire(9)) == []
    assert numbers(waiting.expire(10)) == [0, 1]
    assert meet(waiting, halves_of((1, False), first=9), now_ns=11) == ({(9, 2)}, [])
    assert numbers(waiting.expire(15)) == [3]


def test_a_later_half_of_a_key_may_expire_with_the_first() -> None:
    waiting = Waiting(wait_ns=WAIT_NS, most=100, texts=2)
    meet(waiting, halves_of((1, True), (1, True), (1, True)))
    assert numbers(waiting.expire(10)) == [0, 1, 2]
    assert meet(waiting, halves_of((1, False))) == (set(), [])


def test_slots_that_are_used_again_do_not_change_the_order() -> None:
    waiting = Waiting(wait_ns=WAIT_NS, most=100, texts=2)
    meet(waiting, halves_of((1, True), (2, True), (3, True)))
    meet(waiting, halves_of((3, False), (1, False), first=3))
    meet(waiting, halves_of((4, True), (4, True), (5, True), first=5))
    assert numbers(waiting.expire(10)) == [1, 5, 6, 7]


def test_the_room_is_bounded_and_is_used_again() -> None:
    waiting = Waiting(wait_ns=WAIT_NS, most=3, texts=2)
    assert meet(waiting, halves_of(*((key, True) for key in range(5)))) == (set(), [3, 4])
    assert meet(waiting, halves_of((0, False), (7, True), (8, True), first=10)) == ({(10, 0)}, [12])
    assert len(waiting) == 3

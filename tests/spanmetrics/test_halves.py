"""Clients and servers of one key are joined in order."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.spanmetrics.halves import HALF, Halves, pair, rank_among_equals
from lgtm.spanmetrics.texts import Texts


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans())))
def test_pairs_are_those_of_a_queue(rows: list[tuple[int, bool]]) -> None:
    queues: dict[tuple[int, bool], deque[int]] = defaultdict(deque)
    expected: set[tuple[int, int]] = set()
    for row, (key, is_client) in enumerate(rows):
        others = queues[key, not is_client]
        if others:
            other = others.popleft()
            expected.add((row, other) if is_client else (other, row))
        else:
            queues[key, is_client].append(row)
    clients, servers, left = pair(np.array([key for key, _ in rows], np.int64), np.array([side for _, side in rows], bool))
    assert set(zip(clients.tolist(), servers.tolist(), strict=True)) == expected
    assert left.tolist() == sorted(row for queue in queues.values() for row in queue)


@given(st.lists(st.integers(0, 5)))
def test_ranks_count_the_equals_before(keys: list[int]) -> None:
    assert rank_among_equals(np.array(keys, np.int64)).tolist() == [keys[:at].count(key) for at, key in enumerate(keys)]


def test_equal_keys_have_equal_numbers() -> None:
    records = np.zeros(3, HALF)
    records["key"][:, 23] = [1, 0, 1]
    halves = Halves(records, (Texts.absent(3), Texts.absent(3)))
    numbers = halves.key_numbers().tolist()
    assert (numbers[0], len(set(numbers))) == (numbers[2], 2)
    assert halves.key_bytes() == [bytes(23) + b"\1", bytes(24), bytes(23) + b"\1"]
    assert halves.take(np.array([1])).key_bytes() == [bytes(24)]

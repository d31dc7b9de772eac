"""A node that is killed again and again while requests are pushed to it: what it answers after each start is held against what it acknowledged."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from benchmarks.server import NodeProcess
from e2e.pushing import Pushing, Requests, check_counts

Counted = Callable[[NodeProcess], Sequence[int]]
"""Records stored of each request."""


def push_through_kills(start: Callable[[], NodeProcess], data: Requests, per_request: int, counted: Counted, *, kills: int, seed: int) -> NodeProcess:
    """Returns the last node, which has acknowledged what others have not. start: of a node, on what the one before it left."""
    rng = random.Random(seed)
    acked, tried = set[int](), set[int]()
    everything = range(len(data.requests))
    share = len(everything) // (kills + 1)
    for _ in range(kills):
        node = start()
        check_counts(counted(node), per_request, acked, tried)
        with Pushing(node.http, data, [number for number in everything if number not in acked]) as pushing:
            pushing.wait_for_acks(rng.randint(1, share))
            node.kill()
        acked |= pushing.acked
        tried |= pushing.tried
    node = start()
    check_counts(counted(node), per_request, acked, tried)
    with Pushing(node.http, data, [number for number in everything if number not in acked]) as pushing:
        pass
    assert acked | pushing.acked == set(everything), pushing.refusals
    return node

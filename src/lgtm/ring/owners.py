"""Who should hold a key: all instances in the order in which they are asked, nearest token first, other zones before a zone's second instance.

    key ──▶ first token strictly above it, wrapping ──▶ walk on, taking distinct instances

The list has everybody, not only as many as there are copies: whoever fails is skipped and the next one asked, so a dead entry never blocks a write.
Method: consistent hashing, Karger et al. 1997, section 4.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from lgtm.ring.instances import Instance, InstanceState


def key_of(fingerprint: bytes) -> int:
    """32 bits of a series' fingerprint or a trace id, both of which are spread evenly already."""
    return int.from_bytes(fingerprint[:4], "big")


class RingView:
    """The instances that take writes at one moment. Immutable; preference lists are computed once for each arc.

    before: a view that may have had the same tokens. Each heartbeat makes a new view, and what it changes is seldom who owns what.
    """

    def __init__(self, instances: Iterable[Instance], before: RingView | None = None) -> None:
        self.instances = tuple(sorted((each for each in instances if each.state is InstanceState.ACTIVE and each.tokens), key=lambda each: each.id))
        owners = [(each.id, each.tokens) for each in self.instances]
        self._claims: _Claims = before._claims if before is not None and before._claims.owners == owners else _Claims(owners)
        self._tokens, self._claimed_by = self._claims.tokens, self._claims.claimed_by
        self._lists: dict[int, tuple[Instance, ...]] = {}

    def preference(self, key: int) -> tuple[Instance, ...]:
        """Everybody who takes writes, best first. Empty when there is nobody."""
        if not self._claimed_by:
            return ()
        arc = bisect.bisect_right(self._tokens, key) % len(self._claimed_by)
        found = self._lists.get(arc)
        if found is None:
            found = self._lists[arc] = spread([self.instances[at] for at in self._claims.walk(arc)])
        return found

    def shares(self) -> dict[str, float]:
        """Which part of all keys has each instance in front."""
        found = dict.fromkeys((each.id for each in self.instances), 0.0)
        for at, owner in enumerate(self._claimed_by):
            length = (self._tokens[at] - self._tokens[at - 1]) % 2**32
            found[self.instances[owner].id] += (length or (2**32 if len(self._claimed_by) == 1 else 0)) / 2**32
        return found


class _Claims:
    """Which instance, by its place in owners, has which token. owners: (id, tokens), by id."""

    def __init__(self, owners: list[tuple[str, tuple[int, ...]]]) -> None:
        self.owners = owners
        # Two instances may claim one token: the lower id comes first everywhere.
        claims = sorted((token, at) for at, (_, tokens) in enumerate(owners) for token in tokens)
        self.tokens = [token for token, _ in claims]
        self.claimed_by = [at for _, at in claims]
        self._walks: dict[int, list[int]] = {}

    def walk(self, arc: int) -> list[int]:
        """Instances by their first token from the arc on."""
        found = self._walks.get(arc)
        if found is None:
            order: dict[int, None] = {}
            for at in (*self.claimed_by[arc:], *self.claimed_by[:arc]):
                order.setdefault(at)
                if len(order) == len(self.owners):
                    break
            found = self._walks[arc] = list(order)
        return found


def spread(walked: Sequence[Instance]) -> tuple[Instance, ...]:
    """The walk in rounds: each round takes the next instance of every zone that has one left. Without zones it stays as it is."""
    rounds: dict[int, list[Instance]] = {}
    seen: dict[str, int] = {}
    for instance in walked:
        zone = instance.zone or f"instance {instance.id}"
        number = seen.get(zone, 0)
        seen[zone] = number + 1
        rounds.setdefault(number, []).append(instance)
    return tuple(instance for number in sorted(rounds) for instance in rounds[number])

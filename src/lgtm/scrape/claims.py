"""Which targets are this node's, and since when: one that has come to it is left alone until whoever had it knows.

All jobs of a node share one, so that a new configuration does not make targets wait that have been its own for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S, Clock

LOOK_S = 5.0
"""How often it is looked whose targets are, or twice in a handover if that is shorter. Members of the ring change rarely."""


def everything_is_mine(_target_hash: int) -> bool:
    return True


@dataclass(slots=True, eq=False)
class Claims:
    """is_mine: whether this node scrapes the target with this hash; one node of those that share targets should say so.

    handover_s: how long a target must have been ours before it is scraped. Longer than nodes disagree about the ring, so that none is scraped by
    two at once; 0 for a node by itself.
    """

    clock: Clock
    is_mine: Callable[[int], bool] = everything_is_mine
    handover_s: float = 0.0
    _since_ns: dict[int, int] = field(default_factory=dict)
    _looked_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self._looked_ns = self.clock.monotonic_ns()

    @property
    def look_s(self) -> float:
        """How often `look` has to be called."""
        return min(LOOK_S, self.handover_s / 2 or LOOK_S)

    def look(self, hashes: Iterable[int]) -> None:
        """Notices what has come and gone since it was looked last."""
        self._wake()
        now_ns = self._looked_ns = self.clock.monotonic_ns()
        for hash_ in hashes:
            if self.is_mine(hash_):
                self._since_ns.setdefault(hash_, now_ns)
            else:
                self._since_ns.pop(hash_, None)

    def hold(self, hash_: int) -> bool:
        """Whether the target is ours now and has been for long enough that whoever had it knows."""
        self._wake()
        if not self.is_mine(hash_):
            self._since_ns.pop(hash_, None)
            return False
        now_ns = self.clock.monotonic_ns()
        return now_ns - self._since_ns.setdefault(hash_, now_ns) >= self.handover_s * NS_PER_S

    def forget(self, hashes: Iterable[int]) -> None:
        """Of targets that are gone."""
        for hash_ in hashes:
            self._since_ns.pop(hash_, None)

    def __len__(self) -> int:
        return len(self._since_ns)

    def _wake(self) -> None:
        """Whoever was stopped for as long as a handover takes may have been taken for dead, and has to wait as if everything were new to it."""
        now_ns = self.clock.monotonic_ns()
        if now_ns - self._looked_ns > self.handover_s * NS_PER_S > 0:
            self._since_ns.clear()
            self._looked_ns = now_ns

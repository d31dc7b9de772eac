"""How the instances of a cluster stand, from what the members, the ring and the calls say: who lives, who is gone, whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from lgtm.clock import NS_PER_S, Clock
from lgtm.distributor.ingesters import Health
from lgtm.peer.client import Peers
from lgtm.ring.config import RingConfig
from lgtm.ring.instances import Instance, InstanceState
from lgtm.ring.membership import Membership
from lgtm.ring.messages import State
from lgtm.ring.ring import Ring

KNOWN_NS = 20_000_000
MET_WITHIN_S = 10.0
"""Who is not met so long after the start, and says nothing, is as dead as if the members had declared it."""


@dataclass(slots=True, frozen=True)
class Settled:
    """Whether another instance may be restarted now, and if not, why."""

    reasons: tuple[str, ...]

    @property
    def yes(self) -> bool:
        return not self.reasons


class Standing:
    def __init__(
        self,
        ring: Ring,
        membership: Membership,
        peers: Peers,
        config: RingConfig,
        clock: Clock,
        *,
        doing: Callable[[], str | None] = lambda: None,
        lost_to: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """doing: what keeps this instance from saying what it holds; None when nothing does. lost_to: who may hold alone what its log has lost."""
        self._doing, self._lost_to = doing, lost_to
        self._ring, self._membership, self._peers, self._config, self._clock = ring, membership, peers, config, clock
        self._me = ring.me.id
        self._gone: dict[str, int] = {}
        """Instances that the members have declared dead, and since when (monotonic ns)."""
        self._started_ns = clock.monotonic_ns()
        self._known: dict[str, Health] = {}
        self._known_until_ns = 0

    def went(self, instance_id: str) -> bool:
        """A member died or left. Whether the instance is gone with it: it may be another member by now."""
        if instance_id == self._me or self._member(instance_id) is not None:
            return False
        self._gone.setdefault(instance_id, self._clock.monotonic_ns())
        self._known_until_ns = 0
        return True

    def came(self, instance_id: str) -> None:
        self._gone.pop(instance_id, None)
        self._known_until_ns = 0

    def health(self, instance_id: str) -> Health:
        """As of a moment ago: a write asks for it for each series."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._known_until_ns:
            self._known, self._known_until_ns = {}, now_ns + KNOWN_NS
        found = self._known.get(instance_id)
        if found is None:
            found = self._known[instance_id] = self._health(instance_id)
        return found

    def _health(self, instance_id: str) -> Health:
        if instance_id == self._me:
            return Health.WRITABLE
        if instance_id in self._gone:
            return Health.DOWN
        entry = self._ring.entries.get(instance_id)
        member = self._member(instance_id)
        if entry is not None and self._was_never_met(entry):
            return Health.DOWN
        if entry is None or member is None or member is State.SUSPECT or entry.disk == "full" or self._is_silent(entry):
            return Health.SUSPECT
        # A breaker that was opened long ago says nothing about now: without writes nobody would ever try again.
        breaker = self._peers.client(entry.id, entry.rpc).breaker
        return Health.WRITABLE if breaker.would_allow(self._clock.monotonic_ns()) else Health.SUSPECT

    def gone_since_ns(self, instance_id: str) -> int | None:
        """Monotonic; None for one that may be alive."""
        if (since_ns := self._gone.get(instance_id)) is not None:
            return since_ns
        known = self._ring.entries.get(instance_id)
        if known is not None and known.state is not InstanceState.LEFT and not self._was_never_met(known):
            return None
        return self._started_ns

    def settled(self) -> Settled:
        """Whether another instance may be restarted: everybody is here, nobody holds rows alone, and everybody says so."""
        others = [each.id for each in self._ring.instances() if each.id != self._me and not each.settled]
        return Settled((*self.unsettled(), *(f"instance {each} does not find it safe" for each in others)))

    def unsettled(self) -> tuple[str, ...]:
        """Why not, as far as this node can see."""
        reasons = []
        for each in self._ring.instances():
            if each.state is not InstanceState.ACTIVE:
                reasons.append(f"instance {each.id} is {each.state.value}")
            elif self.health(each.id) is not Health.WRITABLE:
                reasons.append(f"instance {each.id} does not answer")
            if each.single_copy_rows:
                reasons.append(f"instance {each.id} holds {each.single_copy_rows} rows that are nowhere else")
        if (doing := self._doing()) is not None:
            reasons.append(f"instance {self._me} is {doing}")
        reasons += [f"instance {each} may hold alone what the log of {self._me} has lost" for each in sorted(self._lost_to())]
        return tuple(reasons)

    def state_of(self, instance: Instance) -> str:
        """As pages show it: UNHEALTHY when it does not answer."""
        is_well = self.health(instance.id) is Health.WRITABLE
        return instance.state.value if is_well or instance.state is InstanceState.LEFT else "UNHEALTHY"

    def _was_never_met(self, entry: Instance) -> bool:
        """Whether it is known from what this node remembers alone: silent for long, and no member since this node began to look for it. The members
        would have declared it dead by now, had they ever seen it."""
        looked_ns = self._clock.monotonic_ns() - self._started_ns
        return self._member(entry.id) is None and self._is_silent(entry) and looked_ns > MET_WITHIN_S * NS_PER_S

    def _is_silent(self, entry: Instance) -> bool:
        return self._clock.now_ns() - entry.heartbeat_ns > self._config.heartbeat_timeout_s * NS_PER_S

    def _member(self, instance_id: str) -> State | None:
        states = [member.state for member in self._membership.alive() if member.meta == instance_id.encode()]
        return min(states, default=None)

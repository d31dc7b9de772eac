"""SWIM with Lifeguard as a value that is stepped by hand: messages and the time go in, datagrams and changes come out. No sockets, no clock.

    step(message, source)   one message of a packet         take_outbox()    what is to be sent
    tick(now)               the time has passed              take_changes()   what is different now
    merge(push/pull)        everything another one knows     next_ns()        when tick is wanted next

    probe round   direct ping ─ silence ─▶ others ping, and a stream ping ─ silence ─▶ suspect ─ no refutation in time ─▶ dead

Incarnations only rise, and only the member itself raises its own, to refute. Times are monotonic ns. Rules: Das et al. 2002 (SWIM), Dadgar et
al. 2018 (Lifeguard), and what hashicorp/memberlist does where those are silent.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.ring.broadcasts import Broadcasts, transmissions
from lgtm.ring.config import RingConfig
from lgtm.ring.events import (
    Change,
    Conflict,
    Datagram,
    Died,
    Joined,
    Left,
    Member,
    Outgoing,
    Recovered,
    StartPushPull,
    StreamPing,
    Suspected,
    Updated,
    UserData,
)
from lgtm.ring.messages import (
    PROTOCOL_VERSIONS,
    Ack,
    Address,
    Alive,
    Dead,
    IndirectPing,
    Message,
    Nack,
    NodeState,
    Ping,
    PushPull,
    State,
    Suspect,
    UserMessage,
    normal_ip,
)
from lgtm.ring.suspicion import Suspicion

NS_PER_MS = 1_000_000
HEALTH_MAX = 7
STRETCHED_FROM = 32
"""Members from which on push/pulls become rarer."""
PAUSE_INTERVALS = 5
"""A tick that comes so many probe intervals late means that this process was stopped: it must listen before it judges anyone."""
STREAM_PING_PROTOCOL, NACK_PROTOCOL, CRC_PROTOCOL = 3, 4, 5
SEQ_MAX = 2**32


class MergeRefused(BadRequest):
    """Another member speaks a version of the protocol that this one does not, or the other way round."""


@dataclass(slots=True)
class _Probe:
    seq_no: int
    target: str
    indirect_ns: int
    deadline_ns: int
    asked_others: bool = False
    nacks_expected: int = 0
    nacks: int = 0
    answered: bool = False


@dataclass(slots=True)
class _Relay:
    """A ping done on behalf of another member."""

    asker: Address
    seq_no: int
    nack_ns: int | None
    expires_ns: int


@dataclass(slots=True)
class _Timers:
    probe_ns: int
    gossip_ns: int
    push_pull_ns: int


@dataclass(slots=True)
class _Out:
    sent: list[Outgoing] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Membership:
    def __init__(
        self, name: str, address: Address, meta: bytes, config: RingConfig, rng: random.Random, size_of: Callable[[Message], int], now_ns: int,
        *, packet_overhead_bytes: int = 0,
    ) -> None:  # fmt: skip
        self._config, self._rng = config, rng
        self._probe_interval_ns = int(config.probe_interval_ms * NS_PER_MS)
        self._packet_bytes = config.packet_bytes_max - packet_overhead_bytes - 2
        self.members: dict[str, Member] = {name: Member(name, address, 1, State.ALIVE, meta, PROTOCOL_VERSIONS, now_ns)}
        self._name = name
        self.health = 0
        self._broadcasts = Broadcasts(size_of)
        self._suspicions: dict[str, Suspicion] = {}
        self._order: list[str] = []
        self._seq_no = rng.randrange(SEQ_MAX)
        self._probe: _Probe | None = None
        self._relays: dict[int, _Relay] = {}
        self._out = _Out()
        self._leaving = False
        self._ticked_ns = now_ns
        self._listening_until_ns = now_ns
        push_pull_ns = int(config.push_pull_interval_s * NS_PER_S)
        self._timers = _Timers(
            now_ns + rng.randrange(self._probe_interval_ns),
            now_ns + rng.randrange(int(config.gossip_interval_ms * NS_PER_MS)),
            now_ns + rng.randrange(push_pull_ns),
        )
        self._announce()

    # --- what can be seen

    @property
    def me(self) -> Member:
        return self.members[self._name]

    def alive(self) -> list[Member]:
        """Those not dead or gone, this one included; suspects count as alive."""
        return [member for member in self.members.values() if member.state in (State.ALIVE, State.SUSPECT)]

    @property
    def drained(self) -> bool:
        """Whether everything has been told often enough."""
        return not len(self._broadcasts)

    @property
    def queued(self) -> int:
        return len(self._broadcasts)

    def take_outbox(self) -> list[Outgoing]:
        sent, self._out.sent = self._out.sent, []
        return sent

    def take_changes(self) -> list[Change]:
        changes, self._out.changes = self._out.changes, []
        return changes

    def next_ns(self) -> int:
        times = [self._timers.probe_ns, self._timers.gossip_ns, self._timers.push_pull_ns]
        times += [suspicion.deadline_ns for suspicion in self._suspicions.values()]
        if self._probe is not None and not self._probe.asked_others:
            times.append(self._probe.indirect_ns)
        times += [relay.nack_ns for relay in self._relays.values() if relay.nack_ns is not None]
        return min(times)

    # --- what is told here

    def gossip(self, data: bytes, key: str, now_ns: int) -> None:  # noqa: ARG002 # the time belongs to the form of every input
        """A message for everybody, in the place of an older one under the same key."""
        self._broadcasts.put(f"user {key}", UserMessage(data))

    def update_meta(self, meta: bytes, now_ns: int) -> None:
        self._replace(self.me, now_ns, incarnation=self.me.incarnation + 1, meta=meta)
        self._announce()

    def leave(self, now_ns: int) -> None:
        """Says goodbye. Keep ticking until it is drained."""
        if not self._leaving:
            self._leaving = True
            self._replace(self.me, now_ns, state=State.LEFT)
            self._broadcasts.put(f"member {self._name}", Dead(self.me.incarnation, self._name, self._name))

    def push_pull(self, join: bool, user_state: bytes) -> PushPull:
        """Everything this member knows."""
        nodes = tuple(
            NodeState(each.name, each.address.ip, each.address.port, each.incarnation, each.state, each.meta or None, each.versions)
            for each in self.members.values()
        )
        return PushPull(join, nodes, user_state)

    # --- what arrives

    def step(self, message: Message, source: Address, now_ns: int) -> None:
        """One message of a packet that came from `source`."""
        match message:
            case Ping():
                self._answer_ping(message, source)
            case IndirectPing():
                self._ping_for(message, source, now_ns)
            case Ack(seq_no):
                self._acked(seq_no, now_ns)
            case Nack(seq_no):
                if self._probe is not None and self._probe.seq_no == seq_no:
                    self._probe.nacks += 1
            case Alive():
                self._alive(message, now_ns)
            case Suspect():
                self._suspect(message, now_ns)
            case Dead():
                self._dead(message, now_ns)
            case UserMessage(data):
                self._out.changes.append(UserData(data))
            case _:
                pass  # an error or a push/pull does not come in packets

    def merge(self, remote: PushPull, now_ns: int) -> None:
        """What another member knows. Nobody is buried on hearsay: its dead become suspects here. Raises MergeRefused."""
        self._check_versions(remote.nodes)
        for node in remote.nodes:
            match node.state:
                case State.ALIVE:
                    self._alive(Alive(node.incarnation, node.name, node.addr, node.port, node.meta, node.versions), now_ns)
                case State.LEFT:
                    self._dead(Dead(node.incarnation, node.name, node.name), now_ns)
                case _:
                    self._suspect(Suspect(node.incarnation, node.name, self._name), now_ns)

    def stream_ping_answered(self, seq_no: int, now_ns: int) -> None:
        self._acked(seq_no, now_ns)

    def _check_versions(self, nodes: tuple[NodeState, ...]) -> None:
        speaking = [(each.name, each.versions) for each in nodes if each.state in (State.ALIVE, State.SUSPECT) and any(each.versions)]
        speaking += [(each.name, each.versions) for each in (*self.alive(), self.me)]  # this member speaks even while it says goodbye
        for at in (0, 3):
            least = max(versions[at] for _, versions in speaking)
            most = min(versions[at + 1] for _, versions in speaking)
            for name, versions in speaking:
                if not least <= versions[at + 2] <= most:
                    raise MergeRefused(f"member {name} speaks version {versions[at + 2]} of the protocol, others understand {least} to {most}")

    # --- probes

    def _answer_ping(self, ping: Ping, source: Address) -> None:
        if ping.node and ping.node != self._name:
            return  # meant for whoever had this address before
        to = Address(normal_ip(ping.source_addr), ping.source_port) if ping.source_addr and ping.source_port else source
        self._send(to, Ack(ping.seq_no))

    def _ping_for(self, ask: IndirectPing, source: Address, now_ns: int) -> None:
        asker = Address(normal_ip(ask.source_addr), ask.source_port) if ask.source_addr and ask.source_port else source
        mine = self._next_seq()
        timeout_ns = int(self._config.probe_timeout_ms * NS_PER_MS)
        self._relays[mine] = _Relay(asker, ask.seq_no, now_ns + timeout_ns if ask.nack else None, now_ns + 2 * self._probe_interval_ns)
        self._send(Address(normal_ip(ask.target), ask.port), self._ping(mine, ask.node))

    def _acked(self, seq_no: int, now_ns: int) -> None:
        relay = self._relays.pop(seq_no, None)
        if relay is not None and now_ns < relay.expires_ns:
            self._send(relay.asker, Ack(relay.seq_no))
        if self._probe is not None and self._probe.seq_no == seq_no and not self._probe.answered:
            self._probe.answered = True
            self._probe.asked_others = True
            self.health = max(0, self.health - 1)

    def _ping(self, seq_no: int, node: str) -> Ping:
        return Ping(seq_no, node, self.me.address.ip, self.me.address.port, self._name)

    def _start_probe(self, now_ns: int) -> None:
        interval_ns = self._probe_interval_ns * (self.health + 1)
        self._timers.probe_ns = now_ns + interval_ns
        target = self._next_target()
        if target is None or now_ns < self._listening_until_ns or self._leaving:
            return
        timeout_ns = int(self._config.probe_timeout_ms * NS_PER_MS)
        self._probe = _Probe(self._next_seq(), target.name, now_ns + timeout_ns, now_ns + interval_ns)
        messages: list[Message] = [self._ping(self._probe.seq_no, target.name)]
        if target.state is State.SUSPECT:
            # The accused hears of it with the very ping, so that it can refute at once ("buddy").
            messages.append(Suspect(target.incarnation, target.name, self._name))
        self._send(target.address, *messages, crc=target.versions[1] >= CRC_PROTOCOL)

    def _ask_others(self, probe: _Probe) -> None:
        probe.asked_others = True
        target = self.members.get(probe.target)
        if target is None:
            return
        helpers = [each for each in self.members.values() if each.state is State.ALIVE and each.name not in (self._name, target.name)]
        for helper in self._rng.sample(helpers, min(self._config.indirect_checks, len(helpers))):
            understands_nack = helper.versions[1] >= NACK_PROTOCOL
            probe.nacks_expected += understands_nack
            me = self.me.address
            ask = IndirectPing(probe.seq_no, target.address.ip, target.address.port, target.name, understands_nack, me.ip, me.port, self._name)
            self._send(helper.address, ask, crc=helper.versions[1] >= CRC_PROTOCOL)
        if target.versions[1] >= STREAM_PING_PROTOCOL:
            self._out.sent.append(StreamPing(target.address, target.name, probe.seq_no))

    def _end_probe(self, now_ns: int) -> None:
        probe, self._probe = self._probe, None
        if probe is None or probe.answered or now_ns < self._listening_until_ns:
            return
        missing = probe.nacks_expected - probe.nacks if probe.nacks_expected else 1
        self.health = min(HEALTH_MAX, self.health + max(0, missing))
        target = self.members.get(probe.target)
        if target is not None and target.state is State.ALIVE:
            self._suspect(Suspect(target.incarnation, target.name, self._name), now_ns)

    def _next_target(self) -> Member | None:
        for _ in range(len(self.members) + 1):
            if not self._order:
                self._order = list(self.members)
                self._rng.shuffle(self._order)
            member = self.members.get(self._order.pop())
            if member is not None and member.name != self._name and member.state in (State.ALIVE, State.SUSPECT):
                return member
        return None

    # --- news of members

    def _alive(self, news: Alive, now_ns: int) -> None:
        address = Address(normal_ip(news.addr), news.port)
        if len(address.ip) not in (4, 16) or not address.port:
            return  # nobody can be reached there, and others must not be told of it
        if news.node == self._name:
            self._alive_about_me(news, address, now_ns)
            return
        known = self.members.get(news.node)
        if known is None:
            known = self.members[news.node] = Member(news.node, address, -1, State.DEAD, b"", news.versions, now_ns)
            self._order.insert(self._rng.randrange(len(self._order) + 1), news.node)
        elif known.address != address and not self._may_move(known, now_ns):
            self._out.changes.append(Conflict(known, address))
            return
        elif news.incarnation <= known.incarnation and known.address == address:
            return
        self._suspicions.pop(news.node, None)
        changed_ns = known.changed_ns if known.state is State.ALIVE else now_ns
        member = Member(news.node, address, news.incarnation, State.ALIVE, news.meta or b"", news.versions, changed_ns)
        self.members[news.node] = member
        if known.state in (State.DEAD, State.LEFT):
            self._out.changes.append(Joined(member))
        elif known.state is State.SUSPECT:
            self._out.changes.append(Recovered(member))
        elif known.meta != member.meta:
            self._out.changes.append(Updated(member))
        self._broadcasts.put(f"member {news.node}", news)

    def _alive_about_me(self, news: Alive, address: Address, now_ns: int) -> None:
        me = self.me
        if news.incarnation < me.incarnation or self._leaving:
            return
        if news.incarnation == me.incarnation and (address, news.meta or b"") == (me.address, me.meta):
            return
        if address != me.address:
            self._out.changes.append(Conflict(me, address))
        self._refute(news.incarnation, now_ns)

    def _may_move(self, known: Member, now_ns: int) -> bool:
        """Whether a name may come back under another address: its bearer left, or has been dead for long enough."""
        long_dead = known.state is State.DEAD and now_ns - known.changed_ns >= self._config.reclaim_s * NS_PER_S
        return known.state is State.LEFT or long_dead

    def _suspect(self, news: Suspect, now_ns: int) -> None:
        known = self.members.get(news.node)
        if known is None or news.incarnation < known.incarnation:
            return
        if news.node == self._name:
            self._refute(news.incarnation, now_ns)
            return
        if (running := self._suspicions.get(news.node)) is not None:
            if running.confirm(news.sender):
                self._broadcasts.put(f"member {news.node}", news)
            return
        if known.state is not State.ALIVE:
            return
        suspect = self._replace(known, now_ns, state=State.SUSPECT, incarnation=news.incarnation)
        multiplier, members = self._config.suspicion_multiplier, len(self.alive())
        interval_ns = self._probe_interval_ns
        self._suspicions[news.node] = Suspicion(news.sender, members, multiplier=multiplier, interval_ns=interval_ns, now_ns=now_ns)
        self._broadcasts.put(f"member {news.node}", news)
        self._out.changes.append(Suspected(suspect))

    def _dead(self, news: Dead, now_ns: int) -> None:
        known = self.members.get(news.node)
        if known is None or news.incarnation < known.incarnation or known.state in (State.DEAD, State.LEFT):
            return
        if news.node == self._name:
            if not self._leaving:
                self._refute(news.incarnation, now_ns)
            return
        self._suspicions.pop(news.node, None)
        state = State.LEFT if news.sender == news.node else State.DEAD
        gone = self._replace(known, now_ns, state=state, incarnation=news.incarnation)
        self._broadcasts.put(f"member {news.node}", news)
        self._out.changes.append(Left(gone) if state is State.LEFT else Died(gone))

    def _refute(self, incarnation: int, now_ns: int) -> None:
        if self._leaving:
            return
        self.health = min(HEALTH_MAX, self.health + 1)
        self._replace(self.me, now_ns, incarnation=max(self.me.incarnation, incarnation) + 1)
        self._announce()

    def _announce(self) -> None:
        me = self.me
        alive = Alive(me.incarnation, me.name, me.address.ip, me.address.port, me.meta or None, me.versions)
        self._broadcasts.put(f"member {self._name}", alive)

    # --- time

    def tick(self, now_ns: int) -> None:
        if now_ns - self._ticked_ns > PAUSE_INTERVALS * self._probe_interval_ns:
            self._woke_up(now_ns)
        self._ticked_ns = now_ns
        self._tick_relays(now_ns)
        if self._probe is not None and not self._probe.asked_others and now_ns >= self._probe.indirect_ns:
            self._ask_others(self._probe)
        if now_ns >= self._timers.probe_ns:
            self._end_probe(now_ns)
            self._start_probe(now_ns)
            self._reap(now_ns)
        for name in [name for name, suspicion in self._suspicions.items() if now_ns >= suspicion.deadline_ns]:
            self._dead(Dead(self.members[name].incarnation, name, self._name), now_ns)
        if now_ns >= self._timers.gossip_ns:
            self._timers.gossip_ns = now_ns + int(self._config.gossip_interval_ms * NS_PER_MS)
            self._gossip(now_ns)
        if now_ns >= self._timers.push_pull_ns:
            self._timers.push_pull_ns = now_ns + self._push_pull_interval_ns()
            self._start_push_pull()

    def _woke_up(self, now_ns: int) -> None:
        """Whoever stood still has missed every answer: its own silence is no evidence against anybody."""
        self._listening_until_ns = now_ns + 2 * self._config.suspicion_multiplier * self._probe_interval_ns
        self._probe = None
        self._relays.clear()
        for suspicion in self._suspicions.values():
            suspicion.restart(now_ns)

    def _tick_relays(self, now_ns: int) -> None:
        for seq_no, relay in list(self._relays.items()):
            if relay.nack_ns is not None and now_ns >= relay.nack_ns:
                relay.nack_ns = None
                self._send(relay.asker, Nack(relay.seq_no))
            if now_ns >= relay.expires_ns:
                del self._relays[seq_no]

    def _gossip(self, now_ns: int) -> None:
        dead_ns = self._config.gossip_to_dead_s * NS_PER_S
        listeners = [
            each
            for each in self.members.values()
            if each.name != self._name
            and (each.state in (State.ALIVE, State.SUSPECT) or (each.state is State.DEAD and now_ns - each.changed_ns < dead_ns))
        ]
        often = transmissions(self._config.retransmit_multiplier, len(self.alive()))
        for to in self._rng.sample(listeners, min(self._config.gossip_nodes, len(listeners))):
            messages = self._broadcasts.take(self._packet_bytes, often)
            if not messages:
                return
            self._send(to.address, *messages, crc=to.versions[1] >= CRC_PROTOCOL)

    def _push_pull_interval_ns(self) -> int:
        base_ns, members = self._config.push_pull_interval_s * NS_PER_S, len(self.members)
        return base_ns if members <= STRETCHED_FROM else base_ns * (math.ceil(math.log2(members) - math.log2(STRETCHED_FROM)) + 1)

    def _start_push_pull(self) -> None:
        others = [each for each in self.members.values() if each.state is State.ALIVE and each.name != self._name]
        if others and not self._leaving:
            self._out.sent.append(StartPushPull(self._rng.choice(others).address, join=False))

    def _reap(self, now_ns: int) -> None:
        kept_ns = self._config.gossip_to_dead_s * NS_PER_S
        for name, member in list(self.members.items()):
            if name != self._name and member.state in (State.DEAD, State.LEFT) and now_ns - member.changed_ns > kept_ns:
                del self.members[name]

    # --- small things

    def _replace(self, member: Member, now_ns: int, **changes: object) -> Member:
        if changes.get("state", member.state) is not member.state:
            changes["changed_ns"] = now_ns
        changed = self.members[member.name] = replace(member, **changes)  # type: ignore[arg-type]  # fields of Member
        return changed

    def _send(self, to: Address, *messages: Message, crc: bool = False) -> None:
        self._out.sent.append(Datagram(to, messages, crc))

    def _next_seq(self) -> int:
        self._seq_no = (self._seq_no + 1) % SEQ_MAX
        return self._seq_no

"""Members on a simulated network with virtual time: one seed decides what is lost, late, doubled, and in which order it comes.

The world does what `agent.py` does with sockets: it delivers datagrams, answers streams, and joins seeds again and again.
"""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S
from lgtm.ring.codec import decode_message, encode_message
from lgtm.ring.config import RingConfig
from lgtm.ring.events import Change, Datagram, StartPushPull, StreamPing
from lgtm.ring.membership import Membership
from lgtm.ring.messages import Address, Message, PushPull, State
from lgtm.ring.stream import StreamCodec

STREAMS = StreamCodec("sim")


@dataclass
class Node:
    name: str
    address: Address
    membership: Membership
    changes: list[tuple[float, Change]] = field(default_factory=list)
    is_up: bool = True
    is_paused: bool = False


class World:
    """loss: share of datagrams that never arrive; delay_s: longest way; twice: share that arrives twice. Streams are lost with their ends only."""

    def __init__(
        self, seed: int, names: str, *, loss: float = 0.0, delay_s: float = 0.02, twice: float = 0.0, config: RingConfig | None = None
    ) -> None:
        self.rng = random.Random(seed)
        self.now_ns = 0
        self.config = config or RingConfig(cluster="sim")
        self.loss, self.delay_s, self.twice = loss, delay_s, twice
        self.cut: set[tuple[str, str]] = set()
        """(from, to) that nothing gets through."""
        self.nodes: dict[str, Node] = {}
        self._events: list[tuple[int, int, Node, Message, Address]] = []
        self._order = itertools.count()
        self._addresses = itertools.count(1)
        self._rejoin_ns = 0
        for name in names:
            self.start(name)

    def start(self, name: str) -> Node:
        address = Address.of(f"10.0.0.{next(self._addresses)}", 7946)
        membership = Membership(name, address, b"", self.config, random.Random(self.rng.random()), lambda m: len(encode_message(m)), self.now_ns)
        self.nodes[name] = node = Node(name, address, membership)
        return node

    def run(self, seconds: float) -> None:
        end_ns = self.now_ns + int(seconds * NS_PER_S)
        while True:
            running = [node for node in self.nodes.values() if node.is_up and not node.is_paused]
            times = [max(node.membership.next_ns(), self.now_ns) for node in running]
            times += [self._events[0][0]] if self._events else []
            self.now_ns = min([*times, self._rejoin_ns, end_ns])
            if self.now_ns >= end_ns:
                return
            self._deliver()
            self._join()
            for node in running:
                if node.membership.next_ns() <= self.now_ns:
                    node.membership.tick(self.now_ns)
                self._take(node)

    def partition(self, one: str, other: str) -> None:
        self.cut |= {pair for a in one for b in other for pair in ((a, b), (b, a))}

    def state(self, viewer: str, name: str) -> State | None:
        member = self.nodes[viewer].membership.members.get(name)
        return member.state if member is not None else None

    def views(self) -> list[dict[str, tuple[State, int]]]:
        """What each running member thinks of everybody, those forgotten or gone left out."""
        return [
            {m.name: (m.state, m.incarnation) for m in node.membership.alive()}
            for node in self.nodes.values()
            if node.is_up and not node.is_paused
        ]  # fmt: skip

    def _deliver(self) -> None:
        while self._events and self._events[0][0] <= self.now_ns:
            _, _, node, message, source = heapq.heappop(self._events)
            if node.is_up and not node.is_paused and self.nodes.get(node.name) is node:
                node.membership.step(decode_message(encode_message(message)), source, self.now_ns)
                self._take(node)

    def _take(self, node: Node) -> None:
        for outgoing in node.membership.take_outbox():
            target = self._at(outgoing.to)
            match outgoing:
                case Datagram(_, messages):
                    self._send(node, target, messages)
                case StreamPing(_, name, seq_no):
                    if self._connects(node, target) and target is not None and target.name == name:
                        node.membership.stream_ping_answered(seq_no, self.now_ns)
                case StartPushPull(_, join):
                    self._push_pull(node, target, join=join)
        node.changes += [(self.now_ns / NS_PER_S, change) for change in node.membership.take_changes()]

    def _send(self, node: Node, target: Node | None, messages: tuple[Message, ...]) -> None:
        if target is None or (node.name, target.name) in self.cut:
            return
        for _ in range(2 if self.rng.random() < self.twice else 1):
            if self.rng.random() >= self.loss:
                at_ns = self.now_ns + int(self.rng.uniform(0, self.delay_s) * NS_PER_S)
                for message in messages:
                    heapq.heappush(self._events, (at_ns, next(self._order), target, message, node.address))

    def _connects(self, node: Node, target: Node | None) -> bool:
        return (
            target is not None and target.is_up and not target.is_paused
            and (node.name, target.name) not in self.cut and (target.name, node.name) not in self.cut
        )  # fmt: skip

    def _push_pull(self, node: Node, target: Node | None, *, join: bool) -> None:
        if not self._connects(node, target):
            return
        assert target is not None
        mine, theirs = node.membership.push_pull(join, b""), target.membership.push_pull(join, b"")
        for one, news in ((target, mine), (node, theirs)):
            read = STREAMS.decode(memoryview(STREAMS.encode(news)))
            assert isinstance(read, PushPull)
            one.membership.merge(read, self.now_ns)

    def _join(self) -> None:
        """Everybody is everybody's seed."""
        if self.now_ns < self._rejoin_ns:
            return
        self._rejoin_ns = self.now_ns + 5 * NS_PER_S
        for node in self.nodes.values():
            if node.is_up and not node.is_paused:
                known = {member.address for member in node.membership.alive()}
                for other in self.nodes.values():
                    if other.address not in known:
                        self._push_pull(node, other, join=True)

    def _at(self, address: Address) -> Node | None:
        return next((node for node in self.nodes.values() if node.address == address), None)

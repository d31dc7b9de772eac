"""The ring as one member sees it: its own entry, everybody's entries, and what has to be told to others. Pure: the time is an argument.

    heartbeat(now)            my entry under a new version              → gossip
    receive(bytes) / merge    news of others: refused, old or taken     → what changed is passed on
    forget(id)                a tombstone in the place of an entry      → gossip

A member that finds its own entry buried, or under a version of an earlier life, registers anew above it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from lgtm.errors import NotFound
from lgtm.ring.hlc import HybridClock
from lgtm.ring.instances import FUTURE_NS_MAX, Instance, InstanceState, merge, newer, purged
from lgtm.ring.kv import KeyValue, decode_state, encode_state
from lgtm.ring.owners import RingView
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

KEY = "collectors/ring"
CODEC = "lgtm.ring.v1"
TOMBSTONE_NS = 24 * 3_600 * 1_000_000_000


class UnknownInstance(NotFound):
    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id

    def __str__(self) -> str:
        return f"there is no instance {self.instance_id} in the ring"


class Ring:
    """me: this member's entry, whose version is given here. on_conflict: told when another member claims this identity."""

    def __init__(self, me: Instance, now_ns: int, on_conflict: Callable[[Instance], None] = lambda _: None) -> None:
        self._clock = HybridClock()
        self._me = replace(me, version=self._clock.next(now_ns))
        self.entries: dict[str, Instance] = {me.id: self._me}
        self.refused_future = 0
        self.strangers: dict[str, Instance] = {}
        """Instances of which nothing is known but entries that were refused, because their clocks (or the one here) are wrong: they may hold rows."""
        self._outbox: list[Instance] = [self._me]
        self._on_conflict = on_conflict
        self._view: RingView | None = None
        self._is_stale = False

    @property
    def me(self) -> Instance:
        return self._me

    @property
    def view(self) -> RingView:
        """Preference lists over the instances that take writes."""
        if self._is_stale or self._view is None:
            self._view = RingView(self.entries.values(), self._view)
            self._is_stale = False
        return self._view

    def instances(self) -> list[Instance]:
        """Everybody but the buried, by id."""
        return sorted((each for each in self.entries.values() if each.state is not InstanceState.LEFT), key=lambda each: each.id)

    def update(self, me: Instance, now_ns: int) -> None:
        """This member's new entry. Calling it is also the heartbeat."""
        assert me.id == self._me.id
        self._clock.correct(now_ns, FUTURE_NS_MAX)
        self._me = replace(me, version=self._clock.next(now_ns))
        self.entries = purged(self.entries, now_ns=now_ns, tombstone_ns=TOMBSTONE_NS) | {me.id: self._me}
        self._changed([self._me])

    def forget(self, instance_id: str, now_ns: int) -> None:
        """Buries an entry for everybody. The instance itself, if it lives, registers anew. Raises UnknownInstance."""
        entry = self.entries.get(instance_id)
        if entry is None or entry.state is InstanceState.LEFT:
            raise UnknownInstance(instance_id)
        self._clock.observe(entry.version)
        buried = entry.forgotten(self._clock.next(now_ns))
        self.entries = self.entries | {instance_id: buried}
        self._changed([buried])

    def receive(self, data: bytes, now_ns: int) -> None:
        """A message of gossip. Raises MalformedState or MalformedEntry."""
        self._merge([KeyValue.from_bytes(data)], now_ns)

    def receive_state(self, data: bytes, now_ns: int) -> None:
        """Everything another member knows. Raises MalformedState or MalformedEntry."""
        if data:
            self._merge(decode_state(data), now_ns)

    def state(self) -> bytes:
        """Everything that is known here."""
        return encode_state(_pair(entry) for entry in self.entries.values())

    def take_outbox(self) -> list[tuple[str, bytes]]:
        """(key, message) of news to be gossiped; a later one under the same key replaces an earlier one."""
        outbox, self._outbox = self._outbox, []
        return [(entry.id, _pair(entry).to_bytes()) for entry in outbox]

    def _merge(self, pairs: Iterable[KeyValue], now_ns: int) -> None:
        entries = []
        for pair in pairs:
            if pair.key != KEY or pair.codec != CODEC:
                continue  # other keys may ride on the same gossip
            entry = Instance.from_bytes(pair.value)
            if entry.heartbeat_ns - now_ns > FUTURE_NS_MAX:
                self._refuse_future(entry, now_ns)
            else:
                entries.append(entry)
        self._drop_the_future(entries, now_ns)
        mine = [entry for entry in entries if entry.id == self._me.id]
        self.entries, changed = merge(self.entries, (entry for entry in entries if entry.id != self._me.id))
        if changed:
            self._changed(changed)
        for entry in mine:
            self._meet_myself(entry, now_ns)

    def _drop_the_future(self, entries: Iterable[Instance], now_ns: int) -> None:
        """What was taken while this clock was wrong must not hide what is said now: versions of the future win for as long as it takes to come."""
        for entry in entries:
            self.strangers.pop(entry.id, None)
            known = self.entries.get(entry.id)
            if known is not None and known.heartbeat_ns - now_ns > FUTURE_NS_MAX and entry.id != self._me.id:
                self.entries = {each.id: each for each in self.entries.values() if each is not known}

    def _meet_myself(self, entry: Instance, now_ns: int) -> None:
        if entry == self._me or newer(entry, self._me) is self._me:
            return
        if entry.state is not InstanceState.LEFT and entry.rpc != self._me.rpc and entry.registered_ns >= self._me.registered_ns:
            self._on_conflict(entry)
        self._clock.observe(entry.version)
        self.update(self._me, now_ns)

    def _refuse_future(self, entry: Instance, now_ns: int) -> None:
        self.refused_future += 1
        if entry.id not in self.entries and entry.state is not InstanceState.LEFT:
            self.strangers[entry.id] = entry
        if self.refused_future == 1 or self.refused_future % 1_000 == 0:
            ahead_s = (entry.heartbeat_ns - now_ns) / 1e9
            event(logger, logging.ERROR, "ring entry refused: its clock is ahead", instance=entry.id, ahead_s=ahead_s, times=self.refused_future)

    def _changed(self, entries: list[Instance]) -> None:
        self._outbox += entries
        self._is_stale = True


def _pair(entry: Instance) -> KeyValue:
    return KeyValue(KEY, entry.to_bytes(), CODEC)

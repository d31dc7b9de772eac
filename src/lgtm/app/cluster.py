"""One node among others: gossip, ring and calls wired to the distributor, the ingester and the queries.

ring entries + membership ──▶ owners, health (writes)   holders, judge, follow (reads)
calls of other nodes ──▶ append, heads, rows, series, volumes, tail
a member dies ──▶ what it shared with us is flushed at once      spilled objects of the dead ──▶ adopted
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from prometheus_client import CollectorRegistry

from lgtm.app import background
from lgtm.app.config import Config
from lgtm.app.machine import Machine
from lgtm.clock import NS_PER_S
from lgtm.distributor.ingesters import Health
from lgtm.distributor.ingesters import Ingester as Target
from lgtm.errors import LgtmError, Unavailable
from lgtm.ingester.adopt import adopt
from lgtm.ingester.ingester import Ingester
from lgtm.ingester.spill import PREFIX, wal_id_of
from lgtm.model.part import Appended, Part
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.peer.calls import Pass
from lgtm.peer.client import PeerClient, Peers
from lgtm.peer.metrics import PeerMetrics
from lgtm.peer.server import PeerServer
from lgtm.query.asking import HEADS, ROWS, SERIES, TAIL, VOLUMES
from lgtm.query.completeness import missing
from lgtm.query.engine import Follower
from lgtm.query.following import ClusterFollower, serve_tail
from lgtm.query.heads import HeadSource
from lgtm.query.remote import RemoteHeads
from lgtm.query.serving import HeadService
from lgtm.query.source import Holder
from lgtm.ring.advertise import advertised
from lgtm.ring.agent import Agent
from lgtm.ring.codec import encode_message
from lgtm.ring.events import Change, Died, Joined, Left
from lgtm.ring.gossip_metrics import GossipMetrics
from lgtm.ring.instances import Instance, InstanceState
from lgtm.ring.keyring import KeyRing
from lgtm.ring.membership import Membership
from lgtm.ring.memory import RingMemory
from lgtm.ring.messages import Address, State
from lgtm.ring.owners import key_of
from lgtm.ring.packet import PacketCodec
from lgtm.ring.ring import Ring
from lgtm.ring.seeds import Seeds
from lgtm.ring.stream import StreamCodec
from lgtm.ring.tokens import tokens_of
from lgtm.storage.objects import ObjectStore
from lgtm.telemetry import event
from lgtm.wire.part import decode_part

logger = logging.getLogger(__name__)

APPEND, APPEND_SPILLED = "append", "append_spilled"
DECODE_INLINE_BYTES_MAX = 16 * 1024
ADOPT_INTERVAL_S = 20.0
ADOPT_AFTER_S = 60.0
"""A node that is away for less time is expected back, with its own log."""
MET_WITHIN_S = 10.0
ASKED_TIMEOUT_S = 5.0
REMEMBERED, RING_FILE = "peers.json", "ring.bin"


class NobodyTakesWrites(Unavailable):
    def __str__(self) -> str:
        return "no instance of the ring takes writes now; retry shortly"


class WrongClock(Unavailable):
    """An instance whose ring entries are refused, so that it cannot be asked."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id

    def __str__(self) -> str:
        return f"the clocks of instance {self.instance_id} and of this one differ by more than a minute"


class Here:
    """The ingester in this process, as the distributor sees it."""

    def __init__(self, ingester: Ingester) -> None:
        self.id, self._ingester = ingester.id, ingester

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:
        return await self._ingester.append(part, payload, spill=spill)


class There:
    """An ingester on another node."""

    def __init__(self, ingester_id: str, client: PeerClient, timeout_s: float) -> None:
        self.id, self._client, self._timeout_s = ingester_id, client, timeout_s

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:  # noqa: ARG002 # the payload is the part
        fields = orjson.loads(await self._client.call(APPEND_SPILLED if spill else APPEND, bytes(payload), self._timeout_s))
        return Appended(int(fields["generation"]), int(fields["homes"]))


@dataclass(slots=True, frozen=True)
class Settled:
    """Whether another instance may be restarted now, and if not, why."""

    reasons: tuple[str, ...]

    @property
    def yes(self) -> bool:
        return not self.reasons


class Cluster:
    """Use as an async context manager, after the log was replayed. http: host:port of this node's API, told to others."""

    def __init__(
        self,
        config: Config,
        ingester: Ingester,
        heads: HeadSource,
        service: HeadService,
        store: ObjectStore,
        *,
        wal_id: str,
        is_stored: Callable[[Part], bool],
        disk: Callable[[], str],
        machine: Machine,
        registry: CollectorRegistry,
    ) -> None:
        self._config, self._ingester, self._heads, self._service = config, ingester, heads, service
        self._store, self._wal_id, self._clock, self._registry = store, wal_id, machine.clock, registry
        self._machine = machine
        self._is_stored, self._disk = is_stored, disk
        self._targets: dict[tuple[str, str], Target] = {}
        self._gone: dict[str, int] = {}
        """Instances that the members have declared dead, and since when (monotonic ns)."""
        self._started_ns = machine.clock.monotonic_ns()
        self._remembered: set[tuple[str, str, InstanceState]] = set()
        self._alone: frozenset[str] = frozenset()
        """Instances with rows in spilled objects."""
        shown = Pass(config.ring.cluster, config.peer.secret)
        metrics = PeerMetrics(registry)
        self._peers = Peers(config.peer, shown, machine.clock, metrics, machine.transport)
        unary = {
            APPEND: lambda data: self._append(data, spill=False),
            APPEND_SPILLED: lambda data: self._append(data, spill=True),
            HEADS: service.heads,
            SERIES: service.series,
            VOLUMES: service.volumes,
        }
        self._server = PeerServer(unary, {ROWS: service.rows, TAIL: self._tail}, config.peer, shown, metrics, ingester.id, machine.transport)
        self.ring: Ring
        self.membership: Membership
        self._agent: Agent
        self._tasks: list[asyncio.Task[None]] = []
        self._state = InstanceState.JOINING

    # --- life

    async def start(self) -> None:
        """Serves calls, joins the others, and registers as ACTIVE. Raises OSError or RuntimeError when a port is taken."""
        config, host = self._config.ring, self._config.server.host
        address = await asyncio.to_thread(advertised, config.advertise, host)
        rpc_port = await self._server.start(host, self._config.peer.port)
        try:
            await self._join(address, rpc_port)
        except BaseException:
            await self._server.stop(0)
            raise

    async def _join(self, address: str, rpc_port: int) -> None:
        config, host = self._config.ring, self._config.server.host
        port = config.port or _free_port(host)
        now_ns, mono_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        me = Instance(
            self._ingester.id, 0, rpc=f"{address}:{rpc_port}", http=f"{address}:{self._config.server.http_port}", zone=config.zone,
            wal_id=self._wal_id, tokens=tokens_of(self._wal_id), registered_ns=now_ns,
        )  # fmt: skip
        self.ring = Ring(me, now_ns, self._conflict)
        self._memory = RingMemory(Path(self._config.data_dir) / RING_FILE)
        try:
            self.ring.receive_state(self._memory.load(), now_ns)
        except LgtmError as error:
            event(logger, logging.WARNING, "what was remembered of the ring cannot be read", error=str(error))
        keys = KeyRing([base64.b64decode(key) for key in config.keys.reveal().split(",")]) if config.keys else None
        packets = PacketCodec(config.cluster, keys)
        # A name of its own for every start: one that comes back under another address is not taken for its old self.
        name = f"{me.id}-{self._machine.identities.getrandbits(32):08x}"
        gossip_address = Address.of(address, port)
        self.membership = Membership(
            name, gossip_address, me.id.encode(), config, self._machine.new_random(), lambda message: len(encode_message(message)), mono_ns,
            packet_overhead_bytes=packets.overhead_bytes,
        )  # fmt: skip
        self._seeds = Seeds(config.join, Path(self._config.data_dir) / REMEMBERED, default_port=port)
        self._agent = Agent(
            self.membership, self.ring, packets, StreamCodec(config.cluster, keys), self._seeds, self, heartbeat=self._heartbeat, clock=self._clock,
            metrics=self._gossip_metrics(), packet_bytes_max=config.packet_bytes_max - packets.overhead_bytes,
            heartbeat_s=config.heartbeat_s, rejoin_s=config.rejoin_s,
        )  # fmt: skip
        await self._agent.start(host, port)
        await self._agent.join()
        self._state = InstanceState.ACTIVE
        self._heartbeat()
        self._tasks = [background.start(loop, self._machine.die) for loop in (self._agent.run, self._adopt_loop)]
        event(logger, logging.INFO, "joined the cluster", cluster=config.cluster, gossip=str(gossip_address), members=len(self.membership.alive()))

    async def leave(self) -> None:
        """No more writes from now on; reads go on until `stop`."""
        self._state = InstanceState.LEAVING
        self._heartbeat()
        await self._clock.sleep(0)

    async def stop(self) -> None:
        await self._agent.leave(self._config.ring.leave_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._agent.close()
        await self._server.stop(1.0)
        await self._peers.close()

    # --- writes

    def owners(self, fingerprint: bytes) -> tuple[Target, ...]:
        """Everybody who takes writes, best first, for a series."""
        found = self.ring.view.preference(key_of(fingerprint))
        if not found:
            raise NobodyTakesWrites
        return tuple(self._target(each) for each in found)

    def health(self, instance_id: str) -> Health:
        if instance_id == self._ingester.id:
            return Health.WRITABLE
        if instance_id in self._gone:
            return Health.DOWN
        entry = self.ring.entries.get(instance_id)
        member = self._member(instance_id)
        if entry is not None and self._was_never_met(entry):
            return Health.DOWN
        if entry is None or member is None or member is State.SUSPECT or entry.disk == "full" or self._is_silent(entry):
            return Health.SUSPECT
        # A breaker that was opened long ago says nothing about now: without writes nobody would ever try again.
        breaker = self._peers.client(entry.id, entry.rpc).breaker
        return Health.WRITABLE if breaker.would_allow(self._clock.monotonic_ns()) else Health.SUSPECT

    def compacts(self, tenant: Tenant, signal: str) -> bool:
        """Whether it falls to this node to merge the tenant's blocks: to the first living owner of a key that is made of both names."""
        key = key_of(hashlib.sha256(f"{signal}/{tenant}".encode()).digest())
        living = (each.id for each in self.ring.view.preference(key) if self.health(each.id) is not Health.DOWN)
        return next(living, None) == self._ingester.id

    def _target(self, instance: Instance) -> Target:
        key = (instance.id, instance.rpc)
        if key not in self._targets:
            here = instance.id == self._ingester.id
            timeout_s = self._config.distributor.write_timeout_s
            self._targets[key] = Here(self._ingester) if here else There(instance.id, self._peers.client(instance.id, instance.rpc), timeout_s)
        return self._targets[key]

    def _was_never_met(self, entry: Instance) -> bool:
        """Whether it is known from what this node remembers alone: silent for long, and no member since this node began to look for it. The members
        would have declared it dead by now, had they ever seen it."""
        looked_ns = self._clock.monotonic_ns() - self._started_ns
        return self._member(entry.id) is None and self._is_silent(entry) and looked_ns > MET_WITHIN_S * NS_PER_S

    def _is_silent(self, entry: Instance) -> bool:
        return self._clock.now_ns() - entry.heartbeat_ns > self._config.ring.heartbeat_timeout_s * NS_PER_S

    def _member(self, instance_id: str) -> State | None:
        states = [member.state for member in self.membership.alive() if member.meta == instance_id.encode()]
        return min(states, default=None)

    # --- reads

    def holders(self) -> Sequence[Holder]:
        """This node, then every other instance that may hold rows in memory."""
        timeout_s = self._config.query.peer_read_timeout_s
        others = [(each.id, self._peers.client(each.id, each.rpc)) for each in self.ring.instances() if each.id != self._ingester.id]
        return [self._heads, *(RemoteHeads(name, calls, asked_timeout_s=ASKED_TIMEOUT_S, read_timeout_s=timeout_s) for name, calls in others)]

    def judge(self, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        alone = {each.id for each in self.ring.instances() if each.single_copy_rows} | self._alone
        strangers = {each: WrongClock(each) for each in self.ring.strangers}
        warnings = missing({**strangers, **away}, instances=len(self.ring.instances()) + len(strangers), holding_alone=alone)
        if len(self.ring.entries) == 1 and self._agent.has_seeds:
            return (*warnings, "partial: no other instance was met since this node exists; rows that others hold are missing")
        return warnings

    def follow(self, tenant: Tenant, signal: Signal) -> AbstractContextManager[Follower]:
        others = [self._peers.client(each.id, each.rpc) for each in self.ring.instances() if each.id != self._ingester.id]
        return ClusterFollower(self._ingester.tails.follow, others, tenant, signal, self._clock)

    async def _tail(self, data: bytes) -> AsyncIterator[bytes]:
        async for piece in serve_tail(self._ingester.tails.follow, data):
            yield piece

    async def _append(self, data: bytes, *, spill: bool) -> bytes:
        part = decode_part(data) if len(data) <= DECODE_INLINE_BYTES_MAX else await asyncio.to_thread(decode_part, data)
        answer = await self._ingester.append(part, data, spill=spill)
        return orjson.dumps({"generation": answer.generation, "homes": answer.homes})

    # --- what can be seen

    def settled(self) -> Settled:
        """Whether another instance may be restarted: everybody is here, nobody holds rows alone, and everybody says so."""
        others = [each.id for each in self.ring.instances() if each.id != self._ingester.id and not each.settled]
        return Settled((*self._unsettled(), *(f"instance {each} does not find it safe" for each in others)))

    def _unsettled(self) -> tuple[str, ...]:
        """As far as this node can see."""
        reasons = []
        for each in self.ring.instances():
            if each.state is not InstanceState.ACTIVE:
                reasons.append(f"instance {each.id} is {each.state.value}")
            elif self.health(each.id) is not Health.WRITABLE:
                reasons.append(f"instance {each.id} does not answer")
            if each.single_copy_rows:
                reasons.append(f"instance {each.id} holds {each.single_copy_rows} rows that are nowhere else")
        return tuple(reasons)

    def state_of(self, instance: Instance) -> str:
        """As pages show it: UNHEALTHY when it does not answer."""
        is_well = self.health(instance.id) is Health.WRITABLE
        return instance.state.value if is_well or instance.state is InstanceState.LEFT else "UNHEALTHY"

    def forget(self, instance_id: str) -> None:
        """Raises UnknownInstance."""
        self.ring.forget(instance_id, self._clock.now_ns())
        event(logger, logging.WARNING, "instance forgotten by an operator", instance=instance_id)
        self._ingester.hurry()

    # --- what happens

    def _heartbeat(self) -> None:
        oldest_ns = self._ingester.oldest_unstored_ns()
        now_ns = self._clock.now_ns()
        me = replace(
            self.ring.me,
            state=self._state,
            disk=self._disk(),
            settled=not self._unsettled(),
            single_copy_rows=self._ingester.single_copy_rows(),
            spilled_rows=self._ingester.spilled_rows(),
            oldest_unflushed_ns=0 if oldest_ns is None else now_ns - (self._clock.monotonic_ns() - oldest_ns),
        )
        self.ring.update(me, now_ns)

    def membership_changed(self, change: Change) -> None:
        if isinstance(change, Died | Left):
            instance_id = change.member.meta.decode("utf-8", "replace")
            if self._member(instance_id) is None and instance_id != self._ingester.id:
                self._gone.setdefault(instance_id, self._clock.monotonic_ns())
                # Whatever it held may be lost with it: the copies here go into blocks now.
                self._ingester.hurry()
        elif isinstance(change, Joined):
            self._gone.pop(change.member.meta.decode("utf-8", "replace"), None)
            self._seeds.remember(member.address for member in self.membership.alive() if member.name != self.membership.me.name)

    def ring_changed(self) -> None:
        known = {(each.id, each.rpc, each.state) for each in self.ring.entries.values()}
        if known != self._remembered:
            self._remembered = known
            self._memory.save(self.ring.state())
        keys = {(each.id, each.rpc) for each in self.ring.instances()}
        if not self._targets.keys() <= keys:
            # Targets hold clients, so both go together.
            self._targets = {key: target for key, target in self._targets.items() if key in keys}
            background.start(lambda: self._peers.keep(keys), self._machine.die)

    def _conflict(self, other: Instance) -> None:
        event(
            logger,
            logging.CRITICAL,
            "another node has the identity of this one; was its data directory copied?",
            here=self.ring.me.rpc,
            there=other.rpc,
        )

    async def _adopt_loop(self) -> None:
        while True:
            await self._clock.sleep(ADOPT_INTERVAL_S)
            try:
                await adopt(self._store, is_gone=self._is_gone, is_stored=self._is_stored, append=self._adopt)
            except Unavailable as error:
                event(logger, logging.WARNING, "spilled objects cannot be looked at", error=str(error))

    async def look_for_spilled(self) -> None:
        """Finds out who has rows in spilled objects. Raises Unavailable."""
        wal_ids = {wal_id_of(info.key) async for info in self._store.list(f"{PREFIX}/")}
        self._alone = frozenset(wal_id[: len(self._ingester.id)] for wal_id in wal_ids if wal_id != self._wal_id)

    async def _adopt(self, part: Part) -> None:
        await self._ingester.append(replace(part, owners=(self._ingester.id,)))

    def _is_gone(self, wal_id: str, generation: int) -> bool:
        """Whether the node with this log will not bring the generation into blocks itself."""
        if wal_id == self._wal_id:
            return not self._ingester.is_unstored(generation)
        now_ns, instance_id = self._clock.monotonic_ns(), wal_id[: len(self._ingester.id)]
        since_ns = self._gone.get(instance_id)
        if since_ns is None:
            known = self.ring.entries.get(instance_id)
            if known is not None and known.state is not InstanceState.LEFT and not self._was_never_met(known):
                return False
            since_ns = self._started_ns
        return now_ns - since_ns > ADOPT_AFTER_S * NS_PER_S

    def _gossip_metrics(self) -> GossipMetrics:
        metrics = GossipMetrics(self._registry)
        metrics.watch(
            lambda: Counter(member.state.name.lower() for member in self.membership.members.values()),
            lambda: Counter(self.state_of(each) for each in self.ring.instances()),
            lambda: self.membership.health,
            lambda: self._config.ring.instances_expected,
            lambda: max((each.heartbeat_ns - self._clock.now_ns() for each in self.ring.instances()), default=0) / NS_PER_S,
        )
        return metrics


def _free_port(host: str) -> int:
    """A port that is free for TCP and, most likely, UDP: both listeners have the same number."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])

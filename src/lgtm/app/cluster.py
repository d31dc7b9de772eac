"""One node among others: gossip, ring and calls wired to the distributor, the ingester and the queries.

ring entries + membership ──▶ owners, standing (writes)   holders, judge, follow (reads)
calls of other nodes ──▶ append, heads, rows, series, volumes, tail, targets
a member dies ──▶ what it shared with us is flushed at once      spilled objects of the dead ──▶ adopted
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry

from lgtm.app import background
from lgtm.app.config import Config
from lgtm.app.lost_rows import LostRows
from lgtm.app.machine import Machine
from lgtm.app.orphaned import Orphaned
from lgtm.app.standing import Standing
from lgtm.app.targets import APPEND, APPEND_SPILLED, Here, Targets
from lgtm.clock import NS_PER_S
from lgtm.distributor.ingesters import Health
from lgtm.distributor.ingesters import Ingester as Target
from lgtm.errors import LgtmError, Unavailable
from lgtm.ingester.ingester import Ingester
from lgtm.model.part import Part
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant
from lgtm.peer.calls import Pass, Unary
from lgtm.peer.client import Peers
from lgtm.peer.metrics import PeerMetrics
from lgtm.peer.server import PeerServer
from lgtm.query.asking import HEADS, ROWS, SERIES, TAIL, VOLUMES
from lgtm.query.completeness import NotAsked, missing
from lgtm.query.engine import Follower
from lgtm.query.following import ClusterFollower, serve_tail
from lgtm.query.heads import HeadSource
from lgtm.query.remote import RemoteHeads
from lgtm.query.select import Gathered
from lgtm.query.serving import HeadService
from lgtm.query.source import Held, Holder, Request
from lgtm.ring.advertise import advertised
from lgtm.ring.agent import Agent
from lgtm.ring.codec import encode_message
from lgtm.ring.events import Change, Died, Joined, Left
from lgtm.ring.gossip_metrics import GossipMetrics
from lgtm.ring.instances import Instance, InstanceState
from lgtm.ring.keyring import KeyRing
from lgtm.ring.membership import Membership
from lgtm.ring.memory import RingMemory
from lgtm.ring.messages import Address
from lgtm.ring.owners import RingView, key_of
from lgtm.ring.packet import PacketCodec
from lgtm.ring.ring import Ring
from lgtm.ring.seeds import Seeds
from lgtm.ring.stream import StreamCodec
from lgtm.ring.tokens import tokens_of
from lgtm.storage.objects import ObjectStore
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

ASKED_TIMEOUT_S = {Health.WRITABLE: 5.0, Health.SUSPECT: 2.0, Health.DOWN: 0.5}
"""How long a query waits for what an instance has. Who is believed dead is asked all the same: it may live on the other side of a partition."""
FLUSH, FLUSH_TIMEOUT_S = "flush", 60.0
TARGETS, TARGETS_TIMEOUT_S = "targets", 2.0
REMEMBERED, RING_FILE, LOST_ROWS = "peers.json", "ring.bin", "lost_rows"


class NobodyTakesWrites(Unavailable):
    def __str__(self) -> str:
        return "no instance of the ring takes writes now; retry shortly"


class WrongClock(Unavailable):
    """An instance whose ring entries are refused, so that it cannot be asked."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id

    def __str__(self) -> str:
        return f"the clocks of instance {self.instance_id} and of this one differ by more than a minute"


class Stranger:
    """A holder of which nothing is known but that it is there."""

    def __init__(self, instance_id: str) -> None:
        self.id = instance_id

    async def held(self, request: Request) -> Held:  # noqa: ARG002 # there is nobody to ask
        raise WrongClock(self.id)


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
        spilled_by: Callable[[], frozenset[str]],
        is_stored: Callable[[Part], bool],
        is_loaded: Callable[[], bool],
        disk: Callable[[], str],
        read_blocks: Callable[[], Awaitable[None]],
        has_lost_rows: bool,
        machine: Machine,
        registry: CollectorRegistry,
    ) -> None:
        """read_blocks: reads the list of blocks anew. has_lost_rows: what `lost_rows.recall` said."""
        self._config, self._ingester, self._heads, self._service = config, ingester, heads, service
        self._store, self._wal_id, self._clock, self._registry = store, wal_id, machine.clock, registry
        self._machine = machine
        self._spilled_by = spilled_by
        self._is_stored, self._is_loaded, self._disk = is_stored, is_loaded, disk
        self._remembered: set[tuple[str, str, InstanceState]] = set()
        self._lists: dict[int, tuple[Target, ...]] = {}
        self._lists_of: RingView | None = None
        shown = Pass(config.ring.cluster, config.peer.secret)
        metrics = PeerMetrics(registry)
        self._peers = Peers(config.peer, shown, machine.clock, metrics, machine.transport)
        here = Here(ingester)
        self._targets = Targets(here, self._peers, config.distributor.write_timeout_s)
        unary = {
            APPEND: lambda data: here.take(data, spill=False),
            APPEND_SPILLED: lambda data: here.take(data, spill=True),
            HEADS: service.heads,
            SERIES: service.series,
            VOLUMES: service.volumes,
            FLUSH: self._flush_here,
            TARGETS: lambda question: self.tell_targets(question),
        }
        self.tell_targets: Unary = _nothing_scraped
        """Whoever scrapes on this node is put here."""
        self._server = PeerServer(unary, {ROWS: service.rows, TAIL: self._tail}, config.peer, shown, metrics, ingester.id, machine.transport)
        self.ring: Ring
        self.membership: Membership
        self.standing: Standing
        self._orphaned: Orphaned
        self._agent: Agent
        self._read_blocks = read_blocks
        self._lost_rows = LostRows(
            Path(config.data_dir) / LOST_ROWS, are_missed=has_lost_rows, others=self._others, flush=self._flush_there, found=self._found_lost_rows,
            clock=machine.clock,
        )  # fmt: skip
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
        self.standing = Standing(self.ring, self.membership, self._peers, config, self._clock, doing=self.doing, lost_to=self.lost_to)
        self._orphaned = Orphaned(
            self._store, self._ingester, self.standing, self._is_stored, self._clock, wal_id=self._wal_id, is_loaded=self._is_loaded
        )
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
        self._tasks = [background.start(loop, self._machine.die) for loop in (self._agent.run, self._orphaned.run, self._lost_rows.run)]
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
        view = self.ring.view
        found = view.preference(key_of(fingerprint))
        if not found:
            raise NobodyTakesWrites
        if self._lists_of is not view:
            self._lists, self._lists_of = {}, view
        # The view gives the same list each time, and lives as long as its lists are remembered here.
        targets = self._lists.get(id(found))
        if targets is None:
            targets = self._lists[id(found)] = tuple(self._targets.of(each) for each in found)
        return targets

    def compacts(self, tenant: Tenant, signal: str) -> bool:
        """Whether it falls to this node to merge the tenant's blocks: to the first living owner of a key that is made of both names."""
        return self._falls_here(hashlib.sha256(f"{signal}/{tenant}".encode()).digest())

    def _falls_here(self, digest: bytes) -> bool:
        living = (each.id for each in self.ring.view.preference(key_of(digest)) if self.standing.health(each.id) is not Health.DOWN)
        return next(living, None) == self._ingester.id

    # --- scraping

    def scrapes(self, target_hash: int) -> bool:
        """Whether it falls to this node to ask a target: to the first living owner of its hash, 64 bits."""
        return self._falls_here(target_hash.to_bytes(8, "big"))

    @property
    def handover_s(self) -> float:
        """How long a target that has come to this node is left alone, so that whoever had it knows.

        That an instance is new or back travels with each of its heartbeats and is passed on several times a second. So is that one is dead, which it
        denies as soon as it hears of it. After `ring.heartbeat_timeout_s`, five heartbeats, whoever can be reached has heard. Who cannot be reached
        goes on with what it had, on the other side of a partition: at the same times of the grid, so that of two samples one counts.
        """
        return self._config.ring.heartbeat_timeout_s

    @property
    def scrape_seed(self) -> int:
        """The same on all nodes, and another one in another cluster that asks the same targets."""
        return int.from_bytes(hashlib.sha256(self._config.ring.cluster.encode()).digest()[:8], "big")

    def nodes(self) -> list[str]:
        """Where the API of each instance is, whether it lives or not."""
        return [each.http for each in self.ring.instances()]

    async def ask_for_targets(self, question: bytes) -> list[bytes]:
        """Of all others that live and answer in time."""
        others = [each for each in self.ring.instances() if each.id != self._ingester.id and self.standing.health(each.id) is not Health.DOWN]
        return [answer for answer in await asyncio.gather(*(self._targets_of(each, question) for each in others)) if answer is not None]

    async def _targets_of(self, instance: Instance, question: bytes) -> bytes | None:
        try:
            return await self._peers.client(instance.id, instance.rpc).call(TARGETS, question, TARGETS_TIMEOUT_S)
        except LgtmError as error:
            event(logger, logging.INFO, "an instance does not say what it scrapes", instance=instance.id, error=str(error))
            return None

    # --- reads

    def holders(self) -> Sequence[Holder]:
        """This node, then every other instance that may hold rows in memory."""
        timeout_s = self._config.query.peer_read_timeout_s
        others = [each for each in self.ring.instances() if each.id != self._ingester.id]
        return [self._heads, *(self._remote(each, timeout_s) for each in others), *(Stranger(each) for each in self.ring.strangers)]

    def _remote(self, instance: Instance, timeout_s: float) -> Holder:
        calls, asked_timeout_s = self._peers.client(instance.id, instance.rpc), ASKED_TIMEOUT_S[self.standing.health(instance.id)]
        return RemoteHeads(instance.id, calls, asked_timeout_s=asked_timeout_s, read_timeout_s=timeout_s)

    def judge(self, gathered: Gathered) -> tuple[str, ...]:
        """Warnings about rows that only those may hold who are away, or were not asked."""
        alone = {each.id for each in self.ring.instances() if each.single_copy_rows} | self._spilled_by() | gathered.lost_to
        known = {each.id for each in self.ring.instances()} | self.ring.strangers.keys()
        # Spilled objects tell of instances that this node has not met, or has forgotten.
        not_asked = (known | alone) - gathered.asked
        away = {**gathered.away, **{each: NotAsked() for each in not_asked}}
        warnings = missing(away, instances=len(known | not_asked), holding_alone=alone)
        if len(self.ring.entries) == 1 and self._agent.has_seeds:
            return (*warnings, "partial: no other instance was met since this node exists; rows that others hold are missing")
        return warnings

    def lost_to(self) -> frozenset[str]:
        """Who may hold alone what this node acknowledged and its log may have lost."""
        return self._lost_rows.holders()

    def _others(self) -> set[str]:
        return {each.id for each in self.ring.instances() if each.id != self._ingester.id} | self.ring.strangers.keys()

    async def _flush_there(self, instance_id: str) -> None:
        """Raises Unavailable, or what the other side raised."""
        instance = self.ring.entries.get(instance_id)
        if instance is None:
            raise WrongClock(instance_id)
        await self._peers.client(instance.id, instance.rpc).call(FLUSH, b"", FLUSH_TIMEOUT_S)

    async def _flush_here(self, data: bytes) -> bytes:  # noqa: ARG002 # there is nothing to say
        await self._ingester.flush_all()
        return b""

    async def _found_lost_rows(self) -> None:
        self._ingester.forget_lost()
        await self._read_blocks()

    def follow(self, tenant: Tenant, signal: Signal) -> AbstractContextManager[Follower]:
        others = [self._peers.client(each.id, each.rpc) for each in self.ring.instances() if each.id != self._ingester.id]
        return ClusterFollower(self._ingester.tails.follow, others, tenant, signal, self._clock)

    async def _tail(self, data: bytes) -> AsyncIterator[bytes]:
        async for piece in serve_tail(self._ingester.tails.follow, data):
            yield piece

    # --- what can be seen

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
            settled=not self.standing.unsettled(),
            single_copy_rows=self._ingester.single_copy_rows(),
            spilled_rows=self._ingester.spilled_rows(),
            oldest_unflushed_ns=0 if oldest_ns is None else now_ns - (self._clock.monotonic_ns() - oldest_ns),
        )
        self.ring.update(me, now_ns)

    def membership_changed(self, change: Change) -> None:
        if isinstance(change, Died | Left):
            if self.standing.went(change.member.meta.decode("utf-8", "replace")):
                # Whatever it held may be lost with it: the copies here go into blocks now.
                self._ingester.hurry()
        elif isinstance(change, Joined):
            self.standing.came(change.member.meta.decode("utf-8", "replace"))
            self._seeds.remember(member.address for member in self.membership.alive() if member.name != self.membership.me.name)

    def ring_changed(self) -> None:
        known = {(each.id, each.rpc, each.state) for each in self.ring.entries.values()}
        if known != self._remembered:
            self._remembered = known
            self._memory.save(self.ring.state())
        keys = {(each.id, each.rpc) for each in self.ring.instances()}
        if self._targets.keep(keys):
            background.start(lambda: self._peers.keep(keys), self._machine.die)

    def _conflict(self, other: Instance) -> None:
        event(
            logger,
            logging.CRITICAL,
            "another node has the identity of this one; was its data directory copied?",
            here=self.ring.me.rpc,
            there=other.rpc,
        )

    def doing(self) -> str | None:
        """What keeps this node from saying what it holds; None when nothing does."""
        if self._state is InstanceState.JOINING:
            return "joining the cluster"
        return None if self._orphaned.is_resolved else "looking for spilled copies of its log"

    def _gossip_metrics(self) -> GossipMetrics:
        metrics = GossipMetrics(self._registry)
        metrics.watch(
            lambda: Counter(member.state.name.lower() for member in self.membership.members.values()),
            lambda: Counter(self.standing.state_of(each) for each in self.ring.instances()),
            lambda: self.membership.health,
            lambda: self._config.ring.instances_expected,
            lambda: max((each.heartbeat_ns - self._clock.now_ns() for each in self.ring.instances()), default=0) / NS_PER_S,
        )
        return metrics


async def _nothing_scraped(_: bytes) -> bytes:
    return b"[]"


def _free_port(host: str) -> int:
    """A port that is free for TCP and, most likely, UDP: both listeners have the same number."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])

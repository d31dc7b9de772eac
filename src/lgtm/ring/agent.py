"""The sockets around `membership.py` and `ring.py`: UDP for probes and gossip, TCP for whole states, and the joining that never ends.

    datagram ─▶ packet.py ─▶ membership.step ─┐
    time     ─▶ membership.tick, ring heartbeat ┼─▶ outbox ─▶ packet.py ─▶ datagrams; streams are opened for pings and push/pulls
    stream   ─▶ stream.py ─▶ membership.merge ─┘   changes ─▶ whoever listens

Everything that decides is pure and lives elsewhere; here bytes are moved, each stream has a deadline, and nothing that arrives can end a task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import LgtmError
from lgtm.ring.codec import encode_message
from lgtm.ring.events import Change, Datagram, Joined, Left, StartPushPull, StreamPing, UserData
from lgtm.ring.gossip_metrics import GossipMetrics
from lgtm.ring.membership import Membership
from lgtm.ring.messages import Ack, Address, Message, Ping, PushPull, RemoteError, UserMessage
from lgtm.ring.packet import PacketCodec, pack
from lgtm.ring.ring import Ring
from lgtm.ring.stream import StreamCodec
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

STREAMS_MAX = 128
READ_BYTES = 64 * 1024
LOGGED_EVERY = 1_000
"""Of packets refused for the same reason only one in so many is told, after the first."""

Seeds = Callable[[], Awaitable[Sequence[Address]]]
"""Where others may be found now, looked up anew each time."""


class Listener(Protocol):
    """Whoever wants to know what changed, in the order in which it did."""

    def membership_changed(self, change: Change) -> None: ...

    def ring_changed(self) -> None: ...


class Agent:
    """An async context manager: it gossips while the context lasts. heartbeat: refreshes this instance's entry in the ring.

    udp: an open, bound socket transport is made by `start`. rejoin_s: how often seeds that are not known members are asked.
    """

    def __init__(
        self,
        membership: Membership,
        ring: Ring,
        packets: PacketCodec,
        streams: StreamCodec,
        seeds: Seeds,
        listener: Listener,
        *,
        heartbeat: Callable[[], None],
        clock: Clock,
        metrics: GossipMetrics,
        packet_bytes_max: int = 1_400,
        stream_timeout_s: float = 10.0,
        heartbeat_s: float = 2.0,
        rejoin_s: float = 30.0,
    ) -> None:
        self.membership, self.ring = membership, ring
        self._packets, self._streams, self._seeds, self._listener = packets, streams, seeds, listener
        self._heartbeat, self._clock, self._metrics = heartbeat, clock, metrics
        self._packet_bytes_max, self._stream_timeout_s = packet_bytes_max, stream_timeout_s
        self._heartbeat_s, self._rejoin_s = heartbeat_s, rejoin_s
        self._tasks = asyncio.TaskGroup()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._tick_ns = 0
        """For when the next tick is waited for, by _timer."""
        self._timer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open_streams = 0
        self.has_seeds = False
        """Whether there are seeds that are no members."""
        self._refused: dict[str, int] = {}

    # --- life

    async def start(self, host: str, port: int) -> None:
        """Opens both sockets. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve_stream, host, port)
        port = int(self._tcp.sockets[0].getsockname()[1])
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._received), local_addr=(host, port))

    async def run(self) -> None:
        """Gossips until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._tick_loop())
            self._tasks.create_task(self._heartbeat_loop())
            self._tasks.create_task(self._join_loop())

    async def leave(self, timeout_s: float) -> None:
        """Tells everybody that this member goes, as long as there is time."""
        self.membership.leave(self._clock.monotonic_ns())
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * NS_PER_S)
        while not self.membership.drained and self._clock.monotonic_ns() < deadline_ns:
            self._flush()
            self._timer.cancel()
            await self._clock.sleep(0.05)

    async def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()

    # --- time

    async def _tick_loop(self) -> None:
        while True:
            self.membership.tick(self._clock.monotonic_ns())
            self._flush()
            self._tick_ns = self.membership.next_ns()
            wait_s = max(0.0, (self._tick_ns - self._clock.monotonic_ns()) / NS_PER_S)
            self._timer = asyncio.ensure_future(self._clock.sleep(wait_s))
            try:
                await asyncio.wait({self._timer})
            finally:
                self._timer.cancel()

    def _hurry(self) -> None:
        """What was told may want a tick before the one that is waited for. Seldom: most packets want none."""
        if self.membership.next_ns() < self._tick_ns:
            self._timer.cancel()

    async def _heartbeat_loop(self) -> None:
        while True:
            self._heartbeat()
            self._flush()
            await self._clock.sleep(self._heartbeat_s)

    async def join(self) -> None:
        """Asks every seed that is no member, once."""
        try:
            seeds = await self._seeds()
        except (OSError, LgtmError) as error:
            event(logger, logging.WARNING, "seeds cannot be looked up", error=str(error))
            return
        known = {member.address for member in self.membership.alive()}
        strangers = [seed for seed in seeds if seed not in known]
        await asyncio.gather(*(self._push_pull(seed, join=True) for seed in strangers))
        self.has_seeds = bool(strangers)

    async def _join_loop(self) -> None:
        """For ever: after a partition, or a start before DNS knew the others, nobody else would bring them together again."""
        while True:
            await self.join()
            is_alone = len(self.membership.alive()) < 2 and self.has_seeds
            await self._clock.sleep(1.0 if is_alone else self._rejoin_s)

    # --- packets

    def _received(self, data: bytes, source: Address) -> None:
        self._metrics.received_bytes.inc(len(data))
        try:
            messages = self._packets.decode(data)
        except LgtmError as error:
            self._refuse(error, source)
            return
        now_ns = self._clock.monotonic_ns()
        for message in messages:
            self.membership.step(message, source, now_ns)
        self._flush()
        self._hurry()

    def _refuse(self, error: Exception, source: Address) -> None:
        kind = type(error).__name__
        self._metrics.refused.labels(kind).inc()
        count = self._refused[kind] = self._refused.get(kind, 0) + 1
        if count == 1 or count % LOGGED_EVERY == 0:
            event(logger, logging.WARNING, "gossip refused", source=str(source), reason=str(error), kind=kind, times=count)

    def _flush(self) -> None:
        """Sends what the state machines want to be sent, and tells what changed."""
        for key, data in self.ring.take_outbox():
            self.membership.gossip(data, key, self._clock.monotonic_ns())
            self._listener.ring_changed()
        for outgoing in self.membership.take_outbox():
            match outgoing:
                case Datagram(to, messages, crc):
                    self._send(to, messages, crc)
                case StreamPing():
                    self._tasks.create_task(self._stream_ping(outgoing))
                case StartPushPull(to, join):
                    self._tasks.create_task(self._push_pull(to, join=join))
        for change in self.membership.take_changes():
            if isinstance(change, UserData):
                self._take_user_data(change.data)
            else:
                self._tell(change)

    def _send(self, to: Address, messages: Sequence[Message], crc: bool) -> None:
        if self._udp is None or self._udp.is_closing():
            return
        for group in pack([encode_message(message) for message in messages], self._packet_bytes_max):
            data = self._packets.encode(group, crc)
            self._metrics.sent_bytes.inc(len(data))
            try:
                self._udp.sendto(data, (to.host, to.port))
            except (OSError, ValueError) as error:
                event(logger, logging.DEBUG, "a datagram could not be sent", to=str(to), error=str(error))

    def _take_user_data(self, data: bytes) -> None:
        try:
            self.ring.receive(data, self._clock.now_ns())
        except LgtmError as error:
            self._refuse(error, self.membership.me.address)

    def _tell(self, change: Change) -> None:
        level = logging.INFO if isinstance(change, Joined | Left) else logging.WARNING
        event(logger, level, "membership changed", change=type(change).__name__, about=str(change))
        self._listener.membership_changed(change)

    # --- streams

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("peername")[:2]
        source = Address.of(host, port)
        self._open_streams += 1
        try:
            async with asyncio.timeout(self._stream_timeout_s):
                if self._open_streams > STREAMS_MAX:
                    writer.write(self._streams.encode(RemoteError("too many streams")))
                else:
                    await self._answer(await self._read(reader), source, writer)
                await writer.drain()
        except (OSError, TimeoutError, EOFError) as error:
            event(logger, logging.DEBUG, "gossip stream broke", source=str(source), error=str(error))
        except LgtmError as error:
            self._refuse(error, source)
        finally:
            self._open_streams -= 1
            writer.close()

    async def _answer(self, message: Message, source: Address, writer: asyncio.StreamWriter) -> None:
        match message:
            case PushPull():
                writer.write(self._streams.encode(self.membership.push_pull(message.join, self.ring.state())))
                self._merge(message)
            case Ping(seq_no, node) if node in ("", self.membership.me.name):
                writer.write(self._streams.encode(Ack(seq_no)))
            case UserMessage(data):
                self._take_user_data(data)
                self._flush()
            case _:
                event(logger, logging.DEBUG, "gossip stream ignored", source=str(source), message=type(message).__name__)

    def _merge(self, remote: PushPull) -> None:
        self.membership.merge(remote, self._clock.monotonic_ns())
        self.ring.receive_state(remote.user_state, self._clock.now_ns())
        self._flush()
        self._hurry()

    async def _push_pull(self, to: Address, *, join: bool) -> None:
        try:
            answer = await self._ask(to, self.membership.push_pull(join, self.ring.state()))
            if isinstance(answer, PushPull):
                self._merge(answer)
        except (OSError, TimeoutError, EOFError) as error:
            event(logger, logging.DEBUG, "push/pull failed", to=str(to), error=str(error))
        except LgtmError as error:
            self._refuse(error, to)

    async def _stream_ping(self, ping: StreamPing) -> None:
        try:
            answer = await self._ask(ping.to, Ping(ping.seq_no, ping.node))
        except (OSError, TimeoutError, EOFError, LgtmError):
            return
        if answer == Ack(ping.seq_no):
            self.membership.stream_ping_answered(ping.seq_no, self._clock.monotonic_ns())

    async def _ask(self, to: Address, message: Message) -> Message:
        """Raises OSError, TimeoutError, EOFError or MalformedMessage."""
        async with asyncio.timeout(self._stream_timeout_s):
            reader, writer = await asyncio.open_connection(to.host, to.port)
            try:
                writer.write(self._streams.encode(message))
                await writer.drain()
                return await self._read(reader)
            finally:
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Message:
        decoder = self._streams.reader()
        while (message := decoder.take()) is None:
            data = await reader.read(READ_BYTES)
            if not data:
                raise EOFError("the stream ended early")
            decoder.feed(data)
        return message


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._deliver = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._deliver(data, Address.of(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """A peer's port is closed; the probe will notice."""

"""The network between simulated hosts: datagrams, streams, and calls as grpc.aio would carry them.

Datagrams are lost, late, doubled, reordered. Streams and calls are late but whole, or they hang: TCP hides the rest until a deadline. A host that is
down refuses connections when its machine runs, and is silent when the way there is cut.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import grpc

from sim.loop import PROCESS, HostState, Process, SimLoop

Place = tuple[str, int]
TICK_S = 1e-6
"""Between two things that arrive in order: timers of one moment run in any."""


@dataclass
class Faults:
    """loss, twice: shares of datagrams. lost_calls, lost_answers: shares of calls that do not arrive, or are not answered. delay_s: longest way."""

    loss: float = 0.0
    twice: float = 0.0
    lost_calls: float = 0.0
    lost_answers: float = 0.0
    delay_s: float = 0.005


class Network:
    def __init__(self, loop: SimLoop, rng: random.Random) -> None:
        self.loop, self.rng, self.faults = loop, rng, Faults()
        self.cut: set[tuple[str, str]] = set()
        """(from, to) by IP address, over which nothing gets."""
        self._listeners: dict[Place, _Listener] = {}
        self._datagrams: dict[Place, _DatagramTransport] = {}
        self.servers: dict[Place, _Server] = {}

    def unplug(self, process: Process) -> None:
        """The process died: nobody listens on its ports any more, and its connections break."""
        for table in (self._listeners, self._datagrams, self.servers):
            for place in [place for place, each in table.items() if each.process is process]:
                del table[place]

    def delay_s(self) -> float:
        return self.rng.uniform(0.0002, self.faults.delay_s)

    def is_cut(self, source: str, target: str) -> bool:
        return (source, target) in self.cut

    # --- datagrams

    def datagrams(self, protocol_factory: Any, local: Place) -> tuple[Any, Any]:
        transport = _DatagramTransport(self, protocol_factory(), local)
        self._datagrams[local] = transport
        transport.protocol.connection_made(transport)
        return transport, transport.protocol

    def send(self, source: Place, target: Place, data: bytes) -> None:
        if self.is_cut(source[0], target[0]):
            return
        for _ in range(2 if self.rng.random() < self.faults.twice else 1):
            if self.rng.random() >= self.faults.loss:
                self.loop.call_later(self.delay_s(), self._arrive, source, target, data, context=_OUTSIDE)

    def _arrive(self, source: Place, target: Place, data: bytes) -> None:
        receiver = self._datagrams.get(target)
        if receiver is not None and receiver.process is not None and not receiver.is_closing():
            self.loop.call_soon(receiver.protocol.datagram_received, data, source, context=receiver.process.context)

    # --- streams

    def listen(self, protocol_factory: Any, host: str, port: int) -> Any:
        listener = _Listener(self, protocol_factory, (host, port))
        self._listeners[host, port] = listener
        return listener

    async def connect(self, protocol_factory: Any, host: str, port: int) -> tuple[Any, Any]:
        process = PROCESS.get()
        source = process.name if process is not None else "outside"
        await asyncio.sleep(2 * self.delay_s())
        while self.is_cut(source, host) or self.is_cut(host, source):  # noqa: ASYNC110 # as often as a kernel tries
            await asyncio.sleep(1.0)
        listener = self._listeners.get((host, port))
        if listener is None or listener.process is None:
            raise ConnectionRefusedError(f"{host}:{port} refuses")
        here, there = _Stream(self, (source, 50_000)), _Stream(self, (host, port))
        here.peer, there.peer = there, here
        here.process, there.process = process, listener.process
        here.protocol = protocol_factory()
        here.protocol.connection_made(here)
        self.loop.call_soon(_accept, there, listener.protocol_factory, context=listener.process.context)
        return here, here.protocol

    # --- calls

    def channel(self, address: str, options: Sequence[tuple[str, Any]], credentials: Any) -> Any:
        host, _, port = address.rpartition(":")
        return _Channel(self, (host, int(port)))

    def server(self, options: Sequence[tuple[str, Any]], calls_max: int) -> Any:
        return _Server(self)


_OUTSIDE = Process("outside").context
_OUTSIDE.run(PROCESS.set, None)


def _accept(stream: _Stream, protocol_factory: Any) -> None:
    stream.protocol = protocol_factory()
    stream.protocol.connection_made(stream)


class _DatagramTransport:
    def __init__(self, network: Network, protocol: Any, local: Place) -> None:
        self.network, self.protocol, self.local = network, protocol, local
        self.process = PROCESS.get()
        self._closed = False

    def sendto(self, data: bytes, address: Place) -> None:
        self.network.send(self.local, address, data)

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True


class _Listener:
    def __init__(self, network: Network, protocol_factory: Any, place: Place) -> None:
        self.network, self.protocol_factory, self.place = network, protocol_factory, place
        self.process = PROCESS.get()
        self.sockets = [SimpleNamespace(getsockname=lambda: place)]

    def close(self) -> None:
        if self.network._listeners.get(self.place) is self:
            del self.network._listeners[self.place]

    async def wait_closed(self) -> None:
        return None


class _Stream(asyncio.Transport):
    """One end of a connection. Pieces arrive in order."""

    def __init__(self, network: Network, local: Place) -> None:
        super().__init__()
        self.network, self.local = network, local
        self.peer: _Stream
        self.process: Process | None = None
        self.protocol: Any = None
        self._arrives_s = 0.0
        self._closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": self.peer.local, "sockname": self.local}.get(name, default)

    def is_closing(self) -> bool:
        return self._closed

    def write(self, data: Any) -> None:
        if not self._closed:
            self._send(bytes(data))

    def _send(self, data: bytes | None) -> None:
        if self.network.is_cut(self.local[0], self.peer.local[0]):
            return  # it would be sent again and again; whoever waits has a deadline
        self._arrives_s = max(self._arrives_s + TICK_S, self.network.loop.time() + self.network.delay_s())
        context = self.peer.process.context if self.peer.process is not None else _OUTSIDE
        self.network.loop.call_at(self._arrives_s, self.peer._received, data, context=context)

    def _received(self, data: bytes | None) -> None:
        if self.protocol is None:
            self.network.loop.call_soon(self._received, data)
        elif data is None:
            self.protocol.eof_received()
        elif not self._closed:
            self.protocol.data_received(data)

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        if not self._closed:
            self._send(None)
            self._closed = True
            self.network.loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class SimRpcError(grpc.aio.AioRpcError):  # type: ignore[misc]  # grpc has no types
    def __init__(self, code: Any, details: str, trailing: Any = ()) -> None:
        super().__init__(code, (), tuple(trailing), details=details)


class _Server:
    """What PeerServer uses of a gRPC server."""

    def __init__(self, network: Network) -> None:
        self.network, self.process = network, PROCESS.get()
        self._handlers: Any = None
        self._place: Place | None = None

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        (self._handlers,) = handlers

    def add_insecure_port(self, address: str) -> int:
        host, _, port = address.rpartition(":")
        self._place = (host, int(port))
        return int(port)

    async def start(self) -> None:
        assert self._place is not None
        self.network.servers[self._place] = self

    async def stop(self, grace: float | None) -> None:
        if self._place is not None and self.network.servers.get(self._place) is self:
            del self.network.servers[self._place]

    def handler(self, path: str, metadata: Any) -> Any:
        return self._handlers.service(SimpleNamespace(method=path, invocation_metadata=metadata))


class _Context:
    def __init__(self, metadata: Any, peer: str) -> None:
        self._metadata, self._peer = metadata, peer

    def invocation_metadata(self) -> Any:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    async def abort(self, code: Any, details: str = "", trailing: Any = ()) -> None:
        raise SimRpcError(code, details, trailing)


class _Channel:
    """What PeerClient uses of a gRPC channel."""

    def __init__(self, network: Network, place: Place) -> None:
        self.network, self.place = network, place

    def unary_unary(self, path: str) -> Any:
        async def call(data: bytes, *, timeout: float, metadata: Any) -> bytes:  # noqa: ASYNC109 # gRPC's
            pieces = [piece async for piece in _Call(self.network, self.place, path, data, timeout, metadata, streaming=False)]
            return pieces[0]

        return call

    def unary_stream(self, path: str) -> Any:
        def call(data: bytes, *, timeout: float, metadata: Any) -> _Call:  # gRPC's
            return _Call(self.network, self.place, path, data, timeout, metadata, streaming=True)

        return call

    async def close(self) -> None:
        return None


class _Call:
    """One call: its pieces, or an error, arrive in a queue before the deadline. The handler runs as the server's process."""

    def __init__(self, network: Network, place: Place, path: str, data: bytes, timeout: float, metadata: Any, *, streaming: bool) -> None:
        self.network, self.place, self.path, self.data, self.metadata = network, place, path, data, metadata
        self.streaming, self.deadline_s = streaming, network.loop.time() + timeout
        process = PROCESS.get()
        self.source = process.name if process is not None else "outside"
        self._context = process.context if process is not None else _OUTSIDE
        self._pieces: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._is_lost = False
        self._arrives_s = 0.0

    def cancel(self) -> bool:
        if self._task is not None:
            self.network.loop.call_soon(self._task.cancel, context=_OUTSIDE)
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        while True:
            left_s = self.deadline_s - self.network.loop.time()
            try:
                async with asyncio.timeout(left_s):
                    kind, value = await self._pieces.get()
            except TimeoutError:
                self.cancel()
                raise SimRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from None
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value

    def _begin(self) -> None:
        network, rng = self.network, self.network.rng
        if network.is_cut(self.source, self.place[0]) or rng.random() < network.faults.lost_calls:
            return
        network.loop.call_later(network.delay_s(), self._arrive, context=_OUTSIDE)

    def _arrive(self) -> None:
        server = self.network.servers.get(self.place)
        if server is None or server.process is None or server.process.state is HostState.DEAD:
            refused = SimRpcError(grpc.StatusCode.UNAVAILABLE, f"failed to connect to all addresses; {self.place}: Connection refused (111)")
            self._answer("error", refused)
            return
        self._task = self.network.loop.create_task(self._serve(server), context=server.process.context.copy())

    async def _serve(self, server: _Server) -> None:
        handler = server.handler(self.path, self.metadata)
        context = _Context(self.metadata, self.source)
        try:
            if self.streaming:
                async for piece in handler.unary_stream(self.data, context):
                    self._answer("piece", piece)
            else:
                self._answer("piece", await handler.unary_unary(self.data, context))
            self._answer("end", None)
        except SimRpcError as error:
            self._answer("error", error)

    def _answer(self, kind: str, value: Any) -> None:
        network = self.network
        # Once something did not arrive nothing behind it does: it is one connection.
        self._is_lost = self._is_lost or network.is_cut(self.place[0], self.source) or network.rng.random() < network.faults.lost_answers
        if self._is_lost:
            return
        self._arrives_s = max(self._arrives_s + TICK_S, network.loop.time() + network.delay_s())
        network.loop.call_at(self._arrives_s, self._pieces.put_nowait, (kind, value), context=self._context)

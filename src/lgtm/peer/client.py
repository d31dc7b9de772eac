"""Calls to other nodes. A call ends in an answer, an error that the other side told, or one of `faults.py` that says what may be concluded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Iterator
from typing import Any

import grpc

from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import LgtmError
from lgtm.peer.breaker import Breaker
from lgtm.peer.calls import OTHER_INSTANCE, Pass, method_path
from lgtm.peer.config import PeerConfig
from lgtm.peer.faults import (
    FAULT_KEY,
    PeerBusy,
    PeerError,
    PeerFailed,
    PeerRefused,
    PeerRejected,
    PeerTooLarge,
    PeerUnknown,
    PeerUnreachable,
    decode_fault,
)
from lgtm.peer.metrics import PeerMetrics
from lgtm.peer.tls import Certificates
from lgtm.peer.transport import GrpcTransport, Transport

_NEVER_SENT = (
    "failed to connect",
    "connection refused",
    "no route to host",
    "network is unreachable",
    "name resolution",
    "dns resolution",
    "errors resolving",
    "handshake",
)
_REFUSED = "connection refused"

CONNECT_TIMEOUT_MS = 1_000
"""A handshake with TLS on a busy machine takes tenths of a second."""
KEEPALIVE_MS = 5_000
"""While calls wait, a ping is sent after this long without a byte from the other side."""
PING_TIMEOUT_MS = 3_000
"""A connection on which a ping is not answered for this long is dead, and so are its calls."""


class PeerClient:
    """One other node. For the event loop that made it."""

    def __init__(
        self, address: str, instance: str, config: PeerConfig, shown: Pass, clock: Clock, metrics: PeerMetrics, transport: Transport | None = None
    ) -> None:
        """instance: who is meant. Whoever else has taken over the address refuses: two copies on one node would be one."""
        self.address = address
        self.breaker = Breaker()
        self._config, self._clock, self._metrics, self._transport = config, clock, metrics, transport or GrpcTransport()
        self._metadata = shown.metadata(instance)
        self._certificates = Certificates(config) if config.tls else None
        self._stamp = self._certificates.stamp() if self._certificates is not None else ()
        self._channel = self._open()
        self._calls = 0
        self._nbytes = 0
        self._was_refused = False
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    async def call(self, method: str, data: bytes, timeout_s: float) -> bytes:
        """Raises what the other side raised, or a PeerError."""
        with self._place(method, len(data)):
            unary = self._channel.unary_unary(method_path(method))
            answer: bytes = await unary(data, timeout=timeout_s, metadata=self._metadata)
            self._metrics.received_bytes.labels(method).inc(len(answer))
            return answer

    async def stream(self, method: str, data: bytes, timeout_s: float) -> AsyncGenerator[bytes, None]:
        """Close it (aclosing), or exhaust it, to end the call. Raises as `call` does."""
        with self._place(method, len(data)):
            pieces = self._channel.unary_stream(method_path(method))(data, timeout=timeout_s, metadata=self._metadata)
            try:
                async for piece in pieces:
                    self.breaker.succeeded()  # also when the stream ends by its deadline, as one that follows does
                    self._metrics.received_bytes.labels(method).inc(len(piece))
                    yield piece
            finally:
                pieces.cancel()

    async def close(self) -> None:
        """Calls that are open end as PeerUnknown, later ones as PeerUnreachable."""
        self._closed = True
        await asyncio.gather(self._channel.close(), *self._closing)

    @contextlib.contextmanager
    def _place(self, method: str, nbytes: int) -> Iterator[None]:
        """One call's share of the bounds, its account, and its errors in our words."""
        try:
            self._admit(nbytes)
        except PeerError as error:
            self._metrics.calls.labels(method, type(error).__name__).inc()
            raise
        self._calls += 1
        self._nbytes += nbytes
        self._metrics.sent_bytes.labels(method).inc(nbytes)
        began_ns, outcome = self._clock.monotonic_ns(), "ok"
        try:
            yield
            self.breaker.succeeded()
        except grpc.aio.AioRpcError as error:
            fault = fault_of(error, self.address)
            outcome = type(fault).__name__
            self._account(fault)
            raise fault from None
        except asyncio.CancelledError:
            outcome = "cancelled"
            if self._closed and not _is_cancelled():
                raise PeerUnknown(self.address, "the connection was closed on this side") from None
            raise
        except GeneratorExit:
            outcome = "cancelled"
            raise
        finally:
            self._calls -= 1
            self._nbytes -= nbytes
            self._metrics.calls.labels(method, outcome).inc()
            self._metrics.seconds.labels(method).observe((self._clock.monotonic_ns() - began_ns) / NS_PER_S)

    def _admit(self, nbytes: int) -> None:
        if self._closed:
            raise PeerUnreachable(self.address, "it is not listed any more")
        if nbytes > self._config.message_bytes_max:
            raise PeerTooLarge(self.address, f"a message of {nbytes} bytes is above peer.message_bytes_max")
        if self._calls >= self._config.calls_in_flight_max or (self._nbytes and self._nbytes + nbytes > self._config.in_flight_bytes_max):
            raise PeerBusy(self.address, f"{self._calls} calls with {self._nbytes} bytes wait for it already")
        if not self.breaker.allow(self._clock.monotonic_ns()):
            # What was known when the breaker opened stays known: a process that is gone is down, and not merely silent.
            kind = PeerRefused if self._was_refused else PeerUnreachable
            raise kind(self.address, "it did not answer lately; it is asked again within a second")
        if self._certificates is not None and self._calls == 0:
            self._renew(self._certificates)

    def _account(self, fault: LgtmError) -> None:
        self._was_refused = isinstance(fault, PeerRefused)
        if isinstance(fault, PeerUnreachable) or (isinstance(fault, PeerUnknown) and not isinstance(fault, PeerFailed)):
            self.breaker.failed(self._clock.monotonic_ns(), unreachable=isinstance(fault, PeerUnreachable))
        else:
            self.breaker.succeeded()

    def _renew(self, certificates: Certificates) -> None:
        """A channel with the certificates of now, when they have changed and no call is open on the old one."""
        with contextlib.suppress(OSError):
            if (stamp := certificates.stamp()) != self._stamp:
                old, self._channel, self._stamp = self._channel, self._open(), stamp
                task = asyncio.get_running_loop().create_task(old.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    def _open(self) -> Any:
        limit = self._config.message_bytes_max
        options = [
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", PING_TIMEOUT_MS),
            ("grpc.http2.ping_timeout_ms", PING_TIMEOUT_MS),  # a minute by default, and the one that ends the connection
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),  # bounds an attempt, not the pause after it
            ("grpc.max_reconnect_backoff_ms", 1_000),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
        ]
        if self._certificates is None:
            return self._transport.channel(self.address, options, None)
        if self._config.tls_server_name:
            options.append(("grpc.ssl_target_name_override", self._config.tls_server_name))  # type: ignore[arg-type]  # options are of any type
        return self._transport.channel(self.address, options, self._certificates.client())


def fault_of(error: Any, peer: str) -> LgtmError:
    """What a failed call means. error: a grpc.aio.AioRpcError."""
    for key, value in error.trailing_metadata() or ():
        if key == FAULT_KEY:
            return decode_fault(value, peer)
    details = str(error.details() or error.code().name)
    match error.code():
        case grpc.StatusCode.UNAVAILABLE:
            low = details.lower()
            if not any(text in low for text in _NEVER_SENT):
                return PeerUnknown(peer, details)
            return PeerRefused(peer, "connection refused") if _REFUSED in low else PeerUnreachable(peer, details)
        case grpc.StatusCode.PERMISSION_DENIED if OTHER_INSTANCE in details:
            return PeerRefused(peer, details)
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED | grpc.StatusCode.UNIMPLEMENTED:
            return PeerRejected(peer, details)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return PeerUnknown(peer, "no answer in time")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return _exhausted(details, peer)
        case grpc.StatusCode.INTERNAL | grpc.StatusCode.UNKNOWN:
            return PeerFailed(peer, details)
        case _:
            return PeerUnknown(peer, details)


def _exhausted(details: str, peer: str) -> LgtmError:
    """gRPC's own bounds; ours travel as errors of ours. Only an answer that is too large comes after the work was done."""
    if "Concurrent RPC limit" in details:
        return PeerBusy(peer, "it serves as many calls as it may")
    if "SERVER: Received message" in details or "CLIENT: Sent message" in details:
        return PeerTooLarge(peer, details)
    return PeerFailed(peer, details)


def _is_cancelled() -> bool:
    """Whether somebody cancelled the task, and not only the call in it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Peers:
    """A client for each instance at its address, made when first asked for."""

    def __init__(self, config: PeerConfig, shown: Pass, clock: Clock, metrics: PeerMetrics, transport: Transport | None = None) -> None:
        self._config, self._pass, self._clock, self._metrics = config, shown, clock, metrics
        self._transport = transport
        self._clients: dict[tuple[str, str], PeerClient] = {}

    def client(self, instance: str, address: str) -> PeerClient:
        key = (instance, address)
        if key not in self._clients:
            self._clients[key] = PeerClient(address, instance, self._config, self._pass, self._clock, self._metrics, self._transport)
        return self._clients[key]

    async def keep(self, wanted: Collection[tuple[str, str]]) -> None:
        """Closes the clients of all other (instance, address)."""
        for key in self._clients.keys() - set(wanted):
            await self._clients.pop(key).close()

    async def close(self) -> None:
        await self.keep(())

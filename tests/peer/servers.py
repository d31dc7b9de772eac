"""A server on the loopback with handlers that a test gives, and clients for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from lgtm.clock import SystemClock
from lgtm.errors import Unavailable
from lgtm.model.part import UnknownSeries
from lgtm.model.secret import Secret
from lgtm.peer.calls import Pass
from lgtm.peer.client import PeerClient
from lgtm.peer.config import PeerConfig
from lgtm.peer.metrics import PeerMetrics
from lgtm.peer.server import PeerServer

INSTANCE = "b"
CLUSTER = Pass("test", Secret("hush"))


class Draining(Unavailable):
    draining = True


class Handlers:
    """release: hanging calls end when it is set. cancelled: how many of them were cancelled by their caller."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.hanging = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.die: Callable[[], Awaitable[None]]

    async def echo(self, data: bytes) -> bytes:
        return data

    async def unknown(self, data: bytes) -> bytes:
        raise UnknownSeries((b"f" * 16,), 7)

    async def draining(self, data: bytes) -> bytes:
        raise Draining("stopping, täglich")

    async def bug(self, data: bytes) -> bytes:
        raise RuntimeError("a bug")

    async def hang(self, data: bytes) -> bytes:
        self.hanging.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return b""

    async def count(self, data: bytes) -> AsyncIterator[bytes]:
        for number in range(int(data)):
            yield b"%d" % number
        if data == b"3":
            raise Draining("in the middle")

    async def follow(self, data: bytes) -> AsyncIterator[bytes]:
        """One piece, then silence until the caller has enough."""
        try:
            yield b"first"
            await self.release.wait()
        finally:
            self.cancelled.set()

    async def large(self, data: bytes) -> bytes:
        return bytes(int(data))


@asynccontextmanager
async def serving(config: PeerConfig | None = None, expected: Pass = CLUSTER) -> AsyncIterator[tuple[Handlers, str]]:
    handlers = Handlers()
    unary = {name: getattr(handlers, name) for name in ("echo", "unknown", "draining", "bug", "hang", "large")}
    streaming = {name: getattr(handlers, name) for name in ("count", "follow")}
    server = PeerServer(unary, streaming, config or PeerConfig(), expected, PeerMetrics(CollectorRegistry()), INSTANCE)
    port = await server.start("127.0.0.1", 0)
    handlers.die = lambda: server.stop(0)
    try:
        yield handlers, f"127.0.0.1:{port}"
    finally:
        handlers.release.set()
        await server.stop(0)


@asynccontextmanager
async def calling(address: str, config: PeerConfig | None = None, shown: Pass = CLUSTER, instance: str = INSTANCE) -> AsyncIterator[PeerClient]:
    client = PeerClient(address, instance, config or PeerConfig(), shown, SystemClock(), PeerMetrics(CollectorRegistry()))
    try:
        yield client
    finally:
        await client.close()

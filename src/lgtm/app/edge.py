"""The listeners of a node: every HTTP API, OTLP over HTTP, and gRPC."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import grpc
import uvicorn
from starlette.types import ASGIApp

from lgtm.api.bodies import Bodies
from lgtm.api.metrics import PushMetrics
from lgtm.api.otlp_grpc import grpc_options, otlp_grpc_handler
from lgtm.api.tempo.streaming import tempo_grpc_handler
from lgtm.api.tenancy import Tenancy
from lgtm.app.addresses import Addresses
from lgtm.app.build import Node
from lgtm.app.config import ServerConfig
from lgtm.app.http import http_app, otlp_app, query_sides, receivers


@asynccontextmanager
async def listening(node: Node, sockets: list[socket.socket], stop: asyncio.Event) -> AsyncIterator[Addresses]:
    """Takes requests until it is left. sockets: for OTLP, then for the other ports. stop: set when the node is about to end."""
    config, bodies = node.config.server, Bodies(node.config.push)
    tenancy, metrics = Tenancy(enabled=node.config.auth_enabled), PushMetrics(node.registry)
    otlp = receivers(node, tenancy, bodies, metrics)
    sides = query_sides(node, tenancy)
    grpc_server = grpc.aio.server(options=grpc_options(node.config.push.bounds))
    handlers = (*map(otlp_grpc_handler, (otlp.logs, otlp.traces, otlp.metrics)), tempo_grpc_handler(sides.traces))
    grpc_server.add_generic_rpc_handlers(handlers)
    grpc_port = grpc_server.add_insecure_port(f"{config.host}:{config.otlp_grpc_port}")
    await grpc_server.start()
    app = http_app(node, tenancy, bodies, metrics, otlp, sides, stop)
    servers = [_server(otlp_app(otlp), config), *(_server(app, config) for _ in config.http_ports)]
    serving = [asyncio.ensure_future(_serve(server, sock)) for server, sock in zip(servers, sockets, strict=True)]
    try:
        await asyncio.gather(*(server.has_started.wait() for server in servers))
        otlp_http_port, http_port = (int(sock.getsockname()[1]) for sock in sockets[:2])
        yield Addresses(config.host, http_port, otlp_http_port, grpc_port)
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(grpc_server.stop(config.stop_grace_s), *serving)
        bodies.close()
        sides.close()


def _server(app: ASGIApp, config: ServerConfig) -> _Server:
    settings = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_ping_interval=1.0,  # as Loki does; a tail whose client is gone ends within seconds
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, int(config.stop_grace_s)),
    )
    return _Server(settings)


class _Server(uvicorn.Server):
    """Leaves signals to the node, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_started.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(server: uvicorn.Server, sock: socket.socket) -> None:
    await server.serve(sockets=[sock])

"""The push routes over a fake push, in process or on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from lgtm.api.bodies import Bodies
from lgtm.api.config import PushConfig
from lgtm.api.loki_push import loki_push_routes
from lgtm.api.metrics import PushMetrics
from lgtm.api.otlp import otlp_logs, otlp_traces
from lgtm.api.otlp_http import loki_otlp_route, otlp_http_routes
from lgtm.api.tenancy import Tenancy
from lgtm.clock import ManualClock
from lgtm.model.limits import TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.decoded_spans import DecodedSpans


class PushServer:
    """Keeps what is pushed; raises `refusal` afterwards, as a distributor does when some of it was refused."""

    def __init__(self, config: PushConfig | None = None, *, tenancy: Tenancy | None = None) -> None:
        self.pushed: list[tuple[Tenant, DecodedLogs]] = []
        self.spans: list[tuple[Tenant, DecodedSpans]] = []
        self.refusal: Exception | None = None
        self.bodies = Bodies(config)
        self.registry = CollectorRegistry()
        self.clock = ManualClock()
        tenancy = tenancy or Tenancy()
        metrics = PushMetrics(self.registry)
        self.logs = otlp_logs(self.push, tenancy, self.bodies, TenantLimits(), self.clock, metrics)
        self.traces = otlp_traces(self.push_spans, tenancy, self.bodies, metrics)
        routes = [loki_otlp_route(self.logs), *otlp_http_routes(self.logs), *otlp_http_routes(self.traces)]
        self.app = Starlette(routes=[*loki_push_routes(self.push, tenancy, self.bodies, metrics), *routes])

    async def push(self, tenant: Tenant, decoded: DecodedLogs) -> None:
        self.pushed.append((tenant, decoded))
        if self.refusal is not None:
            raise self.refusal

    async def push_spans(self, tenant: Tenant, decoded: DecodedSpans) -> None:
        self.spans.append((tenant, decoded))
        if self.refusal is not None:
            raise self.refusal

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """One request in process, of tenant `t` unless the headers say otherwise."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(path, content=body, headers={"X-Scope-OrgID": "t"} | (headers or {}))

    @contextlib.asynccontextmanager
    async def on_loopback(self) -> AsyncIterator[str]:
        """The base URL of a real server."""
        config: Any = uvicorn.Config(self.app, host="127.0.0.1", port=0, lifespan="off", log_config=None)
        server = _Server(config)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve())
            await server.ready.wait()
            host, port = server.servers[0].sockets[0].getsockname()
            yield f"http://{host}:{port}"
            server.should_exit = True


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

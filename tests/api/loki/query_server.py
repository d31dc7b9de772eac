"""The query routes over an engine that answers what a test puts into it, in process."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.routes import loki_query_router
from lgtm.api.loki.side import QuerySide
from lgtm.api.tenancy import Tenancy
from lgtm.clock import ManualClock
from lgtm.logql.evaluate_log import LogResult
from lgtm.logql.evaluate_metric import MetricQuery
from lgtm.logql.frame import LogFrame
from lgtm.logql.label_sets import CategorizedLabels
from lgtm.logql.limits import check_entries, check_length
from lgtm.logql.syntax import LogExpr, MetricExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers, matches_all
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.vectors.matrix import I64, Matrix

NOW_NS = 1_795_485_600 * 10**9
DATA = Path(__file__).parent / "data"

Row = tuple[int, str, CategorizedLabels]


def recorded() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "recorded.jsonl").read_text().splitlines()]


def labels(stream: Mapping[str, str], metadata: Mapping[str, str] | None = None, parsed: Mapping[str, str] | None = None) -> CategorizedLabels:
    return CategorizedLabels(*(tuple(sorted((pairs or {}).items())) for pairs in (stream, metadata, parsed)))


def log_result(rows: Sequence[Row]) -> LogResult:
    sets = list(dict.fromkeys(row[2] for row in rows))
    codes = np.array([sets.index(row[2]) for row in rows], dtype=np.int64)
    return LogResult(np.array([row[0] for row in rows], dtype=np.int64), [row[1] for row in rows], codes, sets)


@dataclass(frozen=True)
class FakeStats:
    bytes_processed: int = 100
    lines_processed: int = 10
    lines_post_filter: int = 5
    entries_returned: int = 2
    exec_s: float = 0.5
    queue_s: float = 0.25
    streams: int = 1
    blocks: int = 0
    head_runs: int = 1


@dataclass(frozen=True)
class FakeLogAnswer:
    result: LogResult
    stats: FakeStats = FakeStats()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeMetricAnswer:
    matrix: Matrix
    stats: FakeStats = FakeStats()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volumes:
    labels: Labels
    rows: I64
    nbytes: I64


@dataclass(frozen=True)
class FakeSeriesAnswer:
    series: list[Labels]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeVolumesAnswer:
    volumes: list[Volumes]
    warnings: tuple[str, ...] = ()


@dataclass
class FakeFollower:
    arrived: asyncio.Queue[Batch] = field(default_factory=asyncio.Queue)
    dropped: int = 0

    async def next(self) -> Batch:
        return await self.arrived.get()

    def take_dropped(self) -> int:
        dropped, self.dropped = self.dropped, 0
        return dropped


class FakeEngine:
    """Answers `rows`, `matrix` and `volumes_of` whatever is asked, and keeps what was asked in `asked`. Queries of constants are evaluated."""

    def __init__(self) -> None:
        self.limits_of_all = Limits()
        self.rows: list[Row] = []
        self.matrix: Matrix | None = None
        self.series_of_all: list[Labels] = []
        self.volumes_of: dict[Labels, tuple[list[int], list[int]]] = {}
        self.frames: list[LogFrame] = []
        self.warnings: tuple[str, ...] = ()
        self.asked: dict[str, Any] = {}
        self.before: Callable[[], Awaitable[None]] | None = None
        self.follower = FakeFollower()
        self.following = 0
        self.followers_gone = asyncio.Event()

    def limits(self, tenant: Tenant) -> Limits:
        return self.limits_of_all

    async def log_query(self, tenant: Tenant, expr: LogExpr, *, window: Window, limit: int, forward: bool, interval_ns: int = 0) -> FakeLogAnswer:
        self.asked = {"expr": str(expr), "window": window, "limit": limit, "forward": forward, "interval_ns": interval_ns}
        check_entries(limit, self.limits_of_all)
        check_length(window, self.limits_of_all)
        await self._begin(tenant)
        return FakeLogAnswer(log_result(self.rows), warnings=self.warnings)

    async def metric_query(
        self, tenant: Tenant, expr: MetricExpr, *, start_ns: int, end_ns: int, step_ns: int, instant: bool = False
    ) -> FakeMetricAnswer:
        self.asked = {"expr": str(expr), "start_ns": start_ns, "end_ns": end_ns, "step_ns": step_ns, "instant": instant}
        await self._begin(tenant)
        query = MetricQuery(expr, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limits=self.limits_of_all, instant=instant)
        return FakeMetricAnswer(self.matrix or query.result(), warnings=self.warnings)

    async def series(self, tenant: Tenant, matchers: Matchers, window: Window) -> FakeSeriesAnswer:
        self.asked = {"matchers": matchers, "window": window}
        await self._begin(tenant)
        return FakeSeriesAnswer(sorted(each for each in self.series_of_all if matches_all(matchers, each)), self.warnings)

    async def volumes(self, tenant: Tenant, matchers: Matchers, edges_ns: Sequence[int]) -> FakeVolumesAnswer:
        self.asked = {"matchers": matchers, "edges_ns": list(edges_ns)}
        await self._begin(tenant)
        found = ((each, of) for each, of in self.volumes_of.items() if matches_all(matchers, each))
        volumes = [Volumes(each, np.array(rows, dtype=np.int64), np.array(nbytes, dtype=np.int64)) for each, (rows, nbytes) in found]
        return FakeVolumesAnswer(volumes, self.warnings)

    async def scan(self, tenant: Tenant, expr: LogExpr, window: Window, *, newest_first: bool = True) -> AsyncGenerator[LogFrame, None]:
        await self._begin(tenant)
        for frame in self.frames:
            yield frame

    @contextmanager
    def follow(self, tenant: Tenant) -> Iterator[FakeFollower]:
        self.following += 1
        try:
            yield self.follower
        finally:
            self.following -= 1
            self.followers_gone.set()

    async def _begin(self, tenant: Tenant) -> None:
        self.asked["tenant"] = tenant
        if self.before is not None:
            await self.before()


class QueryServer:
    def __init__(self, config: QueryApiConfig | None = None) -> None:
        self.engine = FakeEngine()
        self.clock = ManualClock(NOW_NS)
        self.registry = CollectorRegistry()
        self.side = QuerySide(self.engine, Tenancy(), self.clock, QueryApiMetrics(self.registry), config)
        self.app = FastAPI()
        self.app.include_router(loki_query_router(self.side))

    async def get(self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str | None] | None = None) -> httpx.Response:
        return await self.ask("GET", path, params, headers)

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: str | None = None,
    ) -> httpx.Response:
        """One request of tenant `t` unless the headers say otherwise."""
        sent = {name: value for name, value in ({"X-Scope-OrgID": "t"} | dict(headers or {})).items() if value is not None}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.request(method, path, params=params, headers=sent, content=body)

    @asynccontextmanager
    async def on_loopback(self) -> AsyncIterator[str]:
        """`host:port` of a real server."""
        config: Any = uvicorn.Config(self.app, host="127.0.0.1", port=0, lifespan="off", log_config=None, ws="websockets-sansio")
        server = _Server(config)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve())
            await server.ready.wait()
            host, port = server.servers[0].sockets[0].getsockname()
            yield f"{host}:{port}"
            server.should_exit = True


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

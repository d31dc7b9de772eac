"""The routes of Prometheus' API over an engine that holds series in memory, in process."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.operations import Operations, Reloaded
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.prometheus.engine import (
    ExemplarsAnswer,
    ExemplarSeries,
    FoundExemplar,
    NamesAnswer,
    PromAnswer,
    PromStats,
    SeriesAnswer,
)
from lgtm.api.prometheus.routes import prometheus_query_router
from lgtm.api.prometheus.scraping import NothingScraped, PoolNotFound, TenantTargets
from lgtm.api.prometheus.side import PrometheusSide
from lgtm.api.prometheus.status import prometheus_status_router
from lgtm.api.tenancy import Tenancy
from lgtm.blocks.meta import BlockMeta
from lgtm.clock import ManualClock
from lgtm.errors import LgtmError
from lgtm.model.labels import Labels, labels_of
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers, matches_all
from lgtm.model.tenant import Tenant
from lgtm.parsing.durations import parse_duration
from lgtm.promql.columns import Selected
from lgtm.promql.evaluate import evaluate
from lgtm.promql.features import Features
from lgtm.promql.prepare import Selection, prepare
from lgtm.promql.syntax import Expr
from lgtm.promql.times import Times
from lgtm.wire.decoded_samples import Metadata
from promql.memory import Memory
from promql.notation import Sample, items

TENANT = "conf"
DATA = Path(__file__).parent / "data"
NOW_MS = 1_795_172_400_000
"""2026-11-20T11:00Z, where the recorded data ends."""


def read_lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class MemoryEngine:
    """Holds series of the tenant `conf`. `asked` is what was asked last; `before` is awaited, or raises, first. limit_exceeded is not checked."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.found_exemplars: dict[Labels, list[FoundExemplar]] = {}
        self.descriptions: dict[str, list[Metadata]] = {}
        self.warnings: tuple[str, ...] = ()
        self.stats = PromStats(queue_s=0.25, read_s=0.5, evaluate_s=1.0)
        self.asked: dict[str, Any] = {}
        self.before: Callable[[], Awaitable[None]] | None = None

    def limits(self, tenant: Tenant) -> Limits:
        return Limits()

    async def query(self, tenant: Tenant, expr: Expr, times: Times, *, lookback_ms: int, timeout_s: float | None, features: Features) -> PromAnswer:
        await self._begin(tenant=tenant, times=times, lookback_ms=lookback_ms, timeout_s=timeout_s, features=features)
        prepared = prepare(expr, times, lookback_ms=lookback_ms)
        selected = [self._held(tenant).select(selection) for selection in prepared.selections]
        return PromAnswer(evaluate(prepared, selected, features=features), self.stats, self.warnings)

    async def series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int) -> SeriesAnswer:
        await self._begin(tenant=tenant, matchers=matchers, start_ms=start_ms, end_ms=end_ms, limit=limit)
        return SeriesAnswer(self._series(tenant, matchers, start_ms, end_ms)[: limit or None], self.warnings)

    async def label_names(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int) -> NamesAnswer:
        await self._begin(tenant=tenant, matchers=matchers, start_ms=start_ms, end_ms=end_ms, limit=limit)
        found = {name for labels in self._series(tenant, matchers, start_ms, end_ms) for name, _ in labels}
        return NamesAnswer(sorted(found)[: limit or None], self.warnings)

    async def label_values(self, tenant: Tenant, name: str, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int) -> NamesAnswer:
        await self._begin(tenant=tenant, name=name, matchers=matchers, start_ms=start_ms, end_ms=end_ms, limit=limit)
        found = {value for labels in self._series(tenant, matchers, start_ms, end_ms) for each, value in labels if each == name}
        return NamesAnswer(sorted(found)[: limit or None], self.warnings)

    async def metadata(self, tenant: Tenant, metric: str, *, limit: int, limit_per_metric: int) -> Mapping[str, Sequence[Metadata]]:
        await self._begin(tenant=tenant, metric=metric, limit=limit, limit_per_metric=limit_per_metric)
        families = [family for family in sorted(self.descriptions) if metric in ("", family)][: limit or None]
        return {family: self.descriptions[family][: limit_per_metric or None] for family in families}

    async def exemplars(self, tenant: Tenant, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> ExemplarsAnswer:
        await self._begin(tenant=tenant, selectors=selectors, start_ms=start_ms, end_ms=end_ms)
        series = []
        for labels, held in self.found_exemplars.items():
            exemplars = [each for each in held if start_ms <= each.ts_ms <= end_ms]
            if exemplars and any(matches_all(matchers, labels) for matchers in selectors):
                series.append(ExemplarSeries(labels, exemplars))
        return ExemplarsAnswer(series, self.warnings)

    async def select(self, tenant: Tenant, matchers: Matchers, start_ms: int, end_ms: int) -> tuple[Selected, tuple[str, ...]]:
        await self._begin(tenant=tenant, matchers=matchers, start_ms=start_ms, end_ms=end_ms)
        return self._held(tenant).select(Selection(matchers, start_ms, end_ms)), self.warnings

    async def delete_series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        await self._begin(tenant=tenant, matchers=matchers, start_ms=start_ms, end_ms=end_ms)
        for each in matchers:
            self._held(tenant).delete(each, start_ms, end_ms)

    async def _begin(self, **asked: Any) -> None:
        self.asked = asked
        if self.before is not None:
            await self.before()

    def _held(self, tenant: Tenant) -> Memory:
        return self.memory if tenant == TENANT else Memory()

    def _series(self, tenant: Tenant, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> list[Labels]:
        held = self._held(tenant).label_sets(start_ms, end_ms)
        return [labels for labels in held if not selectors or any(matches_all(matchers, labels) for matchers in selectors)]


def recorded_engine() -> MemoryEngine:
    """Holds the data set of the recorded requests."""
    engine = MemoryEngine()
    for row in read_lines("dataset.jsonl.gz"):
        labels, name = labels_of(row["labels"]), row["labels"]["__name__"]
        engine.memory.add({labels: _samples(row)})
        if row.get("type"):
            engine.descriptions[_family(name, row["type"])] = [Metadata(_family(name, row["type"]), row["type"], row["help"], row["unit"])]
        if row.get("exemplars"):
            engine.found_exemplars[labels] = [
                FoundExemplar(labels_of(each["labels"]), float(each["value"]), _ms(each["time"])) for each in row["exemplars"]
            ]
    return engine


def _samples(row: Mapping[str, Any]) -> list[Sample]:
    start_ms, step_ms = _ms(row["start"]), parse_duration(row["step"]) // 1_000_000
    return [Sample(start_ms + place * step_ms, value) for place, value in enumerate(_items(row["values"])) if value is not None]


_items = cache(items)


def _family(name: str, kind: str) -> str:
    if kind in ("histogram", "summary"):
        return next((name.removesuffix(suffix) for suffix in ("_bucket", "_sum", "_count") if name.endswith(suffix)), name)
    return name


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


class Scraped(NothingScraped):
    """Jobs have their name as text, and one rule that keeps everything."""

    def __init__(self, known: TenantTargets) -> None:
        self.known = known

    async def targets(self, tenant: Tenant, *, metadata: bool = False) -> TenantTargets:
        return self.known if metadata else replace(self.known, active=[replace(each, metadata=()) for each in self.known.active])

    def pool_config(self, tenant: Tenant, pool: str) -> str:
        if pool not in self.known.pools:
            raise PoolNotFound(pool)
        return f"job_name: {pool}\n"

    def relabel_steps(self, tenant: Tenant, pool: str, labels: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        self.pool_config(tenant, pool)
        return [{"rule": {"action": "replace"}, "output": dict(labels), "keep": True}]


class PrometheusServer:
    """On whose routes, also under /prometheus, the engine answers. targets: what is scraped for any tenant."""

    def __init__(
        self,
        engine: MemoryEngine | None = None,
        config: PrometheusApiConfig | None = None,
        shared: QueryApiConfig | None = None,
        targets: TenantTargets | None = None,
    ) -> None:
        self.engine = engine or MemoryEngine()
        self.clock = ManualClock(NOW_MS * 1_000_000)
        self.registry = CollectorRegistry()
        self.reason: str | None = None
        self.blocks: list[BlockMeta] = []
        metrics, known = QueryApiMetrics(self.registry), targets or TenantTargets()
        self.side = PrometheusSide(self.engine, Tenancy(), self.clock, metrics, config, shared, scraping=Scraped(known), blocks=lambda _: self.blocks)
        self.reload_error: LgtmError | None = None
        self.reloaded = Reloaded()
        self.app = FastAPI()
        for prefix in ("", "/prometheus"):
            self.app.include_router(prometheus_query_router(self.side), prefix=prefix)
            self.app.include_router(prometheus_status_router(self._operations(), self.clock, self.side.config, Limits()), prefix=prefix)

    def _operations(self) -> Operations:
        return Operations(
            self.registry, lambda: self.reason, dict, lambda mode: f"mode: {mode}\n", _nothing, "abc", self._reload, lambda: self.reloaded
        )

    async def _reload(self) -> None:
        if self.reload_error is not None:
            raise self.reload_error
        self.reloaded = Reloaded(at_ns=self.clock.now_ns())

    async def get(self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str | None] | None = None) -> httpx.Response:
        return await self.ask("GET", path, params, headers)

    async def data(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What a request that succeeds is answered with."""
        response = await self.get(path, params)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: str | None = None,
    ) -> httpx.Response:
        """One request of tenant `conf` unless the headers say otherwise."""
        sent = {name: value for name, value in ({"X-Scope-OrgID": TENANT} | dict(headers or {})).items() if value is not None}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.request(method, path, params=params or None, headers=sent, content=body)


async def _nothing() -> None:
    return None

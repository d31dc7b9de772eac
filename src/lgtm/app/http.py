"""The HTTP applications of a node: one that answers every API, and one for OTLP on the port that SDKs expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from lgtm.api.bodies import Bodies
from lgtm.api.compress import Compressed
from lgtm.api.errors import not_routed
from lgtm.api.exact_paths import ExactPaths
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.routes import loki_query_router
from lgtm.api.loki.side import QuerySide
from lgtm.api.loki.status import status_router
from lgtm.api.loki_push import loki_push_routes
from lgtm.api.metrics import PushMetrics
from lgtm.api.operations import Operations
from lgtm.api.otlp import Otlp, otlp_logs, otlp_metrics, otlp_traces
from lgtm.api.otlp_http import loki_otlp_route, otlp_http_routes
from lgtm.api.prometheus.routes import prometheus_query_router
from lgtm.api.prometheus.side import PrometheusSide
from lgtm.api.prometheus.status import prometheus_status_router
from lgtm.api.remote_write import remote_write_routes
from lgtm.api.ring import MemberRow, RingOperations, Shard, ring_router
from lgtm.api.span_push import span_push_routes
from lgtm.api.tempo.routes import tempo_query_router
from lgtm.api.tempo.side import TraceSide
from lgtm.api.tempo.status import tempo_status_router
from lgtm.api.tenancy import Tenancy
from lgtm.app.build import Node
from lgtm.app.config_load import shown
from lgtm.blocks.meta import BlockMeta
from lgtm.model.signal import SAMPLES
from lgtm.model.tenant import Tenant
from lgtm.model.window import ALWAYS

TEMPO_PREFIX, PROMETHEUS_PREFIX = "/tempo", "/prometheus"
"""These APIs are here, too, for datasources that name a path."""
PLAIN_ERRORS: dict[Any, Any] = {HTTPException: not_routed}


@dataclass(slots=True, frozen=True)
class Receivers:
    """What takes each signal of OTLP."""

    logs: Otlp
    traces: Otlp
    metrics: Otlp


def receivers(node: Node, tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics) -> Receivers:
    distributor = node.distributor
    return Receivers(
        otlp_logs(distributor.push, tenancy, bodies, node.limits, node.clock, metrics),
        otlp_traces(distributor.push_spans, tenancy, bodies, metrics),
        otlp_metrics(distributor.push_samples, tenancy, bodies, node.limits, metrics),
    )


@dataclass(slots=True, frozen=True)
class Sides:
    """What answers queries of each signal. Close it to end its threads."""

    logs: QuerySide
    traces: TraceSide
    metrics: PrometheusSide

    def close(self) -> None:
        self.logs.close()
        self.traces.close()
        self.metrics.close()


class Stopping(Protocol):
    def is_set(self) -> bool: ...


def http_app(node: Node, tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics, otlp: Receivers, sides: Sides, stopping: Stopping) -> ASGIApp:
    app = FastAPI(title="lgtm", docs_url="/api-docs", redoc_url=None, openapi_url="/openapi.json", exception_handlers=PLAIN_ERRORS)
    pushes = [
        *loki_push_routes(node.distributor.push, tenancy, bodies, metrics),
        *otlp_routes(otlp),
        *remote_write_routes(node.distributor.push_samples, tenancy, bodies, metrics),
        *span_push_routes(node.distributor.push_spans, tenancy, bodies, metrics),
    ]
    app.router.routes.extend(pushes)
    app.include_router(loki_query_router(sides.logs))
    operations = _operations(node, stopping)
    for prefix in ("", TEMPO_PREFIX):
        app.include_router(tempo_query_router(sides.traces), prefix=prefix)
        app.include_router(tempo_status_router(operations), prefix=prefix)
    for prefix in ("", PROMETHEUS_PREFIX):
        app.include_router(prometheus_query_router(sides.metrics), prefix=prefix)
        status = prometheus_status_router(operations, node.clock, node.config.prometheus_query, node.limits.defaults)
        app.include_router(status, prefix=prefix)
    app.include_router(status_router(operations))
    app.include_router(ring_router(_ring_operations(node)))
    return ExactPaths(pushes, Compressed(app))


def query_sides(node: Node, tenancy: Tenancy) -> Sides:
    metrics, config = QueryApiMetrics(node.registry), node.config
    logs = QuerySide(node.engine, tenancy, node.clock, metrics, config.loki_query)
    traces = TraceSide(node.traces, tenancy, node.clock, metrics, config.tempo_query, config.loki_query)
    settings = config.prometheus_query, config.loki_query

    def blocks(tenant: Tenant) -> list[BlockMeta]:
        return node.catalogue.blocks(tenant, SAMPLES, ALWAYS)

    prometheus = PrometheusSide(node.metrics, tenancy, node.clock, metrics, *settings, scraping=node.scraping, blocks=blocks)
    return Sides(logs, traces, prometheus)


def otlp_app(otlp: Receivers) -> ASGIApp:
    routes = otlp_routes(otlp)
    return ExactPaths(routes, Starlette(routes=routes, exception_handlers=PLAIN_ERRORS))


def otlp_routes(otlp: Receivers) -> list[Route]:
    return [loki_otlp_route(otlp.logs), *otlp_http_routes(otlp.logs), *otlp_http_routes(otlp.traces), *otlp_http_routes(otlp.metrics)]


def _operations(node: Node, stopping: Stopping) -> Operations:
    def not_ready() -> str | None:
        if stopping.is_set():
            return "Application is stopping"
        return None if node.catalogue.is_loaded else "Ingester not ready: the list of blocks has not been read yet"

    def services() -> dict[str, str]:
        state = "Stopping" if stopping.is_set() else "Running"
        return dict.fromkeys(("distributor", "ingester", "querier", "server", "store"), state)

    return Operations(
        registry=node.registry,
        not_ready=not_ready,
        services=services,
        config=lambda mode: shown(node.config, mode),
        flush=node.ingester.flush_all,
        reload=node.scraping.reload,
        reloaded=node.scraping.reloaded,
    )


def _ring_operations(node: Node) -> RingOperations:
    cluster = node.cluster
    if cluster is None:
        address = f"{node.config.server.host}:{node.config.server.http_port}"
        return RingOperations(lambda: [Shard(node.ingester.id, "ACTIVE", address, share=1.0)], node.clock.now_ns)

    def shards() -> list[Shard]:
        shares = cluster.ring.view.shares()
        return [
            Shard(
                each.id, cluster.standing.state_of(each), each.http, each.rpc, each.zone, each.heartbeat_ns, each.registered_ns, each.tokens,
                shares.get(each.id, 0.0), each.single_copy_rows, each.spilled_rows,
            )
            for each in cluster.ring.instances()
        ]  # fmt: skip

    def members() -> list[MemberRow]:
        return [MemberRow(each.name, str(each.address), each.state.name.lower(), each.incarnation) for each in cluster.membership.members.values()]

    return RingOperations(shards, node.clock.now_ns, members, cluster.forget, lambda: cluster.standing.settled().reasons)

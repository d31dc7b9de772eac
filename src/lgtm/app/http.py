"""The HTTP applications of a node: one that answers every API, and one for OTLP on the port that SDKs expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI
from starlette.applications import Starlette

from lgtm.api.bodies import Bodies
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.routes import loki_query_router
from lgtm.api.loki.side import QuerySide
from lgtm.api.loki.status import Member, Operations, status_router
from lgtm.api.loki_push import loki_push_routes
from lgtm.api.metrics import PushMetrics
from lgtm.api.otlp_http import OtlpLogs, otlp_http_routes
from lgtm.api.tenancy import Tenancy
from lgtm.app.build import Node
from lgtm.app.config_load import shown


class Stopping(Protocol):
    def is_set(self) -> bool: ...


@dataclass(slots=True, frozen=True)
class Myself:
    """The one instance of a ring of one."""

    id: str
    address: str
    state: str = "ACTIVE"


def http_app(node: Node, tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics, logs: OtlpLogs, side: QuerySide, stopping: Stopping) -> FastAPI:
    app = FastAPI(title="lgtm", docs_url="/api-docs", redoc_url=None, openapi_url="/openapi.json")
    app.router.routes.extend(loki_push_routes(node.distributor.push, tenancy, bodies, metrics))
    app.router.routes.extend(otlp_http_routes(logs))
    app.include_router(loki_query_router(side))
    app.include_router(status_router(_operations(node, stopping)))
    return app


def query_side(node: Node, tenancy: Tenancy) -> QuerySide:
    return QuerySide(node.engine, tenancy, node.clock, QueryApiMetrics(node.registry), node.config.loki_query)


def otlp_app(logs: OtlpLogs) -> Starlette:
    return Starlette(routes=otlp_http_routes(logs))


def _operations(node: Node, stopping: Stopping) -> Operations:
    def not_ready() -> str | None:
        if stopping.is_set():
            return "Application is stopping"
        return None if node.catalogue.is_loaded else "Ingester not ready: the list of blocks has not been read yet"

    def services() -> dict[str, str]:
        state = "Stopping" if stopping.is_set() else "Running"
        return dict.fromkeys(("distributor", "ingester", "querier", "server", "store"), state)

    def members() -> list[Member]:
        return [Myself(node.ingester.id, f"{node.config.server.host}:{node.config.server.http_port}")]

    return Operations(
        registry=node.registry,
        not_ready=not_ready,
        services=services,
        config=lambda mode: shown(node.config, mode),
        members=members,
        flush=node.ingester.flush_all,
    )

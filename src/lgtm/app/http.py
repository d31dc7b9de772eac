"""The HTTP applications of a node: one that answers every API, and one for OTLP on the port that SDKs expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import yaml
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
from lgtm.app.config import Config
from lgtm.app.config_load import as_tree


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
    return QuerySide(node.engine, tenancy, node.clock, QueryApiMetrics(node.registry))


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
        config=lambda mode: config_page(node.config, mode),
        members=members,
        flush=node.ingester.flush_all,
    )


def config_page(config: Config, mode: str | None) -> str:
    """The settings as YAML, secrets hidden: all of them, those that `diff` from the defaults, or the `defaults`."""
    defaults = as_tree(Config())
    tree = defaults if mode == "defaults" else as_tree(config)
    return yaml.safe_dump(_without(tree, defaults) if mode == "diff" else tree, sort_keys=False, allow_unicode=True)


def _without(tree: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What differs, section by section."""
    found = {}
    for key, value in tree.items():
        if isinstance(value, dict) and isinstance(other.get(key), dict):
            if inner := _without(value, other[key]):
                found[key] = inner
        elif value != other.get(key):
            found[key] = value
    return found

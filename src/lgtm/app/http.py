"""The HTTP applications of a node: one that answers every API, and one for OTLP on the port that SDKs expect."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.applications import Starlette

from lgtm.api.bodies import Bodies
from lgtm.api.loki_push import loki_push_routes
from lgtm.api.metrics import PushMetrics
from lgtm.api.otlp_http import OtlpLogs, otlp_http_routes
from lgtm.api.tenancy import Tenancy
from lgtm.app.build import Node


def http_app(node: Node, tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics, logs: OtlpLogs) -> FastAPI:
    app = FastAPI(title="lgtm", docs_url="/api-docs", redoc_url=None, openapi_url="/openapi.json")
    app.router.routes.extend(loki_push_routes(node.distributor.push, tenancy, bodies, metrics))
    app.router.routes.extend(otlp_http_routes(logs))
    return app


def otlp_app(logs: OtlpLogs) -> Starlette:
    return Starlette(routes=otlp_http_routes(logs))

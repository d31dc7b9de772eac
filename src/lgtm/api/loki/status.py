"""What operators and probes ask of a node: is it ready, what runs in it, with which settings, and its metrics."""

from __future__ import annotations

import logging

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from lgtm.api.errors import text_error
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.encode import dump
from lgtm.api.loki.form import read_form
from lgtm.api.loki.side import json_answer
from lgtm.api.operations import Operations
from lgtm.model.labels import quote

LOKI_VERSION = "3.6.0"
"""The release of Loki whose API this is: Grafana switches features by it."""

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def status_router(operations: Operations) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/loki/api/v1/status/buildinfo", summary="Version of the API")
    async def buildinfo() -> Response:
        told = {"version": LOKI_VERSION, "revision": operations.revision, "branch": "", "buildDate": "", "buildUser": "", "goVersion": ""}
        return json_answer(dump(told))

    @router.get("/ready", summary="Whether the node takes requests")
    async def ready() -> Response:
        reason = operations.not_ready()
        return _text("ready\n") if reason is None else _text(f"{reason}\n", 503)

    @router.get("/metrics", summary="Metrics for Prometheus")
    async def metrics() -> Response:
        return metrics_page(operations)

    @router.get("/services", summary="Components and their states")
    async def services() -> Response:
        return _text("".join(f"{name} => {state}\n" for name, state in operations.services().items()))

    @router.get("/config", summary="Settings as YAML; ?mode=diff or ?mode=defaults")
    async def config(mode: str | None = None) -> Response:
        return Response(operations.config(mode), media_type="text/yaml")

    async def flush() -> Response:
        return Response(status_code=204, background=BackgroundTask(operations.flush))

    router.add_api_route("/flush", flush, methods=["GET"], summary="Start to move what is in memory to storage")
    router.add_api_route("/flush", flush, methods=["POST"], include_in_schema=False)

    @router.post("/flush/tenant", summary="Move what is in memory to storage, and wait for it")
    async def flush_now() -> Response:
        try:
            await operations.flush()
        except Exception as error:
            return text_error(error)
        return Response(status_code=204)

    _add_log_level(router)
    return router


def metrics_page(operations: Operations) -> Response:
    return Response(generate_latest(operations.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _add_log_level(router: APIRouter) -> None:
    @router.get("/log_level", summary="From which level on the node logs")
    async def log_level() -> Response:
        level = logging.getLogger().getEffectiveLevel()
        name = next((name for name, number in LEVELS.items() if number >= level), "error")
        return json_answer(dump({"message": f"Current log level is {name}"}))

    @router.post("/log_level", summary="Change it: log_level=debug, info, warn or error")
    async def set_log_level(request: Request) -> Response:
        name = (await read_form(request, QueryApiConfig())).get("log_level")
        if name not in LEVELS:
            return json_answer(dump({"message": f"unrecognized log level {quote(name)}", "status": "failed"}), 400)
        logging.getLogger().setLevel(LEVELS[name])
        return json_answer(dump({"message": f"Log level set to {name}", "status": "success"}))


def _text(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/plain")

"""What Prometheus tells operators and clients of itself: version, settings, flags, and whether it is alive and ready."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lgtm.api.errors import json_error
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.loki.status import metrics_page
from lgtm.api.operations import Operations, Reloaded
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.features import features
from lgtm.api.prometheus.numbers import rfc3339
from lgtm.api.prometheus.self_metrics import family_name, self_metrics
from lgtm.api.prometheus.side import json_answer
from lgtm.clock import Clock
from lgtm.errors import LgtmError
from lgtm.model.limits import Limits
from lgtm.model.matchers import InvalidRegex, Matcher, MatchOp
from lgtm.parsing.durations import format_duration
from lgtm.promql.features import Features

PROMETHEUS_VERSION = "3.14.0"
"""The release of Prometheus whose API this is: Grafana switches features by it."""
V1 = "/api/v1/status"
FEATURES = "/api/v1/features"


def prometheus_status_router(operations: Operations, clock: Clock, config: PrometheusApiConfig, limits: Limits) -> APIRouter:
    """It may be included under several prefixes. limits: the default ones, of which the flags tell."""
    router = APIRouter(tags=["prometheus"])
    start_ns = clock.now_ns()

    def add(name: str, summary: str, told: Callable[[], dict[str, Any]]) -> None:
        router.add_api_route(f"{V1}/{name}", _shown(told), methods=["GET"], summary=summary)

    add("buildinfo", "Version of the API", lambda: build_info(operations))
    add("config", "Settings as YAML", lambda: {"yaml": operations.config(None)})
    add("flags", "Settings by the names of Prometheus' flags", lambda: flags(config, limits))
    router.add_api_route(FEATURES, _shown(lambda: features(config)), methods=["GET"], summary="What the server can do")
    router.add_api_route(f"{V1}/self_metrics", _self_metrics(operations), methods=["GET"], summary="The page of metrics as JSON")
    add("runtimeinfo", "The process", lambda: runtime_info(start_ns, clock.now_ns(), limits, operations.reloaded()))
    add("walreplay", "How far the log has been replayed: it is, before anything is answered", lambda: {"min": 0, "max": 0, "current": 0})
    for path, answer, summary in (
        ("/-/healthy", _healthy, "Whether the process is alive"),
        ("/-/ready", _readiness(operations), "Whether the node takes requests"),
    ):
        router.add_api_route(path, answer, methods=["GET"], summary=summary)
        router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)
    router.add_api_route("/metrics", _metrics(operations), methods=["GET"], include_in_schema=False)
    for method in ("POST", "PUT"):
        router.add_api_route("/-/quit", _no_quit, methods=[method], summary="Refused", include_in_schema=method == "POST")
    reload = _reloading(operations)
    router.add_api_route("/-/reload", reload, methods=["POST"], summary="Read what is scraped anew")
    router.add_api_route("/-/reload", reload, methods=["PUT"], include_in_schema=False)
    return router


def build_info(operations: Operations) -> dict[str, str]:
    return {"version": PROMETHEUS_VERSION, "revision": operations.revision, "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}


def flags(config: PrometheusApiConfig, limits: Limits) -> dict[str, str]:
    """Those that have a meaning here."""
    return {
        "enable-feature": ",".join(Features.of(experimental=config.experimental).flags),
        "query.lookback-delta": format_duration(config.lookback_ms * 1_000_000),
        "query.timeout": format_duration(limits.query_timeout_ns),
        "query.max-concurrency": str(limits.max_concurrent_queries),
        "storage.tsdb.retention.time": format_duration(limits.metrics_retention_period_ns),
        "web.enable-admin-api": str(config.admin_enabled).lower(),
        "web.enable-remote-write-receiver": "true",
    }


def runtime_info(start_ns: int, now_ns: int, limits: Limits, reloaded: Reloaded) -> dict[str, Any]:
    """What Go's runtime would know is told of Python's as far as there is the like."""
    return {
        "startTime": rfc3339(start_ns),
        "CWD": os.getcwd(),
        "hostname": socket.gethostname(),
        "serverTime": rfc3339(now_ns),
        "reloadConfigSuccess": reloaded.is_well,
        "lastConfigTime": rfc3339(reloaded.at_ns or start_ns),
        "corruptionCount": 0,
        "goroutineCount": threading.active_count(),
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOMEMLIMIT": 0,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": format_duration(limits.metrics_retention_period_ns),
    }


def _shown(told: Callable[[], dict[str, Any]]) -> Callable[[], Awaitable[Response]]:
    async def show() -> Response:
        return json_answer(success(told()))

    return show


async def _healthy() -> Response:
    return Response("Prometheus Server is Healthy.\n", media_type="text/plain")


async def _no_quit() -> Response:
    """As Prometheus without --web.enable-lifecycle: whoever reaches the port could end the process."""
    return Response("Lifecycle API is not enabled.", 403, media_type="text/plain")


def _metrics(operations: Operations) -> Callable[[], Awaitable[Response]]:
    async def page() -> Response:
        return metrics_page(operations)

    return page


def _self_metrics(operations: Operations) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        """metric_name_pattern: only families whose whole name matches."""
        try:
            wanted = Matcher("__name__", MatchOp.RE, request.query_params.get("metric_name_pattern", ".*"))
        except InvalidRegex as error:
            return json_error(InvalidParameter(f'invalid parameter "metric_name_pattern": {error}'))
        metrics = [metric for metric in operations.registry.collect() if wanted.matches(family_name(metric))]
        return json_answer(success(self_metrics(metrics)))

    return show


def _reloading(operations: Operations) -> Callable[[], Awaitable[Response]]:
    async def reload() -> Response:
        try:
            await operations.reload()
        except LgtmError as error:
            return Response(f"failed to reload config: {error}\n", 500, media_type="text/plain")
        return Response()

    return reload


def _readiness(operations: Operations) -> Callable[[], Awaitable[Response]]:
    async def ready() -> Response:
        reason = operations.not_ready()
        if reason is None:
            return Response("Prometheus Server is Ready.\n", media_type="text/plain")
        return Response(f"Service Unavailable: {reason}\n", 503, media_type="text/plain")

    return ready

"""Every HTTP route of Tempo's query API in one table: path, handler, what it is for, and the parameters that its documentation names.

`/api/metrics/summary`, which Tempo had until 3.0, is no route, as it is none in Tempo today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from lgtm.api.tempo.metrics import query_instant, query_range
from lgtm.api.tempo.search import search
from lgtm.api.tempo.side import JSON, Endpoint, Handler, TraceSide, endpoint
from lgtm.api.tempo.tags import bare_tag_values, scoped_tag_names, tag_names, tag_values
from lgtm.api.tempo.traces import trace_v1, trace_v2
from lgtm.wire.tempo_messages import json_bytes

TEMPO_VERSION = "3.0.0"
"""The release of Tempo whose API this is: Grafana switches features by it."""

PARAMETERS = {
    "q": "TraceQL",
    "tags": "Tags to search by as logfmt, such as service.name=shop; instead of a query",
    "minDuration": "Least duration of a trace, such as 1.5s; of a search by tags",
    "maxDuration": "Greatest duration of a trace",
    "limit": "How many to answer at most",
    "spss": "Spans of a span set to answer at most",
    "start": "Unix seconds; metrics and tags take nanoseconds and RFC 3339, too",
    "end": "As start",
    "since": "How long before now to start, such as 6h; instead of start and end",
    "step": "Seconds or a duration such as 30s",
    "exemplars": "How many exemplars to answer at most",
    "maxSeries": "How many series to answer at most",
    "scope": "resource, span, event, link, instrumentation or intrinsic; all by default",
}
RANGE = ("start", "end", "since")


@dataclass(slots=True, frozen=True)
class Entry:
    path: str
    handler: Handler
    summary: str
    parameters: Sequence[str] = ()


ROUTES = (
    Entry("/api/traces/{name}", trace_v1, "A trace by its id (older form)", ("start", "end")),
    Entry("/api/v2/traces/{name}", trace_v2, "A trace by its id", ("start", "end")),
    Entry("/api/search", search, "Traces that match", ("q", "tags", "minDuration", "maxDuration", "limit", "spss", *RANGE)),
    Entry("/api/search/tags", tag_names, "Names of tags in one list", ("scope", "q", "limit", *RANGE)),
    Entry("/api/v2/search/tags", scoped_tag_names, "Names of tags by scope", ("scope", "q", "limit", *RANGE)),
    Entry("/api/search/tag/{name:path}/values", bare_tag_values, "Values of a tag as text", ("limit", *RANGE)),
    Entry("/api/v2/search/tag/{name:path}/values", tag_values, "Values of a tag with their types", ("q", "limit", *RANGE)),
    Entry("/api/metrics/query_range", query_range, "Metrics at steps", ("q", *RANGE, "step", "exemplars", "maxSeries")),
    Entry("/api/metrics/query", query_instant, "Metrics over the whole range", ("q", *RANGE)),
)


def tempo_query_router(side: TraceSide, revision: str = "") -> APIRouter:
    """All of them. It may be included under several prefixes."""
    router = APIRouter(tags=["tempo"])
    for entry in ROUTES:
        _add(router, entry, endpoint(side, entry.path, entry.handler))

    @router.get("/api/echo", summary="Whether somebody answers")
    async def echo() -> Response:
        return Response("echo\n", media_type="text/plain")

    @router.get("/api/status/buildinfo", summary="Version of the API")
    async def buildinfo() -> Response:
        told = {"version": TEMPO_VERSION, "revision": revision, "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
        return Response(json_bytes(told), media_type=JSON)

    return router


def _add(router: APIRouter, entry: Entry, answer: Endpoint) -> None:
    documented: list[dict[str, Any]] = [
        {"name": name, "in": "query", "description": PARAMETERS[name], "schema": {"type": "string"}} for name in entry.parameters
    ]
    if "{name" in entry.path:
        documented.append({"name": "name", "in": "path", "required": True, "schema": {"type": "string"}})
    router.add_api_route(entry.path, answer, methods=["GET"], summary=entry.summary, openapi_extra={"parameters": documented})
    # A form may be POSTed instead: queries can be longer than a URL. One of the two is enough to document.
    router.add_api_route(entry.path, answer, methods=["POST"], include_in_schema=False)

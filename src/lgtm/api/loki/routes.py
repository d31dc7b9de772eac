"""Every query route of Loki's API in one table: path, handler, what it is for, and the parameters that its documentation names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse

from lgtm.api.loki.detected_fields import detected_field_values, detected_fields
from lgtm.api.loki.detected_labels import detected_labels
from lgtm.api.loki.drilldown import drilldown_limits, tenant_limits
from lgtm.api.loki.format_query import format_query_endpoint
from lgtm.api.loki.index import stats, volume, volume_range
from lgtm.api.loki.labels import label_values, labels, series
from lgtm.api.loki.patterns import patterns
from lgtm.api.loki.query import query, query_range
from lgtm.api.loki.side import Endpoint, Handler, QuerySide, endpoint
from lgtm.api.loki.tail import Tailing, tail_endpoint

V1 = "/loki/api/v1"
LEGACY = "/api/prom"

PARAMETERS = {
    "query": "LogQL",
    "match[]": "Selector of streams; may be repeated",
    "time": "Unix seconds or nanoseconds, or RFC 3339; now by default",
    "start": "Unix seconds or nanoseconds, or RFC 3339; an hour ago by default",
    "end": "As start; now by default",
    "since": "How long before the end to start, such as 6h",
    "step": "Seconds or a duration such as 5m",
    "interval": "Least distance between two entries of the answer",
    "limit": "How many to answer at most",
    "direction": "backward (newest first) or forward",
    "line_limit": "How many of the newest lines to look at",
    "targetLabels": "Names of labels to tell series by, with commas between",
    "aggregateBy": "series or labels",
}
RANGE = ("start", "end", "since")


@dataclass(slots=True, frozen=True)
class Entry:
    path: str
    handler: Handler
    summary: str
    parameters: Sequence[str] = ()


ROUTES = (
    Entry(f"{V1}/query", query, "Metric query at one time", ("query", "time", "limit", "direction")),
    Entry(f"{V1}/query_range", query_range, "Entries, or samples at steps", ("query", *RANGE, "step", "interval", "limit", "direction")),
    Entry(f"{V1}/labels", labels, "Names of labels", ("query", *RANGE)),
    Entry(f"{V1}/label", labels, "Names of labels", ("query", *RANGE)),
    Entry(f"{V1}/label/{{name}}/values", label_values, "Values of a label", ("query", *RANGE)),
    Entry(f"{V1}/series", series, "Label sets of streams", ("match[]", *RANGE)),
    Entry(f"{V1}/index/stats", stats, "How much a selector holds", ("query", *RANGE)),
    Entry(f"{V1}/index/volume", volume, "Bytes by series", ("query", *RANGE, "limit", "targetLabels", "aggregateBy")),
    Entry(f"{V1}/index/volume_range", volume_range, "Bytes by series and step", ("query", *RANGE, "step", "limit", "targetLabels", "aggregateBy")),
    Entry(f"{V1}/detected_fields", detected_fields, "Fields of the newest lines", ("query", *RANGE, "line_limit", "limit")),
    Entry(f"{V1}/detected_field/{{name}}/values", detected_field_values, "Values of a field", ("query", *RANGE, "line_limit", "limit")),
    Entry(f"{V1}/detected_labels", detected_labels, "Labels worth offering", ("query", *RANGE)),
    Entry(f"{V1}/patterns", patterns, "What lines have in common", ("query", *RANGE, "step")),
    Entry(f"{V1}/drilldown-limits", drilldown_limits, "Limits that Logs Drilldown needs"),
    Entry("/config/tenant/v1/limits", tenant_limits, "Limits of the tenant as YAML"),
    Entry(f"{LEGACY}/label", labels, "Names of labels (deprecated path)", ("query", *RANGE)),
    Entry(f"{LEGACY}/label/{{name}}/values", label_values, "Values of a label (deprecated path)", ("query", *RANGE)),
    Entry(f"{LEGACY}/series", series, "Label sets of streams (deprecated path)", ("match[]", *RANGE)),
)


def loki_query_router(side: QuerySide) -> APIRouter:
    """All of them, with tails."""
    router = APIRouter(tags=["loki"])
    for entry in ROUTES:
        _add(router, entry.path, entry.summary, entry.parameters, endpoint(side, entry.path, entry.handler))
    _add(router, f"{V1}/format_query", "Lay out a query", ("query",), format_query_endpoint(side))
    router.add_api_route(f"{V1}/label//values", _without_empty_name, methods=["GET"], include_in_schema=False)
    tailing = Tailing(side)
    for prefix in (V1, LEGACY):
        router.add_api_websocket_route(f"{prefix}/tail", tail_endpoint(tailing))
    return router


def _add(router: APIRouter, path: str, summary: str, names: Sequence[str], answer: Endpoint) -> None:
    documented: list[dict[str, Any]] = [
        {"name": name, "in": "query", "description": PARAMETERS[name], "schema": {"type": "string"}} for name in names
    ]
    if "{name}" in path:
        documented.append({"name": "name", "in": "path", "required": True, "schema": {"type": "string"}})
    router.add_api_route(path, answer, methods=["GET"], summary=summary, openapi_extra={"parameters": documented})
    # A form may be POSTed instead: queries can be longer than a URL. One of the two is enough to document.
    router.add_api_route(path, answer, methods=["POST"], include_in_schema=False)


async def _without_empty_name(_: Request) -> RedirectResponse:
    """An empty name is no name: Go's router takes the doubled slash out."""
    return RedirectResponse(f"{V1}/label/values", status_code=301)

"""Every route of Prometheus' query API in one table: path, handler, what it is for, and the parameters that its documentation names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lgtm.api.errors import text_error
from lgtm.api.prometheus.admin import clean_tombstones, delete_series, snapshot
from lgtm.api.prometheus.blocks import tsdb_blocks
from lgtm.api.prometheus.cardinality import tsdb_status
from lgtm.api.prometheus.exemplars import query_exemplars
from lgtm.api.prometheus.federate import federate
from lgtm.api.prometheus.metadata import metadata
from lgtm.api.prometheus.notifications import no_live_notifications, notifications
from lgtm.api.prometheus.query import query, query_range
from lgtm.api.prometheus.remote_read import PATH as READ_PATH
from lgtm.api.prometheus.remote_read import read_endpoint
from lgtm.api.prometheus.rules import alertmanagers, alerts, rules
from lgtm.api.prometheus.series import label_values, labels, series
from lgtm.api.prometheus.side import Endpoint, Handler, PrometheusSide, endpoint, no_content
from lgtm.api.prometheus.targets import relabel_steps, scrape_pool_config, scrape_pools, target_metadata, targets
from lgtm.api.prometheus.texts import format_query, parse_query

V1 = "/api/v1"
READ, FORM, ADMIN = ("GET",), ("GET", "POST"), ("POST", "PUT")
"""Methods. A form may be POSTed where queries can be longer than a URL."""

PARAMETERS = {
    "query": "PromQL",
    "match[]": "Selector of series; may be repeated",
    "time": "Unix seconds or RFC 3339; now by default",
    "start": "Unix seconds or RFC 3339",
    "end": "As start; it belongs to the range",
    "step": "Seconds or a duration such as 30s",
    "timeout": "Seconds or a duration; at most the tenant's own limit",
    "lookback_delta": "How old a sample may be to count at a time",
    "limit": "How many to answer at most; 0 for all",
    "limit_per_metric": "How many descriptions of a metric at most",
    "stats": "true, or all for numbers of each step",
    "metric": "Only of this metric",
    "state": "active, dropped or any",
    "scrapePool": "Only of this scrape job",
    "match_target": "Selector of targets by their labels",
    "labels": "Labels of a target as discovered, a JSON object",
    "type": "alert or record",
    "group_limit": "How many groups at most",
    "group_next_token": "Where to go on",
}
RANGE = ("start", "end")
OPTIONS = ("timeout", "limit", "lookback_delta", "stats")


@dataclass(slots=True, frozen=True)
class Entry:
    path: str
    handler: Handler
    summary: str
    parameters: Sequence[str] = ()
    methods: Sequence[str] = READ


ROUTES = (
    Entry(f"{V1}/query", query, "The value of an expression at one time", ("query", "time", *OPTIONS), FORM),
    Entry(f"{V1}/query_range", query_range, "The values of an expression at steps", ("query", *RANGE, "step", *OPTIONS), FORM),
    Entry(f"{V1}/query_exemplars", query_exemplars, "Exemplars of the series that a query reads", ("query", *RANGE), FORM),
    Entry(f"{V1}/format_query", format_query, "Lay out a query", ("query",), FORM),
    Entry(f"{V1}/parse_query", parse_query, "The syntax tree of a query", ("query",), FORM),
    Entry(f"{V1}/series", series, "Label sets of series", ("match[]", *RANGE, "limit"), FORM),
    Entry(f"{V1}/labels", labels, "Names of labels", ("match[]", *RANGE, "limit"), FORM),
    Entry(f"{V1}/label/{{name:path}}/values", label_values, "Values of a label", ("match[]", *RANGE, "limit")),
    Entry(f"{V1}/metadata", metadata, "What metrics are", ("metric", "limit", "limit_per_metric")),
    Entry(f"{V1}/targets", targets, "What is scraped", ("state", "scrapePool")),
    Entry(f"{V1}/targets/metadata", target_metadata, "What targets say of their metrics", ("match_target", "metric", "limit")),
    Entry(f"{V1}/targets/relabel_steps", relabel_steps, "What each rule makes of a target", ("scrapePool", "labels")),
    Entry(f"{V1}/scrape_pools", scrape_pools, "Names of scrape jobs"),
    Entry(f"{V1}/scrape_pools/config", scrape_pool_config, "A scrape job as YAML", ("scrapePool",)),
    Entry(f"{V1}/rules", rules, "Groups of rules", ("type", "match[]", "group_limit", "group_next_token")),
    Entry(f"{V1}/alerts", alerts, "Active alerts"),
    Entry(f"{V1}/alertmanagers", alertmanagers, "Who is told of alerts"),
    Entry(f"{V1}/status/tsdb", tsdb_status, "What series are made of", ("limit",)),
    Entry(f"{V1}/status/tsdb/blocks", tsdb_blocks, "Blocks with samples"),
    Entry(f"{V1}/notifications", notifications, "What the server wants operators to know: nothing"),
    Entry(f"{V1}/notifications/live", no_live_notifications, "Nothing: what changes is in no stream"),
    Entry(f"{V1}/admin/tsdb/delete_series", delete_series, "Delete samples of series", ("match[]", *RANGE), ADMIN),
    Entry(f"{V1}/admin/tsdb/clean_tombstones", clean_tombstones, "Nothing: compaction does it", methods=ADMIN),
    Entry(f"{V1}/admin/tsdb/snapshot", snapshot, "Refused: blocks never change, copy the object store", methods=ADMIN),
)
FEDERATE = Entry("/federate", federate, "Newest samples as text, to be scraped", ("match[]",))


def prometheus_query_router(side: PrometheusSide) -> APIRouter:
    """All of them. It may be included under several prefixes."""
    router = APIRouter(tags=["prometheus"])
    for entry in ROUTES:
        _add(router, entry, endpoint(side, entry.path, entry.handler))
        # As Prometheus does. Which pages may ask is for the gateway in front to say.
        router.add_api_route(entry.path, _options, methods=["OPTIONS"], include_in_schema=False)
    router.add_api_route(READ_PATH, read_endpoint(side), methods=["POST"], summary="Samples as they are, for another Prometheus")
    _add(router, FEDERATE, endpoint(side, FEDERATE.path, FEDERATE.handler, text_error))
    return router


def _add(router: APIRouter, entry: Entry, answer: Endpoint) -> None:
    documented: list[dict[str, Any]] = [
        {"name": name, "in": "query", "description": PARAMETERS[name], "schema": {"type": "string"}} for name in entry.parameters
    ]
    if "{name" in entry.path:
        documented.append({"name": "name", "in": "path", "required": True, "schema": {"type": "string"}})
    first, *others = entry.methods
    router.add_api_route(entry.path, answer, methods=[first], summary=entry.summary, openapi_extra={"parameters": documented})
    for method in others:
        # One of them is enough to document.
        router.add_api_route(entry.path, answer, methods=[method], include_in_schema=False)


async def _options(_: Request) -> Response:
    return no_content()

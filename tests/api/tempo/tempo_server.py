"""The routes of Tempo's API over an engine that holds the recorded data set, in process."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import httpx
import numpy as np
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.engine import BareTagValuesAnswer, SearchAnswer, TagNamesAnswer, TagValuesAnswer, TraceAnswer, TraceMetricsAnswer
from lgtm.api.tempo.routes import tempo_query_router
from lgtm.api.tempo.side import TraceSide
from lgtm.api.tenancy import Tenancy
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.model.batch import Batch
from lgtm.model.limits import Limits
from lgtm.model.series import Series
from lgtm.model.signal import SPANS
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.select import QueryStats
from lgtm.traceql.field_syntax import SCOPES, Field, FieldExpr
from lgtm.traceql.metrics import Metrics
from lgtm.traceql.search import Search
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Query
from lgtm.traceql.tags import BareTagValues, TagNames, TagValues
from lgtm.wire.otlp_json import trace_message
from lgtm.wire.otlp_spans import decode_otlp_spans
from traceql.dataset import T0_NS, tables, traces

TENANT = "conf"
NOW_NS = T0_NS + 2_000 * NS_PER_S
"""The data lasts half an hour from T0."""
SLICES = 3
"""Into how many tables the data set is cut."""

Consumer = TypeVar("Consumer", Search, Metrics, TagNames, TagValues, BareTagValues)


class RecordedEngine:
    """Holds what was sent to the tenants `conf` and `conf-b`. `asked` is what was asked last; `before` is awaited, or raises, first."""

    def __init__(self) -> None:
        self.warnings: tuple[str, ...] = ()
        self.bytes_max: int | None = None
        self.stats = QueryStats(bytes_processed=1_000, lines_processed=50, blocks=2, head_runs=1)
        self.asked: dict[str, Any] = {}
        self.before: Callable[[], Awaitable[None]] | None = None
        self.batches: Sequence[Batch] | None = None

    def limits(self, tenant: Tenant) -> Limits:
        return Limits()

    async def trace(self, tenant: Tenant, trace_id: bytes, window: Window) -> TraceAnswer:
        await self._begin(tenant=tenant, trace_id=trace_id, window=window)
        batches = batches_of(data_of(tenant), trace_id.hex()) if self.batches is None else self.batches
        return TraceAnswer(batches, self.stats, self.warnings, self.bytes_max)

    async def search(self, tenant: Tenant, query: Query, *, limit: int, spans_max: int, window: Window) -> SearchAnswer:
        await self._begin(tenant=tenant, query=query, limit=limit, spans_max=spans_max, window=window)
        search = Search(query, limit=limit, spans_max=spans_max, window=(window.start_ns, window.end_ns - 1))
        return SearchAnswer(_fed(search, _tables(tenant)).results(), self.stats, self.warnings)

    async def metrics(self, tenant: Tenant, query: Query, steps: Steps, *, exemplars: int) -> TraceMetricsAnswer:
        await self._begin(tenant=tenant, query=query, steps=steps, exemplars=exemplars)
        return TraceMetricsAnswer(_fed(Metrics(query, steps, exemplars=exemplars), _tables(tenant)).results(), self.stats, self.warnings)

    async def tag_names(self, tenant: Tenant, condition: FieldExpr, window: Window) -> TagNamesAnswer:
        await self._begin(tenant=tenant, condition=condition, window=window)
        names = _fed(TagNames(condition), _tables(tenant, window))
        return TagNamesAnswer({scope: names.names(scope) for scope in SCOPES}, self.stats, self.warnings)

    async def tag_values(self, tenant: Tenant, field: Field, condition: FieldExpr, window: Window, *, most: int | None) -> TagValuesAnswer:
        await self._begin(tenant=tenant, field=field, condition=condition, window=window, most=most)
        return TagValuesAnswer(_fed(TagValues(field, condition, most=most), _tables(tenant, window)).values(), self.stats, self.warnings)

    async def bare_tag_values(self, tenant: Tenant, key: str, window: Window) -> BareTagValuesAnswer:
        await self._begin(tenant=tenant, key=key, window=window)
        return BareTagValuesAnswer(_fed(BareTagValues(key), _tables(tenant, window)).values(), self.stats, self.warnings)

    async def _begin(self, **asked: Any) -> None:
        self.asked = asked
        if self.before is not None:
            await self.before()


def data_of(tenant: str) -> str:
    """What the data set calls a tenant."""
    return tenant.removeprefix(TENANT).removeprefix("-")


def _tables(tenant: Tenant, window: Window | None = None) -> Iterator[SpanTable]:
    for table in tables(data_of(tenant), SLICES):
        yield table if window is None else table.take(np.flatnonzero(table.overlapping(window.start_ns, window.end_ns - 1)))


def _fed(consumer: Consumer, found: Iterator[SpanTable]) -> Consumer:
    for table in found:
        consumer.add(table)
    return consumer


@cache
def batches_of(data: str, trace_id: str) -> tuple[Batch, ...]:
    """One of each of a trace's resources, as if they had come in requests of their own."""
    mine = [trace for trace in traces() if trace.get("tenant", "") == data and trace["id"].rjust(32, "0") == trace_id]
    return tuple(batch_of(_resource_spans(batch, trace_id)) for trace in mine for batch in trace["batches"])


def batch_of(*resource_spans: Mapping[str, Any]) -> Batch:
    """resource_spans: as OTLP/JSON."""
    decoded = decode_otlp_spans(trace_message({"resourceSpans": list(resource_spans)}), json=False)
    return Batch(SPANS, Tenant(TENANT), tuple(map(Series.of, decoded.series)), decoded.rows)


def _resource_spans(batch: Mapping[str, Any], trace_id: str) -> dict[str, Any]:
    scopes = [{"scope": _scope(each.get("scope", {})), "spans": [_span(span, trace_id) for span in each["spans"]]} for each in batch["scopes"]]
    return {"resource": {"attributes": _key_values(batch["resource"])}, "scopeSpans": scopes}


def _scope(scope: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": scope.get("name"), "version": scope.get("version"), "attributes": _key_values(scope.get("attrs"))}


def _span(span: Mapping[str, Any], trace_id: str) -> dict[str, Any]:
    dropped, status = span.get("dropped", [0, 0, 0]), span.get("status", [0, ""])
    return {
        "traceId": trace_id,
        "spanId": span["id"],
        "parentSpanId": span.get("parent"),
        "traceState": span.get("state"),
        "name": span["name"],
        "kind": span.get("kind", 0),
        "startTimeUnixNano": T0_NS + span["start"],
        "endTimeUnixNano": T0_NS + span["end"],
        "attributes": _key_values(span.get("attrs")),
        "status": {"code": status[0], "message": status[1]},
        "droppedAttributesCount": dropped[0],
        "droppedEventsCount": dropped[1],
        "droppedLinksCount": dropped[2],
        "events": [
            {"timeUnixNano": T0_NS + event["t"], "name": event["name"], "attributes": _key_values(event.get("attrs"))}
            for event in span.get("events", [])
        ],
        "links": [
            {"traceId": link["trace"], "spanId": link["span"], "traceState": link.get("state"), "attributes": _key_values(link.get("attrs"))}
            for link in span.get("links", [])
        ],
    }


def _key_values(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value)} for key, value in (attributes or {}).items()]


_TEXT_BYTES_MAX = 2_048
"""Tempo cuts what is longer."""


def _any_value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": value}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value[:_TEXT_BYTES_MAX]}
        case list():
            return {"arrayValue": {"values": list(map(_any_value, value))}}
        case {"float": text}:
            return {"doubleValue": float(text)}
        case {"bytes": text}:
            return {"bytesValue": base64.b64encode(bytes.fromhex(text)).decode()}
    return {"kvlistValue": {"values": _key_values(value["kv"])}}


class TempoServer:
    def __init__(self, config: TempoApiConfig | None = None, shared: QueryApiConfig | None = None) -> None:
        self.engine = RecordedEngine()
        self.clock = ManualClock(NOW_NS)
        self.registry = CollectorRegistry()
        self.side = TraceSide(self.engine, Tenancy(), self.clock, QueryApiMetrics(self.registry), config, shared)
        self.app = FastAPI()
        router = tempo_query_router(self.side, "abc")
        self.app.include_router(router)
        self.app.include_router(router, prefix="/tempo")

    async def get(self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str | None] | None = None) -> httpx.Response:
        return await self.ask("GET", path, params, headers)

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
            return await client.request(method, path, params=params, headers=sent, content=body)

"""Small tables of spans, written by hand."""

from __future__ import annotations

from typing import Any

from lgtm.traceql.span_table import SpanTable
from traceql.dataset import table_of


def span(own: int, parent: int = 0, name: str = "op", **more: Any) -> dict[str, Any]:
    """more: start and end in ns from T0, kind, status, attrs, events, links, as the data set writes them."""
    shown: dict[str, Any] = {"id": f"{own:016x}", "name": name, "start": own, "end": own + 10} | more
    return shown | ({"parent": f"{parent:016x}"} if parent else {})


def table(*traces: list[dict[str, Any]], resource: dict[str, Any] | None = None) -> SpanTable:
    """traces: the spans of each. Ids of traces count from 1."""
    return table_of(
        [
            {"id": f"{number:032x}", "batches": [{"resource": {"service.name": "api"} | (resource or {}), "scopes": [{"spans": spans}]}]}
            for number, spans in enumerate(traces, 1)
        ]
    )

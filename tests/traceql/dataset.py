"""The recorded data set as a table of spans."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lgtm.traceql.columns import Column, Columns, from_arrow, strings
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.types import Type

RECORDED = Path(__file__).parent / "recorded"
T0_NS = 1_700_000_400 * 10**9
"""Times of the recordings are offsets from here: a multiple of 600 s."""

TEXT_BYTES_MAX = 2048
"""Tempo cuts longer values when it receives them."""

_ARROW = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


def read_lines(name: str) -> list[Any]:
    with gzip.open(RECORDED / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def traces() -> list[dict[str, Any]]:
    with gzip.open(RECORDED / "dataset.json.gz", "rt", encoding="utf-8") as file:
        found: list[dict[str, Any]] = json.load(file)["traces"]
    return found


@cache
def tables(tenant: str = "", slices: int = 1) -> list[SpanTable]:
    """All traces of the tenant, dealt to as many tables, newest first."""
    mine = [trace for trace in traces() if trace.get("tenant", "") == tenant]
    mine.sort(key=_start, reverse=True)
    size = -(-len(mine) // slices) if mine else 1
    return [table_of(mine[at : at + size]) for at in range(0, len(mine), size)]


def _start(trace: Mapping[str, Any]) -> int:
    return min(int(span["start"]) for batch in trace["batches"] for scoped in batch["scopes"] for span in scoped["spans"])


def table_of(chosen: list[dict[str, Any]]) -> SpanTable:
    spans: list[dict[str, Any]] = []
    counts = []
    attributes: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for trace in chosen:
        before = len(spans)
        for batch in trace["batches"]:
            for scoped in batch["scopes"]:
                scope = scoped.get("scope", {})
                for span in scoped["spans"]:
                    row = len(spans)
                    spans.append(span | {"service": batch["resource"].get("service.name", ""), "scope": scope})
                    for name, bag in (("resource", batch["resource"]), ("instrumentation", scope.get("attrs")), ("span", span.get("attrs"))):
                        for key, value in (bag or {}).items():
                            attributes[name, key].append((row, value))
        counts.append(len(spans) - before)
    return SpanTable(
        trace_id=np.frombuffer(b"".join(bytes.fromhex(trace["id"]) for trace in chosen), np.uint8).reshape(-1, 16),
        offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        span_id=np.array([int(span["id"], 16) for span in spans], np.uint64),
        parent_id=np.array([int(span.get("parent") or "0", 16) for span in spans], np.uint64),
        start_ns=np.array([T0_NS + span["start"] for span in spans], np.int64),
        duration_ns=np.array([span["end"] - span["start"] for span in spans], np.int64),
        name=_texts(span["name"] for span in spans),
        kind=np.array([span.get("kind", 0) for span in spans], np.int64),
        status=np.array([span.get("status", [0, ""])[0] for span in spans], np.int64),
        status_message=_texts(span.get("status", [0, ""])[1] for span in spans),
        service_name=_texts(_text(span["service"]) for span in spans),
        scope_name=_texts(span["scope"].get("name") or "" for span in spans),
        scope_version=_texts(span["scope"].get("version") or "" for span in spans),
        attributes={key: columns_of(values, len(spans)) for key, values in attributes.items() if key != ("resource", "service.name")},
        events=_children(spans, "events"),
        links=_children(spans, "links"),
        child_of_link=np.array([_is_child_of(span) for span in spans], bool),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_child_of(span: Mapping[str, Any]) -> bool:
    return any((link.get("attrs") or {}).get("opentracing.ref_type") == "child_of" for link in span.get("links", []))


def _texts(values: Iterable[str]) -> Column:
    return strings(pa.array(list(values), pa.string()))


def _children(spans: list[dict[str, Any]], name: str) -> Children:
    found = [(row, child) for row, span in enumerate(spans) for child in span.get(name, [])]
    attributes: dict[str, list[Any]] = defaultdict(list)
    for at, (_, child) in enumerate(found):
        for key, value in (child.get("attrs") or {}).items():
            attributes[key].append((at, value))
    if name == "events":
        times = np.array([T0_NS + child["t"] for _, child in found], np.int64)
        fixed = {"name": _texts(child["name"] for _, child in found), "time_ns": Column(Type.INT, times)}
    else:
        fixed = {
            "trace_id": _texts((child.get("trace") or "").lstrip("0") for _, child in found),
            "span_id": _texts((child.get("span") or "").rjust(16, "0") for _, child in found),
        }
    rows = np.array([row for row, _ in found], np.int64)
    return Children(rows, {key: columns_of(values, len(found)) for key, values in attributes.items()}, fixed)


def columns_of(values: list[tuple[int, Any]], rows: int) -> Columns:
    """values: (row, value as the data set writes it). Maps, bytes, mixed and empty lists are not queryable and left out."""
    by_type: dict[pa.DataType, list[Any]] = {}
    for row, value in values:
        plain = float(value["float"]) if isinstance(value, dict) and "float" in value else value
        plain = plain[:TEXT_BYTES_MAX] if isinstance(plain, str) else plain
        of = _arrow_type(plain)
        if of is not None:
            by_type.setdefault(of, [None] * rows)[row] = plain
    return tuple(from_arrow(pa.array(column, of)) for of, column in by_type.items())


def _arrow_type(value: Any) -> pa.DataType | None:
    if not isinstance(value, list):
        return _ARROW.get(type(value))
    members = {type(member) for member in value}
    return pa.list_(_ARROW[members.pop()]) if len(members) == 1 and next(iter(members)) in _ARROW else None

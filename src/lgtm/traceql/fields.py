"""The values of a field over the rows of a table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.traceql.columns import Column, Columns, first_of, gather_children, hex_strings, strings
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.syntax import SCOPES, Attribute, Field, Intrinsic
from lgtm.traceql.types import Type

_BY_ROW = ("span", "resource", "instrumentation")
_SERVICE_NAME = ("resource", "service.name")


def field_columns(table: SpanTable, field: Field) -> Columns:
    """One column a type; none when no span has the field."""
    if isinstance(field, Intrinsic):
        return (_INTRINSICS[field.name](table),)
    if field.scope:
        return attribute_columns(table, field.scope, field.name)
    return first_of([attribute_columns(table, scope, field.name) for scope in SCOPES], len(table))


def attribute_columns(table: SpanTable, scope: str, key: str) -> Columns:
    """Of one scope, which has to be one of SCOPES."""
    if (scope, key) == _SERVICE_NAME:
        return (table.service_name,)
    if scope in _BY_ROW:
        return table.attributes.get((scope, key), ())
    children = table.events if scope == "event" else table.links
    return tuple(gather_children(column, children.rows_of, len(table)) for column in children.attributes.get(key, ()))


def grouping_columns(table: SpanTable, field: Field) -> Columns:
    """As `field_columns`, but a name without a scope is looked up on spans and resources only."""
    if isinstance(field, Attribute) and not field.scope:
        return first_of([attribute_columns(table, scope, field.name) for scope in SCOPES[:2]], len(table))
    return field_columns(table, field)


def _child(table: SpanTable, children: Children, name: str) -> Column:
    column = children.fixed.get(name)
    if column is None:
        return strings(pa.array([None] * len(table), pa.string()))
    return gather_children(column, children.rows_of, len(table))


def _time_since_start(table: SpanTable) -> Column:
    time_ns = table.events.fixed.get("time_ns")
    since = np.empty(0, dtype=np.int64) if time_ns is None else time_ns.values - table.start_ns[table.events.rows_of]
    return gather_children(Column(Type.DURATION, since), table.events.rows_of, len(table))


def _of_trace(column: Column, table: SpanTable) -> Column:
    return column.take(table.trace_of)


def _trace_id(table: SpanTable) -> Column:
    texts = pc.utf8_ltrim(hex_strings(table.trace_id), characters="0")
    return Column(Type.STRING, table.trace_of, words=texts if len(texts) else pa.array([""], pa.string()))


def _ids(ids: np.ndarray[tuple[int], np.dtype[np.uint64]], *, zero_is_empty: bool = False) -> Column:
    texts = hex_strings(ids.astype(">u8").view(np.uint8).reshape(-1, 8))
    if zero_is_empty:
        texts = pc.if_else(pa.array(ids == 0), "", texts)
    return Column(Type.STRING, np.arange(len(ids)), words=texts if len(texts) else pa.array([""], pa.string()))


_INTRINSICS: dict[str, Callable[[SpanTable], Column]] = {
    "duration": lambda table: Column(Type.DURATION, table.duration_ns),
    "name": lambda table: table.name,
    "status": lambda table: Column(Type.STATUS, table.status),
    "statusMessage": lambda table: table.status_message,
    "kind": lambda table: Column(Type.KIND, table.kind),
    "span:id": lambda table: _ids(table.span_id),
    "span:parentID": lambda table: _ids(table.parent_id, zero_is_empty=True),
    "span:childCount": lambda table: Column(Type.INT, table.child_count),
    "traceDuration": lambda table: _of_trace(Column(Type.DURATION, table.trace_end_ns - table.trace_start_ns), table),
    "rootName": lambda table: _of_trace(table.root_name, table),
    "rootServiceName": lambda table: _of_trace(table.root_service_name, table),
    "trace:id": _trace_id,
    "event:name": lambda table: _child(table, table.events, "name"),
    "event:timeSinceStart": _time_since_start,
    "link:traceID": lambda table: _child(table, table.links, "trace_id"),
    "link:spanID": lambda table: _child(table, table.links, "span_id"),
    "instrumentation:name": lambda table: table.scope_name,
    "instrumentation:version": lambda table: table.scope_version,
    "nestedSetLeft": lambda table: Column(Type.INT, table.tree.left),
    "nestedSetRight": lambda table: Column(Type.INT, table.tree.right),
    "nestedSetParent": lambda table: Column(Type.INT, table.tree.parent),
}

"""The values of a field over the rows of a table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.traceql.columns import I64, Column, Columns, first_of, gather_children, hex_strings
from lgtm.traceql.field_syntax import Attribute, Field, Intrinsic
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.types import Type

UNSCOPED = ("span", "resource")
"""Where a name without a scope is looked up, in this order. Tempo's manual names more scopes, but it looks at these."""

_SINCE_START = "event:timeSinceStart"
_FIXED = {"event:name": "name", "link:traceID": "trace_id", "link:spanID": "span_id"}
_SERVICE_NAME = ("resource", "service.name")


def field_columns(table: SpanTable, field: Field) -> Columns:
    """One column a type; none when no span has the field."""
    found = children_of(table, field)
    if found is not None:
        children, columns = found
        return tuple(gather_children(column, children.rows_of, len(table)) for column in columns)
    if isinstance(field, Intrinsic):
        return (_INTRINSICS[field.name](table),)
    if field.scope:
        return attribute_columns(table, field.scope, field.name)
    return first_of([attribute_columns(table, scope, field.name) for scope in UNSCOPED], len(table))


def attribute_columns(table: SpanTable, scope: str, key: str) -> Columns:
    """Of the span, its resource or its instrumentation scope."""
    if (scope, key) == _SERVICE_NAME:
        return (table.service_name,)
    return table.attributes.get((scope, key), ())


def children_of(table: SpanTable, field: Field) -> tuple[Children, Columns] | None:
    """Events or links and the field's values over them; None for what spans have themselves."""
    scope = field.scope if isinstance(field, Attribute) else field.name.split(":")[0]
    if scope not in ("event", "link"):
        return None
    children = table.events if scope == "event" else table.links
    if isinstance(field, Attribute):
        return children, children.attributes.get(field.name, ())
    if field.name == _SINCE_START:
        return children, (Column(Type.DURATION, _since_start_ns(table)),)
    column = children.fixed.get(_FIXED[field.name])
    return children, () if column is None else (column,)


def _since_start_ns(table: SpanTable) -> I64:
    time_ns = table.events.fixed.get("time_ns")
    return np.empty(0, dtype=np.int64) if time_ns is None else time_ns.values - table.start_ns[table.events.rows_of]


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
    "instrumentation:name": lambda table: table.scope_name,
    "instrumentation:version": lambda table: table.scope_version,
    "nestedSetLeft": lambda table: Column(Type.INT, table.tree.left),
    "nestedSetRight": lambda table: Column(Type.INT, table.tree.right),
    "nestedSetParent": lambda table: Column(Type.INT, table.tree.parent),
}

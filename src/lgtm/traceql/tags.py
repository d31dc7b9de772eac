"""The names and values of attributes, for whoever writes a query: which there are on the spans that pass a filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.traceql.columns import Bool, Column, Columns, Scalar
from lgtm.traceql.evaluate import truth
from lgtm.traceql.field_syntax import SCOPES, TRUE, Attribute, Field, FieldExpr, Intrinsic, Static
from lgtm.traceql.fields import children_of, field_columns
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.types import KINDS, STATUSES, Type

INTRINSIC_TAGS = (
    "duration", "event:name", "event:timeSinceStart", "instrumentation:name", "instrumentation:version", "kind", "link:spanID", "link:traceID",
    "name", "rootName", "rootServiceName", "span:duration", "span:id", "span:kind", "span:name", "span:parentID", "span:status",
    "span:statusMessage", "status", "statusMessage", "trace:duration", "trace:id", "trace:rootName", "trace:rootService", "traceDuration",
)  # fmt: skip
_KEYWORDS = {"status": STATUSES, "kind": KINDS}
_LISTED = frozenset(
    {"name", "statusMessage", "rootName", "rootServiceName", "event:name", "instrumentation:name", "instrumentation:version"}
)  # fmt: skip
"""Intrinsics whose values are worth telling; the others are numbers and ids without end."""

_BARE = {
    "name": Intrinsic("name"),
    "root.name": Intrinsic("rootName"),
    "rootName": Intrinsic("rootName"),
    "root.service.name": Intrinsic("rootServiceName"),
    "rootServiceName": Intrinsic("rootServiceName"),
}
_BARE_SCOPES = ("span", "resource", "instrumentation")
_TYPES = {Type.STRING: "string", Type.INT: "int", Type.FLOAT: "float", Type.BOOL: "bool", Type.DURATION: "duration"}
SERVICE_NAME = "service.name"

TagValue = tuple[str, str]
"""string, int, float, bool, duration or keyword; and the value as text."""


class TagNames:
    """Names by scope, over tables."""

    def __init__(self, condition: FieldExpr = TRUE) -> None:
        self._condition = condition
        self._found: dict[str, set[str]] = defaultdict(set)

    def add(self, table: SpanTable) -> None:
        mask = truth(table, self._condition)
        if not mask.any():
            return
        self._found["resource"].add(SERVICE_NAME)
        for (scope, key), columns in table.attributes.items():
            if key and any((column.held & mask).any() for column in columns):
                self._found[scope].add(key)
        for scope, children in (("event", table.events), ("link", table.links)):
            of_mask = mask[children.rows_of]
            self._found[scope].update(key for key, columns in children.attributes.items() if key and _any_held(columns, of_mask))

    def names(self, scope: str) -> list[str]:
        """Sorted. scope: one of SCOPES or `intrinsic`."""
        return list(INTRINSIC_TAGS) if scope == "intrinsic" else sorted(self._found[scope])

    def all_names(self) -> list[str]:
        """Of every scope but the intrinsics, sorted, each once."""
        return sorted(set().union(*(self._found[scope] for scope in SCOPES)))


def _any_held(columns: Columns, mask: Bool) -> bool:
    return any((column.held & mask).any() for column in columns)


class TagValues:
    """Distinct values of a field, over tables."""

    def __init__(self, field: Field, condition: FieldExpr = TRUE, *, most: int | None = None) -> None:
        """most: how many to look for; None for all."""
        self._field, self._condition, self._most = field, condition, most
        self._found: set[TagValue] = set()
        if isinstance(field, Intrinsic) and field.name in _KEYWORDS:
            self._found.update(("keyword", word) for word in _KEYWORDS[field.name])

    @property
    def is_full(self) -> bool:
        return self._most is not None and len(self._found) >= self._most

    def add(self, table: SpanTable) -> None:
        if isinstance(self._field, Intrinsic) and self._field.name not in _LISTED:
            return
        mask = truth(table, self._condition)
        if not mask.any() or self.is_full:
            return
        found = children_of(table, self._field)
        self._found.update(_distinct(*found, mask) if found is not None else _values_where(field_columns(table, self._field), mask))

    def values(self) -> list[TagValue]:
        """Sorted."""
        return sorted(self._found)[: self._most]


class BareTagValues:
    """Values of a key without a scope, as text: what the older endpoint answers, which knows spans, resources and instrumentation scopes."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._found: set[str] = set()

    def add(self, table: SpanTable) -> None:
        everywhere = np.ones(len(table), dtype=bool)
        columns = [field_columns(table, field) for field in bare_fields(self._key)]
        self._found.update(text for each in columns for _, text in _values_where(each, everywhere))

    def values(self) -> list[str]:
        return sorted(self._found)


def bare_fields(key: str) -> tuple[Field, ...]:
    """What a key without a scope may mean to the older endpoint."""
    return (_BARE[key],) if key in _BARE else tuple(Attribute(scope, key) for scope in _BARE_SCOPES)


def _distinct(children: Children, columns: Columns, mask: Bool) -> Iterator[TagValue]:
    return _values_where(columns, mask[children.rows_of])


def _values_where(columns: Columns, mask: Bool) -> Iterator[TagValue]:
    for column in columns:
        rows = np.flatnonzero(column.held & mask)
        values = np.unique(column.take(rows).values)
        of = _TYPES[column.type]
        if column.words is not None:
            yield from ((of, text) for text in column.words.take(pa.array(values)).to_pylist())
        else:
            yield from ((of, _text(column, value)) for value in values.tolist())


def _text(column: Column, value: Scalar) -> str:
    return str(value) if column.type is Type.INT else str(Static(column.type, value))

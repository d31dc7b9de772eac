"""What a search answers about each span besides when it was: the fields that the query speaks of.

A field is shown where it meets one of the conditions that the query puts on it; where the query uses it in any other way, whenever it is there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.parsing.gonumbers import format_duration
from lgtm.traceql.columns import I64, Bool, Column, Item, Scalar, held_by_any
from lgtm.traceql.comparison import compare_literal
from lgtm.traceql.field_syntax import Attribute, Field, Intrinsic
from lgtm.traceql.fields import UNSCOPED, field_columns
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.types import KINDS, STATUSES, Type
from lgtm.traceql.uses import ANY_VALUE, NO_VALUE, Condition, Use

NIL_TEXT = "nil"

ELSEWHERE = frozenset({"name", "duration", "traceDuration", "rootName", "rootServiceName", "trace:id", "span:id"})
"""Intrinsics that the answer has places of their own for."""


_NAME = Intrinsic("name")


class Shown:
    """The fields to show for some rows of a table. scoped: whether names tell their scope, and intrinsics of ELSEWHERE are shown too."""

    def __init__(self, table: SpanTable, mentioned: tuple[Use, ...], rows: I64, *, scoped: bool = False) -> None:
        self._scoped = scoped
        self._name = table.name.take(rows)
        self._named = _met(self._name, [use.condition for use in mentioned if use.field == _NAME], stored_type=False)
        self._parts: list[tuple[str, Column, Bool]] = []
        for field in _by_scope(tuple(dict.fromkeys(use.field for use in mentioned))):
            if not scoped and isinstance(field, Intrinsic) and field.name in ELSEWHERE:
                continue
            conditions = [use.condition for use in mentioned if _is_about(use.field, field)]
            self._add(table, field, conditions, rows)

    def name(self, at: int) -> str | None:
        """The span's name, when it meets what the query says of names."""
        return str(self._name.item(at)) if self._named[at] else None

    def attributes(self, at: int) -> list[tuple[str, Item]]:
        """Names without a scope, and values as a client shows them. at: index into the rows."""
        return [(name, display(column, at)) for name, column, visible in self._parts if visible[at]]

    def _add(self, table: SpanTable, field: Field, conditions: list[Condition], rows: I64) -> None:
        columns = [column.take(rows) for column in field_columns(table, field)]
        name = str(field) if self._scoped else field.name
        for column in columns:
            shown, visible = _visible(column, conditions, stored_type=isinstance(field, Attribute))
            if visible.any():
                self._parts.append((name, shown, visible))
        if NO_VALUE in conditions:
            absent = ~held_by_any(columns, len(rows))
            self._parts.append((name, _nil(len(rows)), absent))


def _by_scope(fields: tuple[Field, ...]) -> Iterator[Field]:
    """One without a scope is shown for each scope that has it."""
    seen: set[Field] = set()
    for field in fields:
        scoped = [field] if isinstance(field, Intrinsic) or field.scope else [Attribute(scope, field.name) for scope in UNSCOPED]
        yield from (each for each in scoped if each not in seen)
        seen.update(scoped)


def _is_about(used: Field, field: Field) -> bool:
    return used == field or (isinstance(used, Attribute) and isinstance(field, Attribute) and not used.scope and used.name == field.name)


def _visible(column: Column, conditions: list[Condition], *, stored_type: bool) -> tuple[Column, Bool]:
    """What is shown, and in which rows: of a list only the members that meet a condition, and of events and links only the last one."""
    if column.offsets is None:
        return column, _met(column, conditions, stored_type=stored_type)
    met = np.flatnonzero(_met(Column(column.type, column.values, None, column.words), conditions, stored_type=stored_type))
    offsets = np.searchsorted(met, column.offsets)
    visible = column.held & (np.diff(offsets) > 0)
    if column.of_children:
        last = met[np.maximum(offsets[1:] - 1, 0)] if len(met) else np.zeros(len(column), dtype=np.int64)
        return Column(column.type, column.values[last] if len(met) else last, None, column.words), visible
    return Column(column.type, column.values[met], None, column.words, offsets), visible


def _met(column: Column, conditions: list[Condition], *, stored_type: bool) -> Bool:
    if ANY_VALUE in conditions:
        return column.held
    met = np.zeros(len(column), dtype=bool)
    for symbol, literal in conditions:
        if literal.type is not Type.NIL:
            met |= compare_literal((column,), symbol, literal, stored_type=stored_type, rows=len(column))
    return met


def _nil(rows: int) -> Column:
    return Column(Type.STRING, np.zeros(rows, dtype=np.int64), words=pa.array([NIL_TEXT]))


def display(column: Column, row: int) -> Item:
    """As a client shows it: enumerations and durations are words, a list of one member is that member."""
    return _displayed(column.type, column.item(row))


def display_all(column: Column) -> list[Item]:
    """Of a column whose rows all have a value."""
    return [_displayed(column.type, item) for item in column.items()]


def _displayed(of: Type, item: Item) -> Item:
    members = [_display(of, member) for member in item] if isinstance(item, list) else [_display(of, item)]
    return members[0] if len(members) == 1 else members


def _display(of: Type, value: Scalar) -> Scalar:
    match of:
        case Type.DURATION:
            return format_duration(int(value))
        case Type.STATUS:
            return STATUSES[int(value)]
        case Type.KIND:
            return KINDS[int(value)]
        case _:
            return value

"""Expressions over the fields of spans: a truth a row, or columns of values."""

from __future__ import annotations

import numpy as np

from lgtm.traceql.calculate import calculate, negate
from lgtm.traceql.columns import Bool, Column, Columns, constant, held_by_any
from lgtm.traceql.comparison import FLIPPED, compare_columns, compare_literal
from lgtm.traceql.field_syntax import Attribute, Binary, Exists, Field, FieldExpr, Intrinsic, Static, Unary
from lgtm.traceql.fields import children_of, field_columns
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.types import ARITHMETIC, Type, is_boolean

_TRIMMED_IDS = frozenset({"trace:id", "link:traceID"})
"""Ids that are kept without leading zeros, so literals are cut likewise."""

_TREE_PARENT = Intrinsic("nestedSetParent")
_ROOTS = frozenset({("<", 0), ("=", -1), ("<=", -1)})
"""What only roots meet: how Grafana asks for them, in nearly every query."""


def truth(table: SpanTable, expr: FieldExpr) -> Bool:
    """Which rows the expression is true for. What has no value, or none that is a boolean, is not true."""
    match expr:
        case Static():
            return np.full(len(table), expr.value is True)
        case Unary("!"):
            return ~truth(table, expr.operand)
        case Exists():
            held = held_by_any(values(table, expr.operand), len(table))
            return ~held if expr.absent else held
        case Binary("&&"):
            return _all(table, conjuncts(expr))
        case Binary("||"):
            return truth(table, expr.left) | truth(table, expr.right)
        case Binary() if expr.operator not in ARITHMETIC:
            return compare(table, expr)
        case _:
            return _true_values(values(table, expr), len(table))


def conjuncts(expr: FieldExpr) -> list[FieldExpr]:
    """The terms of a chain of `&&`."""
    return [*conjuncts(expr.left), *conjuncts(expr.right)] if isinstance(expr, Binary) and expr.operator == "&&" else [expr]


def _all(table: SpanTable, terms: list[FieldExpr]) -> Bool:
    """Conditions on events have to be met by one and the same event, those on links by one link."""
    found = np.ones(len(table), dtype=bool)
    of_children: dict[str, list[tuple[Children, Bool]]] = {}
    for term in terms:
        condition = as_condition(term) if isinstance(term, Binary) else None
        about = children_of(table, condition[0]) if condition is not None else None
        if condition is None or about is None:
            found &= truth(table, term)
        else:
            children, columns = about
            field, symbol, literal = condition
            met = compare_literal(columns, symbol, literal, stored_type=isinstance(field, Attribute), rows=len(children.rows_of))
            of_children.setdefault(str(field)[:1], []).append((children, met))
        if not found.any():
            break
    for conditions in of_children.values():
        rows = conditions[0][0].rows_of[np.logical_and.reduce([met for _, met in conditions])]
        found &= np.bincount(rows, minlength=len(table)) > 0
    return found


def compare(table: SpanTable, expr: Binary) -> Bool:
    condition = as_condition(expr)
    if condition is not None:
        field, symbol, literal = condition
        if field == _TREE_PARENT and (symbol, literal.value) in _ROOTS:
            return table.is_root
        columns = field_columns(table, field)
        return compare_literal(columns, symbol, literal, stored_type=isinstance(field, Attribute), rows=len(table))
    if isinstance(expr.right, Static):
        return compare_literal(values(table, expr.left), expr.operator, expr.right, stored_type=False, rows=len(table))
    return compare_columns(values(table, expr.left), expr.operator, values(table, expr.right), len(table))


def as_condition(expr: Binary) -> tuple[Field, str, Static] | None:
    """A comparison of a field with a literal, the field on the left; None for any other."""
    left, symbol, right = expr.left, expr.operator, expr.right
    if not is_boolean(symbol):
        return None
    if isinstance(left, Static) and symbol in FLIPPED:
        left, symbol, right = right, FLIPPED[symbol], left
    if not isinstance(left, Attribute | Intrinsic) or not isinstance(right, Static):
        return None
    if isinstance(left, Intrinsic) and left.name in _TRIMMED_IDS and symbol in FLIPPED:
        right = Static(Type.STRING, str(right.value).lstrip("0"))
    return left, symbol, right


def values(table: SpanTable, expr: FieldExpr) -> Columns:
    match expr:
        case Static():
            return () if expr.value is None else (constant(expr.type, expr.value, len(table)),)
        case Attribute() | Intrinsic():
            return field_columns(table, expr)
        case Unary("-"):
            return negate(values(table, expr.operand))
        case Binary() if expr.operator in ARITHMETIC:
            return calculate(values(table, expr.left), expr.operator, values(table, expr.right))
        case _:
            return (Column(Type.BOOL, truth(table, expr)),)


def _true_values(columns: Columns, rows: int) -> Bool:
    found = np.zeros(rows, dtype=bool)
    for column in columns:
        if column.type is Type.BOOL and column.offsets is None:
            found |= column.values & column.held
    return found

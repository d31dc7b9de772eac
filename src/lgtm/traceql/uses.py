"""Which fields a query speaks of, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgtm.traceql.evaluate import as_condition
from lgtm.traceql.field_syntax import Attribute, Binary, Exists, Field, FieldExpr, Intrinsic, Static, Unary
from lgtm.traceql.syntax import (
    Aggregate,
    Group,
    MetricsFilter,
    MetricsOperation,
    MetricsQuery,
    Over,
    Pipeline,
    Root,
    ScalarExpr,
    ScalarFilter,
    Select,
    SpansetExpr,
    SpansetFilter,
    SpansetOperation,
    Stage,
    TopK,
)
from lgtm.traceql.types import LOGICAL, Type

Condition = tuple[str, Static]

ANY_VALUE: Condition = ("!=", Static(Type.NIL, None))
NO_VALUE: Condition = ("=", Static(Type.NIL, None))


@dataclass(slots=True, frozen=True)
class Use:
    """A field that a query speaks of, and in which way."""

    field: Field
    condition: Condition = ANY_VALUE


def uses(root: Root | Stage | SpansetExpr | ScalarExpr) -> Iterator[Use]:
    """Every mention of a field, in the order of the text."""
    match root:
        case Pipeline():
            for stage in root.stages:
                yield from uses(stage)
        case SpansetFilter() | Group():
            yield from expression_uses(root.expr)
        case SpansetOperation():
            yield from uses(root.left)
            yield from uses(root.right)
        case Select():
            yield from map(Use, root.fields)
        case ScalarFilter():
            yield from uses(root.left)
            yield from uses(root.right)
        case Aggregate():
            if root.expr is not None:
                yield from expression_uses(root.expr)
        case MetricsQuery():
            yield from uses(root.pipeline)
            if isinstance(root.function, Over):
                yield from map(Use, (*root.function.by, *((root.function.field,) if root.function.field else ())))
        case TopK() | MetricsFilter():
            yield from uses(root.expr)
        case MetricsOperation():
            yield from uses(root.left)
            yield from uses(root.right)


def expression_uses(expr: FieldExpr) -> Iterator[Use]:
    match expr:
        case Attribute() | Intrinsic():
            yield Use(expr)
        case Unary():
            yield from expression_uses(expr.operand)
        case Exists(Attribute() | Intrinsic() as field):
            yield Use(field, NO_VALUE if expr.absent else ANY_VALUE)
        case Exists():
            yield from expression_uses(expr.operand)
        case Binary():
            condition = as_condition(expr) if expr.operator not in LOGICAL else None
            if condition is None:
                yield from expression_uses(expr.left)
                yield from expression_uses(expr.right)
            else:
                yield Use(condition[0], condition[1:])

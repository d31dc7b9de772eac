"""What a query must read, and which conditions tell storage early that there is nothing to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lgtm.traceql.evaluate import as_condition
from lgtm.traceql.field_syntax import TRUE, Attribute, Binary, Exists, Field, FieldExpr, Intrinsic, Static, Unary
from lgtm.traceql.fields import UNSCOPED
from lgtm.traceql.syntax import (
    Compare,
    MetricsExpr,
    Pipeline,
    Query,
    Root,
    ScalarFilter,
    SpansetExpr,
    SpansetFilter,
    SpansetOperation,
    Stage,
    queries,
)
from lgtm.traceql.types import ARITHMETIC, Type
from lgtm.traceql.uses import expression_uses, uses

_ALWAYS = frozenset({"trace_id", "offsets", "start_ns", "duration_ns"})
_OF_AN_ANSWER = frozenset({"span_id", "parent_id", "name", "status", "service_name", "child_of_link"})
"""What a search tells of a trace or a span whatever it looks for."""
_OF_A_TREE = frozenset({"span_id", "parent_id", "kind"})
_OF_A_ROOT = frozenset({"parent_id", "child_of_link"})
_COLUMNS = {
    "name": frozenset({"name"}),
    "status": frozenset({"status"}),
    "statusMessage": frozenset({"status_message"}),
    "kind": frozenset({"kind"}),
    "span:id": frozenset({"span_id"}),
    "span:parentID": frozenset({"parent_id"}),
    "span:childCount": _OF_A_TREE,
    "rootName": _OF_A_ROOT | {"name"},
    "rootServiceName": _OF_A_ROOT | {"service_name"},
    "instrumentation:name": frozenset({"scope_name"}),
    "instrumentation:version": frozenset({"scope_version"}),
    "nestedSetLeft": _OF_A_TREE,
    "nestedSetRight": _OF_A_TREE,
    "nestedSetParent": _OF_A_TREE,
    "event:name": frozenset({"events.name"}),
    "event:timeSinceStart": frozenset({"events.time_ns"}),
    "link:traceID": frozenset({"links.trace_id"}),
    "link:spanID": frozenset({"links.span_id"}),
}
_OF_A_COMPARISON = _OF_A_ROOT | {"name", "kind", "status", "status_message", "service_name", "scope_name", "scope_version"}
_SERVICE_NAME = Attribute("resource", "service.name")


@dataclass(slots=True, frozen=True)
class Needs:
    """columns: fields of SpanTable, those of events and links with their table in front (`events.name`).

    attributes: scope and key. every_attribute: all of spans and resources besides, which compare() counts.
    """

    columns: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    every_attribute: bool = False


@dataclass(slots=True, frozen=True)
class Condition:
    """A field, one of its comparisons, a literal: `nil` for a field that only has to be there."""

    field: Field
    operator: str
    literal: Static


@dataclass(slots=True, frozen=True)
class AllOf:
    """Each is met by some span of a trace, not necessarily by the same one. Without any: every trace."""

    conditions: tuple[Conditions, ...]


@dataclass(slots=True, frozen=True)
class AnyOf:
    """At least one is met by some span of a trace. Without any: no trace."""

    conditions: tuple[Conditions, ...]


Conditions = Condition | AllOf | AnyOf

EVERYTHING = AllOf(())
NOTHING = AnyOf(())


def columns_needed(query: Query) -> Needs:
    """What must be read of the traces that may match."""
    columns, attributes, every_attribute = set(_ALWAYS), set(), False
    if isinstance(query.root, Pipeline | ScalarFilter):
        columns |= _OF_AN_ANSWER
    if any(_needs_tree(pipeline) for pipeline in _pipelines(query.root)):
        columns |= _OF_A_TREE
    for field in _fields(query.root):
        if isinstance(field, Intrinsic):
            columns |= _COLUMNS.get(field.name, frozenset())
        elif field == _SERVICE_NAME:
            columns.add("service_name")
        else:
            attributes |= {(scope, field.name) for scope in ([field.scope] if field.scope else UNSCOPED)}
            columns |= {"service_name"} if field == Attribute("", _SERVICE_NAME.name) else set()
    for metrics in queries(query.root):
        if isinstance(metrics.function, Compare):
            columns |= _OF_A_COMPARISON
            every_attribute = True
    return Needs(frozenset(columns), frozenset(attributes), every_attribute)


def conditions(query: Query) -> Conditions:
    """What every trace meets that can match or count: a trace, row group or block that cannot meet it may be skipped."""
    return any_of(_of_stage(pipeline) for pipeline in _pipelines(query.root))


def all_of(parts: Iterable[Conditions]) -> Conditions:
    found: dict[Conditions, None] = {}
    for part in parts:
        if part == NOTHING:
            return NOTHING
        found.update(dict.fromkeys(part.conditions if isinstance(part, AllOf) else (part,)))
    return next(iter(found)) if len(found) == 1 else AllOf(tuple(found))


def any_of(parts: Iterable[Conditions]) -> Conditions:
    found: dict[Conditions, None] = {}
    for part in parts:
        if part == EVERYTHING:
            return EVERYTHING
        found.update(dict.fromkeys(part.conditions if isinstance(part, AnyOf) else (part,)))
    return next(iter(found)) if len(found) == 1 else AnyOf(tuple(found))


def _of_stage(stage: Stage | SpansetExpr) -> Conditions:
    match stage:
        case SpansetFilter():
            return of_expression(stage.expr)
        case Pipeline():
            return all_of(map(_of_stage, stage.stages))
        case SpansetOperation("||"):
            return any_of((_of_stage(stage.left), _of_stage(stage.right)))
        case SpansetOperation() if stage.operator.startswith("!"):
            return _of_stage(stage.right)
        case SpansetOperation():
            return all_of((_of_stage(stage.left), _of_stage(stage.right)))
        case _:
            return EVERYTHING


def of_expression(expr: FieldExpr) -> Conditions:
    """What a span meets for which the expression is true."""
    match expr:
        case Static():
            return EVERYTHING if expr == TRUE else NOTHING
        case Attribute() | Intrinsic():
            return _scoped(expr, "=", TRUE)
        case Exists():
            return EVERYTHING if expr.absent else _held(expr.operand)
        case Unary():
            return EVERYTHING
        case Binary("&&"):
            return all_of((of_expression(expr.left), of_expression(expr.right)))
        case Binary("||"):
            return any_of((of_expression(expr.left), of_expression(expr.right)))
        case Binary():
            condition = as_condition(expr)
            return _held(expr) if condition is None else _scoped(*condition)


def _held(expr: FieldExpr) -> Conditions:
    """Arithmetic and comparisons have a result only where all of their fields have values; comparisons of truths always have one."""
    match expr:
        case Attribute() | Intrinsic():
            return _scoped(expr, "!=", Static(Type.NIL, None))
        case Unary("-"):
            return _held(expr.operand)
        case Binary() if expr.operator in ARITHMETIC or (_is_plain(expr.left) and _is_plain(expr.right)):
            return all_of((_held(expr.left), _held(expr.right)))
        case _:
            return EVERYTHING


def _is_plain(expr: FieldExpr) -> bool:
    """Whether it is a field, a literal, or arithmetic."""
    return isinstance(expr, Attribute | Intrinsic | Static) or (isinstance(expr, Binary) and expr.operator in ARITHMETIC)


def _scoped(field: Field, operator: str, literal: Static) -> Conditions:
    if isinstance(field, Attribute) and not field.scope:
        return AnyOf(tuple(Condition(Attribute(scope, field.name), operator, literal) for scope in UNSCOPED))
    return Condition(field, operator, literal)


def _fields(root: Root) -> Iterator[Field]:
    yield from (use.field for use in uses(root))
    for metrics in queries(root):
        if isinstance(metrics.function, Compare):
            yield from (use.field for use in expression_uses(metrics.function.selection.expr))


def _pipelines(root: Root) -> list[Pipeline]:
    match root:
        case Pipeline():
            return [root]
        case ScalarFilter():
            return [Pipeline((root,))]
        case _:
            return [query.pipeline for query in queries(root)]


def _needs_tree(stage: Stage | SpansetExpr | MetricsExpr) -> bool:
    match stage:
        case Pipeline():
            return any(map(_needs_tree, stage.stages))
        case SpansetOperation():
            return stage.operator not in ("&&", "||") or _needs_tree(stage.left) or _needs_tree(stage.right)
        case _:
            return False

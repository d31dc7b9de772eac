"""Which traces a query has to look at, told by single spans: cheap to ask of every span before whole traces are read for the few that are left."""

from __future__ import annotations

from lgtm.model import attributes as names
from lgtm.model.attributes import AttributeName
from lgtm.model.matchers import Matcher, Matchers, MatchOp
from lgtm.traceql.evaluate import as_condition
from lgtm.traceql.field_syntax import TRUE, Attribute, Binary, Exists, FieldExpr, Intrinsic, Static, Unary
from lgtm.traceql.plan import Needs, columns_needed
from lgtm.traceql.syntax import Compare, Pipeline, Query, Root, ScalarFilter, SpansetExpr, SpansetFilter, SpansetOperation, Stage, queries
from lgtm.traceql.types import Type
from lgtm.traceql.uses import Use, expression_uses, uses

OF_TRACES = frozenset({"traceDuration", "rootName", "rootServiceName", "nestedSetLeft", "nestedSetRight", "nestedSetParent", "span:childCount"})
"""Intrinsics that a span does not know by itself."""
_SHOWN = frozenset({"span_id", "parent_id", "name", "status", "service_name", "child_of_link"})
_ROOTS: frozenset[tuple[str, object]] = frozenset({("<", 0), ("=", -1), ("<=", -1)})
_IS_ROOT = Binary("=", Intrinsic("span:parentID"), Static(Type.STRING, ""))


def of_single_spans(query: Query) -> bool:
    """Whether what a metrics query counts is decided span by span, so that it need not see whole traces.

    Roots are told by having no parent, which is what whole traces say, too, unless an id occurs three times in one.
    """
    found = queries(query.root)
    if not found or any(isinstance(metrics.function, Compare) for metrics in found):
        return False
    if not all(isinstance(stage, SpansetFilter) for metrics in found for stage in metrics.pipeline.stages):
        return False
    return not any(isinstance(use.field, Intrinsic) and use.field.name in OF_TRACES and not _asks_for_roots(use) for use in uses(query.root))


def _asks_for_roots(use: Use) -> bool:
    symbol, literal = use.condition
    return use.field == Intrinsic("nestedSetParent") and (symbol, literal.value) in _ROOTS


def span_conditions(query: Query) -> tuple[FieldExpr, ...]:
    """Conditions on single spans: of each trace that can match, some span meets the first of them, some the second, and so on. Never none."""
    found = [_of_stage(pipeline) for pipeline in _pipelines(query.root)]
    if len(found) == 1:
        return found[0]
    any_of = found[0][0]
    for conditions in found[1:]:
        any_of = _either(any_of, conditions[0])
    return (any_of,)


def series_matchers(condition: FieldExpr) -> Matchers:
    """What the resource of a span meets that meets the condition: rows of other series need not be read."""
    if isinstance(condition, Binary) and condition.operator == "&&":
        return (*series_matchers(condition.left), *series_matchers(condition.right))
    compared = as_condition(condition) if isinstance(condition, Binary) else None
    if compared is None:
        return ()
    field, symbol, literal = compared
    if symbol != "=" or literal.type is not Type.STRING or not literal.value or not isinstance(field, Attribute) or field.scope != names.RESOURCE:
        return ()
    return (Matcher(str(AttributeName(names.RESOURCE, "", field.name)), MatchOp.EQ, str(literal.value)),)


def condition_needs(condition: FieldExpr) -> Needs:
    """What must be read to evaluate it over spans by themselves."""
    needs = columns_needed(Query(Pipeline((SpansetFilter(condition),))))
    intrinsics = {use.field.name for use in expression_uses(condition) if isinstance(use.field, Intrinsic)}
    kept = {"name": {"name"}, "status": {"status"}, "span:id": {"span_id"}, "span:parentID": {"parent_id"}}
    shown = {column for name in intrinsics for column in kept.get(name, ())} | {"service_name"}
    return Needs((needs.columns - _SHOWN) | shown, needs.attributes, needs.every_attribute)


def _pipelines(root: Root) -> list[Pipeline]:
    if isinstance(root, ScalarFilter):
        return [Pipeline((root,))]
    return [root] if isinstance(root, Pipeline) else [metrics.pipeline for metrics in queries(root)]


def _of_stage(stage: Stage | SpansetExpr) -> tuple[FieldExpr, ...]:
    match stage:
        case SpansetFilter():
            return (_weaker(stage.expr),)
        case Pipeline():
            return _of_stage(stage.stages[0])
        case SpansetOperation("||"):
            return (_either(_of_stage(stage.left)[0], _of_stage(stage.right)[0]),)
        case SpansetOperation() if stage.operator.startswith("!"):
            return _of_stage(stage.right)
        case SpansetOperation():
            return (*_of_stage(stage.left), *_of_stage(stage.right))
        case _:
            return (TRUE,)


def _either(left: FieldExpr, right: FieldExpr) -> FieldExpr:
    return TRUE if TRUE in (left, right) else Binary("||", left, right)


def _weaker(expr: FieldExpr) -> FieldExpr:
    """What a span meets, as far as it knows by itself, for which the expression is true."""
    if not speaks_of_traces(expr):
        return expr
    match expr:
        case Binary("&&"):
            left, right = _weaker(expr.left), _weaker(expr.right)
            if left == TRUE:
                return right
            return left if right == TRUE else Binary("&&", left, right)
        case Binary("||"):
            return _either(_weaker(expr.left), _weaker(expr.right))
        case Binary(operator, Intrinsic("nestedSetParent"), Static(_, value)) if (operator, value) in _ROOTS:
            return _IS_ROOT
        case _:
            return TRUE


def speaks_of_traces(expr: FieldExpr) -> bool:
    """Whether it asks for what a span does not know by itself."""
    match expr:
        case Intrinsic():
            return expr.name in OF_TRACES
        case Attribute() | Static():
            return False
        case Binary():
            return speaks_of_traces(expr.left) or speaks_of_traces(expr.right)
        case Unary() | Exists():
            return speaks_of_traces(expr.operand)

"""What a query that reads well must satisfy to mean something, in Tempo's words: types fit, numbers are in range, nothing is unsupported."""

from __future__ import annotations

import re2

from lgtm.parsing.gonumbers import format_float
from lgtm.traceql.errors import InvalidQuery, Unsupported
from lgtm.traceql.field_syntax import Attribute, Binary, Exists, FieldExpr, Intrinsic, Static, Unary, type_of
from lgtm.traceql.syntax import (
    Aggregate,
    Compare,
    Group,
    MetricsExpr,
    MetricsFilter,
    MetricsOperation,
    MetricsQuery,
    Over,
    Pipeline,
    Query,
    ScalarExpr,
    ScalarFilter,
    Select,
    SpansetExpr,
    SpansetFilter,
    SpansetOperation,
    Stage,
    TopK,
)
from lgtm.traceql.types import NUMBERS, REGEX, Type, allows, allows_unary, comparable

COMPARE_VALUES_MAX = 1_000
BY_MAX = {"avg_over_time": 4, "quantile_over_time": 4, "histogram_over_time": 4}
BY_MAX_OTHERS = 5

_SERVICE_NAME = Attribute("resource", "service.name")


def validate(query: Query) -> None:
    """Raises InvalidQuery, or Unsupported for what Tempo parses but does not evaluate."""
    match query.root:
        case Pipeline():
            _pipeline(query.root)
        case ScalarFilter():
            _scalar_filter(query.root)
        case _:
            _metrics(query.root)


def check_field_expression(expr: FieldExpr) -> None:
    """Raises InvalidQuery."""
    match expr:
        case Attribute() if expr.parent:
            raise Unsupported("parent not yet supported")
        case Intrinsic("parent"):
            raise Unsupported("intrinsic (parent) not yet supported")
        case Unary():
            check_field_expression(expr.operand)
            if not allows_unary(expr.operator, type_of(expr.operand)):
                raise InvalidQuery(f"illegal operation for the given type: {expr}")
        case Exists():
            check_field_expression(expr.operand)
            _check_absence(expr)
        case Binary():
            check_field_expression(expr.left)
            check_field_expression(expr.right)
            _check_binary(expr)


def _check_absence(expr: Exists) -> None:
    if expr.absent and isinstance(expr.operand, Intrinsic):
        raise InvalidQuery(f"{expr.operand}=nil is not valid because intrinsics cannot be nil")
    if expr.absent and expr.operand == _SERVICE_NAME:
        raise InvalidQuery(f"{expr.operand}=nil is not valid because resource.service.name cannot be nil")


def _check_binary(expr: Binary) -> None:
    left, right = type_of(expr.left), type_of(expr.right)
    if not comparable(left, right):
        raise InvalidQuery(f"binary operations must operate on the same type: {expr}")
    if not (allows(expr.operator, left) and allows(expr.operator, right)):
        raise InvalidQuery(f"illegal operation for the given types: {expr}")
    if expr.operator in REGEX:
        _check_regex(expr.right)


def _check_regex(pattern: FieldExpr) -> None:
    if not isinstance(pattern, Static):
        raise InvalidQuery(f"invalid type for =~ or !~: {pattern}")
    try:
        re2.compile(str(pattern.value), _QUIET)
    except re2.error:
        raise InvalidQuery(f"invalid regex: {pattern}") from None


_QUIET = re2.Options()
_QUIET.log_errors = False


def _pipeline(pipeline: Pipeline) -> None:
    for stage in pipeline.stages:
        _stage(stage)


def _stage(stage: Stage | SpansetExpr) -> None:
    match stage:
        case SpansetFilter():
            check_filter(stage)
        case SpansetOperation():
            _stage(stage.left)
            _stage(stage.right)
        case Pipeline():
            _pipeline(stage)
        case Group():
            check_field_expression(stage.expr)
            if not refers_to_span(stage.expr):
                raise InvalidQuery(f"grouping field expressions must reference the span: {stage}")
        case Select():
            for field in stage.fields:
                check_field_expression(field)
        case ScalarFilter():
            _scalar_filter(stage)


def check_filter(stage: SpansetFilter) -> None:
    """Raises InvalidQuery."""
    check_field_expression(stage.expr)
    if type_of(stage.expr) not in (Type.ANY, Type.BOOL):
        raise InvalidQuery(f"span filter field expressions must resolve to a boolean: {stage}")


def refers_to_span(expr: FieldExpr) -> bool:
    match expr:
        case Static():
            return False
        case Binary():
            return refers_to_span(expr.left) or refers_to_span(expr.right)
        case Unary() | Exists():
            return refers_to_span(expr.operand)
        case _:
            return True


def _scalar_filter(stage: ScalarFilter) -> None:
    for side in (stage.left, stage.right):
        _scalar(side)
    if not isinstance(stage.left, Aggregate):
        raise Unsupported(f"scalar filter lhs of type ({stage.left}) not yet supported")
    if not isinstance(stage.right, Static):
        raise Unsupported(f"scalar filter rhs of type ({stage.right}) not yet supported")


def _scalar(expr: ScalarExpr) -> None:
    if isinstance(expr, Aggregate) and expr.expr is not None:
        check_field_expression(expr.expr)
        if type_of(expr.expr) not in NUMBERS | {Type.ANY}:
            raise InvalidQuery(f"aggregate field expressions must resolve to a number type: {expr}")
        if not refers_to_span(expr.expr):
            raise InvalidQuery(f"aggregate field expressions must reference the span: {expr}")


def _metrics(expr: MetricsExpr) -> None:
    match expr:
        case MetricsQuery():
            _pipeline(expr.pipeline)
            _function(expr.function)
        case MetricsOperation():
            for side in (expr.left, expr.right):
                if not isinstance(side, Static):
                    _metrics(side)
                    _refuse_compare(side)
        case TopK():
            _metrics(expr.expr)
            _refuse_compare(expr.expr)
            if expr.limit <= 0:
                raise InvalidQuery("limit must be greater than 0")
        case _:
            _metrics(expr.expr)
            _refuse_compare(expr.expr)


def _refuse_compare(expr: MetricsExpr) -> None:
    if isinstance(expr, TopK | MetricsFilter):
        _refuse_compare(expr.expr)
    elif isinstance(expr, MetricsQuery) and isinstance(expr.function, Compare):
        raise InvalidQuery("`compare()` cannot be used with second stage functions")


def _function(function: Over | Compare) -> None:
    if isinstance(function, Compare):
        return _compare(function)
    if len(function.by) > BY_MAX.get(function.function, BY_MAX_OTHERS):
        raise InvalidQuery(f"metrics group by {len(function.by)} values not yet supported")
    for quantile in function.quantiles:
        if not 0 <= quantile <= 1:
            raise InvalidQuery(f"quantile must be between 0 and 1: {format_float(quantile)}")


def _compare(function: Compare) -> None:
    check_filter(function.selection)
    if not 0 < function.values_max <= COMPARE_VALUES_MAX:
        raise InvalidQuery(f"compare() top number of values must be an integer between 1 and {COMPARE_VALUES_MAX}")
    if function.window is not None and function.window[1] <= function.window[0]:
        raise InvalidQuery("compare() end timestamp must be greater than start timestamp")

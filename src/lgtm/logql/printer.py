"""Queries as people lay them out: on one line while that is at most 100 characters long, else split at the outermost brackets and stages.

What is printed parses to an equal expression. The one-line form is `str` of the expression.
"""

from __future__ import annotations

from lgtm.logql.stages import Unwrap
from lgtm.logql.syntax import BinaryOperation, Expr, LabelReplace, LogExpr, LogRange, MetricExpr, RangeAggregation, VectorAggregation
from lgtm.model.labels import quote
from lgtm.parsing.gonumbers import format_float

LINE_CHARACTERS_MAX = 100
_INDENT = "  "


def pretty(expr: Expr) -> str:
    """Lines without a newline at the end, as Loki's format_query answers."""
    return "\n".join(_lines(expr, 0))


def _lines(expr: Expr, level: int) -> list[str]:
    text = str(expr)
    indent = _INDENT * level
    if len(text) <= LINE_CHARACTERS_MAX:
        return [indent + text]
    match expr:
        case LogExpr():
            return _log(expr, level)
        case RangeAggregation():
            parameter = [] if expr.parameter is None else [[_INDENT * (level + 1) + format_float(expr.parameter)]]
            after = f" {expr.grouping}" if expr.grouping else ""
            return _call(expr.op, [*parameter, _log_range(expr.range, level + 1)], level, after)
        case VectorAggregation():
            parameter = [] if expr.parameter is None else [[f"{_INDENT * (level + 1)}{expr.parameter}"]]
            return _call(f"{expr.head} " if expr.grouping else expr.head, [*parameter, _lines(expr.expr, level + 1)], level)
        case LabelReplace():
            texts = [[_INDENT * (level + 1) + quote(text)] for text in expr.texts]
            return _call("label_replace", [_lines(expr.expr, level + 1), *texts], level)
        case BinaryOperation():
            return [*_leg(expr.left, level + 1), indent + expr.operator, *_leg(expr.right, level + 1)]
        case _:
            return [indent + text]


def _log(expr: LogExpr, level: int) -> list[str]:
    indent = _INDENT * level
    return [indent + str(LogExpr(expr.matchers)), *(f"{indent}{_INDENT}{stage}" for stage in expr.stages)]


def _log_range(log_range: LogRange, level: int) -> list[str]:
    lines = _lines(log_range.log, level)
    if log_range.unwrap is not None:
        lines += _unwrap(log_range.unwrap, level + 1)
    lines[-1] += f" {log_range.window}"
    return lines


def _unwrap(unwrap: Unwrap, level: int) -> list[str]:
    head = str(Unwrap(unwrap.label, unwrap.conversion))
    return [_INDENT * level + line for line in (head, *(f"| {each}" for each in unwrap.filters))]


def _leg(expr: MetricExpr, level: int) -> list[str]:
    """An operand. One that is an operation itself, and split over lines, stands in brackets of its own."""
    if not isinstance(expr, BinaryOperation) or len(str(expr)) <= LINE_CHARACTERS_MAX:
        return _lines(expr, level)
    indent = _INDENT * level
    return [f"{indent}(", *_lines(expr, level + 1), f"{indent})"]


def _call(head: str, arguments: list[list[str]], level: int, after: str = "") -> list[str]:
    indent = _INDENT * level
    lines = [f"{indent}{head}("]
    for position, argument in enumerate(arguments):
        lines += argument
        if position < len(arguments) - 1:
            lines[-1] += ","
    return [*lines, f"{indent}){after}"]

"""A query laid out for people: what fits into a line stays on it, the rest is broken and indented as Prometheus does."""

from __future__ import annotations

from lgtm.promql import printer
from lgtm.promql.syntax import Aggregate, Binary, Call, Expr, Paren, StepInvariant, String, Subquery, Unary, VectorSelector, children_of

LINE_MAX = 100
_INDENT = "  "


def format_query(expr: Expr) -> str:
    return _pretty(expr, 0)


def _pretty(expr: Expr, level: int) -> str:
    indent = _INDENT * level
    match expr:
        case Binary():
            if not _is_long(expr):
                return indent + printer.to_text(expr)
            left, right = _pretty(expr.left, level + 1), _pretty(expr.right, level + 1)
            return f"{left}\n{indent}{printer.operator(expr)}\n{right}"
        case Aggregate():
            if not _is_long(expr):
                return indent + printer.to_text(expr)
            args = [arg for arg in (expr.param, expr.expr) if arg is not None]
            return f"{indent}{printer.aggregate_head(expr)}(\n{_listed(args, level)}\n{indent})"
        case Call():
            if not _is_long(expr):
                return indent + printer.to_text(expr)
            return f"{indent}{expr.function.name}(\n{_listed(list(expr.args), level)}\n{indent})"
        case Paren():
            if not _is_long(expr):
                return indent + printer.to_text(expr)
            return f"{indent}(\n{_pretty(expr.expr, level + 1)}\n{indent})"
        case Subquery():
            if not _is_long(expr):
                return indent + printer.to_text(expr)
            return _pretty(expr.expr, level) + printer.brackets(expr)
        case Unary():
            return f"{indent}{expr.op}{_pretty(expr.expr, level).removeprefix(indent)}"
        case StepInvariant():
            return _pretty(expr.expr, level)
        case _:
            return indent + printer.to_text(expr)


def _listed(args: list[Expr], level: int) -> str:
    return ",\n".join(_pretty(arg, level + 1) for arg in args)


def _is_long(expr: Expr) -> bool:
    return _is_surely_long(expr) or len(printer.to_text(expr)) > LINE_MAX


def _is_surely_long(expr: Expr) -> bool:
    """Told from few nodes: each level of a deep tree asks, and its text is as long as all below it."""
    pending, length = [expr], 0
    while pending and length <= LINE_MAX:
        current = pending.pop()
        length += _letters(current)
        pending += children_of(current)
    return length > LINE_MAX


def _letters(expr: Expr) -> int:
    """At least as many are written of the node itself."""
    match expr:
        case StepInvariant():
            return 0
        case VectorSelector():
            return 1 + sum(len(matcher.name) + len(matcher.value) for matcher in expr.matchers if matcher.name != "__name__")
        case Aggregate():
            return 1 + sum(map(len, expr.grouping))
        case Binary() if expr.matching is not None:
            return 1 + sum(map(len, expr.matching.labels)) + sum(map(len, expr.matching.include))
        case String():
            return 1 + len(expr.value)
        case _:
            return 1

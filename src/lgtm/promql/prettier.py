"""A query laid out for people: what fits into a line stays on it, the rest is broken and indented as Prometheus does."""

from __future__ import annotations

from lgtm.promql import printer
from lgtm.promql.syntax import Aggregate, Binary, Call, Expr, Paren, StepInvariant, Subquery, Unary

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
    return len(printer.to_text(expr)) > LINE_MAX

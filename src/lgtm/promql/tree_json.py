"""The syntax tree as the JSON of /api/v1/parse_query."""

from __future__ import annotations

from typing import Any

from lgtm.promql.numbers import format_float
from lgtm.promql.printer import duration
from lgtm.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    DurationExpr,
    Expr,
    MatrixSelector,
    Modifiers,
    Number,
    Paren,
    StepInvariant,
    String,
    Subquery,
    Unary,
    VectorSelector,
)

Json = dict[str, Any]


def to_json(expr: Expr) -> Json:
    match expr:
        case Number(value=value):
            return {"type": "numberLiteral", "val": format_float(value)}
        case String(value=text):
            return {"type": "stringLiteral", "val": text}
        case VectorSelector():
            return {"type": "vectorSelector", **_selector(expr)}
        case MatrixSelector():
            return {"type": "matrixSelector", **_selector(expr.selector), "range": expr.range_ms, "rangeExpr": _duration(expr.range_expr)}
        case Subquery():
            return {
                "type": "subquery",
                "expr": to_json(expr.expr),
                "range": expr.range_ms,
                "rangeExpr": _duration(expr.range_expr),
                "step": expr.step_ms,
                "stepExpr": _duration(expr.step_expr),
                **_modifiers(expr.modifiers),
            }
        case Call(function=function):
            signature = {
                "name": function.name,
                "argTypes": [str(kind) for kind in function.args],
                "variadic": function.variadic,
                "returnType": str(function.returns),
            }
            return {"type": "call", "func": signature, "args": [to_json(arg) for arg in expr.args]}
        case Aggregate():
            return {
                "type": "aggregation",
                "op": expr.op,
                "expr": to_json(expr.expr),
                "param": None if expr.param is None else to_json(expr.param),
                "grouping": list(expr.grouping),
                "without": expr.without,
            }
        case Binary():
            return _binary(expr)
        case Unary():
            return {"type": "unaryExpr", "op": expr.op, "expr": to_json(expr.expr)}
        case Paren():
            return {"type": "parenExpr", "expr": to_json(expr.expr)}
        case StepInvariant():
            return to_json(expr.expr)


def _selector(expr: VectorSelector) -> Json:
    return {
        "name": expr.name,
        "matchers": [{"name": matcher.name, "value": matcher.value, "type": str(matcher.op)} for matcher in expr.matchers],
        "anchored": expr.anchored,
        "smoothed": expr.smoothed,
        **_modifiers(expr.modifiers),
    }


def _modifiers(modifiers: Modifiers) -> Json:
    return {
        "offset": modifiers.offset_ms,
        "offsetExpr": _duration(modifiers.offset_expr),
        "timestamp": modifiers.at_ms,
        "startOrEnd": modifiers.edge,
    }


def _duration(expr: DurationExpr | None) -> str | None:
    return None if expr is None else duration(expr)


def _binary(expr: Binary) -> Json:
    matching = expr.matching
    shown = None
    if matching is not None:
        shown = {
            "card": str(matching.card),
            "labels": list(matching.labels),
            "on": matching.on,
            "include": list(matching.include),
            "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
        }
    return {"type": "binaryExpr", "op": expr.op, "lhs": to_json(expr.left), "rhs": to_json(expr.right), "matching": shown, "bool": expr.return_bool}

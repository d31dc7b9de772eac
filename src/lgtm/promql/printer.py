"""A syntax tree as text that parses back into it, on one line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lgtm.model.labels import quote
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.parsing.durations import format_duration
from lgtm.promql.numbers import format_float
from lgtm.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Card,
    Duration,
    DurationExpr,
    Expr,
    Matching,
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

_NS_PER_MS = 1_000_000
_NAME = "__name__"
_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def to_text(expr: Expr) -> str:
    match expr:
        case Number():
            return number(expr)
        case String(value=value):
            return quote(value)
        case VectorSelector():
            return selector(expr) + modifiers(expr.modifiers) + _extended(expr)
        case MatrixSelector():
            inner = expr.selector
            return f"{selector(inner)}[{_length(expr.range_ms, expr.range_expr)}]{_extended(inner)}{modifiers(inner.modifiers)}"
        case Subquery():
            return to_text(expr.expr) + brackets(expr)
        case Call():
            return f"{expr.function.name}({', '.join(map(to_text, expr.args))})"
        case Aggregate():
            args = [arg for arg in (expr.param, expr.expr) if arg is not None]
            return f"{aggregate_head(expr)}({', '.join(map(to_text, args))})"
        case Binary():
            return f"{to_text(expr.left)} {operator(expr)} {to_text(expr.right)}"
        case Unary():
            return f"{expr.op}{to_text(expr.expr)}"
        case Paren():
            return f"({to_text(expr.expr)})"
        case StepInvariant():
            return to_text(expr.expr)


def number(expr: Number) -> str:
    if expr.duration:
        sign = "-" if expr.value < 0 else ""
        return sign + format_duration(round(abs(expr.value) * 1_000) * _NS_PER_MS)
    return format_float(expr.value)


def selector(expr: VectorSelector) -> str:
    """Without modifiers. A name that was written in front of the braces stays there; matchers are in the order of their text."""
    shown = [matcher for matcher in expr.matchers if not (expr.name and _is_name(matcher, expr.name))]
    texts = sorted(f"{label(matcher.name)}{matcher.op}{quote(matcher.value)}" for matcher in shown)
    return f"{expr.name}{{{','.join(texts)}}}" if texts else expr.name or "{}"


def _is_name(matcher: Matcher, name: str) -> bool:
    return matcher.name == _NAME and matcher.op is MatchOp.EQ and matcher.value == name


def label(name: str) -> str:
    return name if _PLAIN_LABEL.fullmatch(name) else quote(name)


def labels(names: Iterable[str]) -> str:
    return f"({', '.join(map(label, names))})"


def brackets(expr: Subquery) -> str:
    step = duration(expr.step_expr) if expr.step_expr is not None else format_ms(expr.step_ms) if expr.step_ms else ""
    return f"[{_length(expr.range_ms, expr.range_expr)}:{step}]{modifiers(expr.modifiers)}"


def _length(length_ms: int, expr: DurationExpr | None) -> str:
    return duration(expr) if expr is not None else format_ms(length_ms)


def _extended(expr: VectorSelector) -> str:
    return " anchored" if expr.anchored else " smoothed" if expr.smoothed else ""


def modifiers(modifiers: Modifiers) -> str:
    at = ""
    if modifiers.at_ms is not None:
        at = f" @ {modifiers.at_ms / 1_000:.3f}"
    elif modifiers.edge is not None:
        at = f" @ {modifiers.edge}()"
    if modifiers.offset_expr is not None:
        return f"{at} offset {duration(modifiers.offset_expr)}"
    return f"{at} offset {format_ms(modifiers.offset_ms)}" if modifiers.offset_ms else at


def format_ms(length_ms: int) -> str:
    return ("-" if length_ms < 0 else "") + format_duration(abs(length_ms) * _NS_PER_MS)


def duration(expr: Duration) -> str:
    if isinstance(expr, Number):
        return number(expr)
    text = _duration(expr)
    return f"({text})" if expr.wrapped else text


def _duration(expr: DurationExpr) -> str:
    if expr.op in ("step", "range"):
        return f"{expr.op}()"
    assert expr.right is not None
    if expr.left is None:
        return f"{expr.op}{duration(expr.right)}"
    if expr.op in ("min_of", "max_of"):
        return f"{expr.op}({duration(expr.left)}, {duration(expr.right)})"
    return f"{duration(expr.left)} {expr.op} {duration(expr.right)}"


def aggregate_head(expr: Aggregate) -> str:
    """`sum by (a) ` in front of the parenthesis."""
    if expr.without:
        return f"{expr.op} without {labels(expr.grouping)} "
    return f"{expr.op} by {labels(expr.grouping)} " if expr.grouping else expr.op


def operator(expr: Binary) -> str:
    """With its modifiers."""
    text = f"{expr.op} bool" if expr.return_bool else expr.op
    return text if expr.matching is None else text + _matching(expr.matching)


def _matching(matching: Matching) -> str:
    text = ""
    if matching.labels or matching.on:
        text = f" {'on' if matching.on else 'ignoring'} {labels(matching.labels)}"
    if matching.card in (Card.MANY_TO_ONE, Card.ONE_TO_MANY):
        text += f" {'group_left' if matching.card is Card.MANY_TO_ONE else 'group_right'} {labels(matching.include)}"
    left, right = matching.fill_left, matching.fill_right
    if left is not None and left == right:
        return f"{text} fill ({format_float(left)})"
    text += "" if left is None else f" fill_left ({format_float(left)})"
    return text + ("" if right is None else f" fill_right ({format_float(right)})")

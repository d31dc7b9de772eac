"""What in a query depends on when it is asked: durations that are worked out, `@ start()` and `@ end()`."""

from __future__ import annotations

import math
from dataclasses import replace

from lgtm.promql.duration_parser import seconds_to_ms
from lgtm.promql.errors import ParseError
from lgtm.promql.info_selector import with_info_selector
from lgtm.promql.position import Position
from lgtm.promql.syntax import Call, Duration, DurationExpr, Expr, MatrixSelector, Modifiers, Number, Subquery, VectorSelector, map_children
from lgtm.promql.times import Times

_AT_MS_MAX = 1 << 61
"""Times beyond hold no sample, and leave room for ranges and offsets to be added."""


class Resolver:
    """Works out durations and the edges of the query."""

    def __init__(self, times: Times) -> None:
        self._times = times

    def resolve(self, expr: Expr) -> Expr:
        match expr:
            case VectorSelector():
                return replace(expr, modifiers=self._modifiers(expr.modifiers))
            case MatrixSelector():
                selector = replace(expr.selector, modifiers=self._modifiers(expr.selector.modifiers))
                return replace(expr, selector=selector, range_ms=self._positive(expr.range_expr, expr.range_ms), range_expr=None)
            case Subquery():
                return replace(
                    expr,
                    expr=self.resolve(expr.expr),
                    range_ms=self._positive(expr.range_expr, expr.range_ms),
                    range_expr=None,
                    step_ms=self._positive(expr.step_expr, expr.step_ms),
                    step_expr=None,
                    modifiers=self._modifiers(expr.modifiers),
                )
            case Call(function=function, args=args) if function.name == "info":
                return with_info_selector(replace(expr, args=tuple(map(self.resolve, args))))
            case _:
                return map_children(expr, self.resolve)

    def _modifiers(self, modifiers: Modifiers) -> Modifiers:
        offset_ms = modifiers.offset_ms
        if modifiers.offset_expr is not None:
            offset_ms = self._ms(modifiers.offset_expr)
        at_ms = modifiers.at_ms
        if modifiers.edge is not None:
            at_ms = self._times.start_ms if modifiers.edge == "start" else self._times.end_ms
        if at_ms is not None:
            at_ms = max(-_AT_MS_MAX, min(at_ms, _AT_MS_MAX))
        return Modifiers(offset_ms=offset_ms, at_ms=at_ms)

    def _positive(self, duration: DurationExpr | None, literal_ms: int) -> int:
        if duration is None:
            return literal_ms
        length_ms = self._ms(duration)
        if length_ms <= 0:
            raise ParseError("duration must be greater than 0", duration.position)
        return length_ms

    def _ms(self, duration: DurationExpr) -> int:
        seconds = self._seconds(duration)
        if math.isnan(seconds) or math.isinf(seconds):
            raise ParseError(f"duration is {'NaN' if math.isnan(seconds) else 'infinite'}", duration.position)
        if abs(seconds) > (2**63 - 1) / 1e9:
            raise ParseError("duration is out of range", duration.position)
        return seconds_to_ms(seconds)

    def _seconds(self, duration: Duration) -> float:
        if isinstance(duration, Number):
            return duration.value
        if duration.op == "step":
            return self._times.step_ms / 1_000
        if duration.op == "range":
            return (self._times.end_ms - self._times.start_ms) / 1_000
        assert duration.right is not None
        right = self._seconds(duration.right)
        if duration.left is None:
            return -right
        return _operate(duration.op, self._seconds(duration.left), right, duration.position)


def _operate(op: str, left: float, right: float, position: Position) -> float:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "min_of":
            return min(left, right)
        case "max_of":
            return max(left, right)
        case "^":
            try:
                return math.pow(left, right)
            except (OverflowError, ValueError):
                return math.nan
    if right == 0:
        raise ParseError("division by zero" if op == "/" else "modulo by zero", position)
    return left / right if op == "/" else math.fmod(left, right)

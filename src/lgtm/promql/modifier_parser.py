"""What stands behind an operand: ranges and subqueries in brackets, `offset`, `@`, `anchored` and `smoothed`."""

from __future__ import annotations

import math
from dataclasses import replace

from lgtm.parsing.cursor import Grown
from lgtm.parsing.tokens import Token
from lgtm.promql.duration_parser import DurationParser
from lgtm.promql.lexer import DURATION, NUMBER
from lgtm.promql.numbers import format_float, parse_number
from lgtm.promql.position import Position
from lgtm.promql.reading import Reading, position_of
from lgtm.promql.syntax import Duration, DurationExpr, Expr, MatrixSelector, Modifiers, Subquery, VectorSelector

_AT_MS_MAX = 2**63 - 1


class ModifierParser:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._cursor = reading, reading.cursor
        self._durations = DurationParser(reading)

    def postfix(self, node: Expr, height: int) -> Grown[Expr]:
        while True:
            match self._cursor.kind:
                case "[":
                    node, height = self._bracketed(node), height + 1
                case "offset":
                    node = self._offset(node)
                case "@":
                    node = self._at(node)
                case "anchored" | "smoothed":
                    node = self._extended(node)
                case _:
                    return node, height
            self._cursor.check_height(height)

    def _bracketed(self, node: Expr) -> Expr:
        opening = self._cursor.advance()
        if self._cursor.kind == ":" or self._cursor.kind == "]":
            raise self._reading.unexpected(self._cursor.token, "subquery or range selector", "number, duration, step(), or range()")
        length = self._durations.in_brackets("subquery or range selector")
        if self._cursor.accept("]"):
            return self._range_of(node, length, position_of(opening))
        if self._cursor.kind != ":":
            raise self._reading.unexpected(self._cursor.token, "subquery or range", '":" or "]"')
        self._cursor.advance()
        step: Duration | None = None
        if self._cursor.kind != "]":
            step = self._durations.in_brackets("subquery selector", 'duration or "]"')
            if self._cursor.kind != "]":
                raise self._reading.unexpected(self._cursor.token, "subquery selector", '"]"')
        self._cursor.advance()
        return Subquery(
            node, self._durations.positive_ms(length), _expression(length), self._durations.positive_ms(step), _expression(step), node.position
        )

    def _range_of(self, node: Expr, length: Duration, opening: Position) -> Expr:
        if not isinstance(node, VectorSelector):
            self._reading.error("ranges only allowed for vector selectors", opening)
            return node
        if node.modifiers.offset_ms or node.modifiers.offset_expr is not None:
            self._reading.error("no offset modifiers allowed before range", opening)
        elif node.modifiers.at_ms is not None or node.modifiers.edge is not None:
            self._reading.error("no @ modifiers allowed before range", opening)
        return MatrixSelector(node, self._durations.positive_ms(length), _expression(length), node.position)

    def _offset(self, node: Expr) -> Expr:
        self._cursor.advance()
        offset = self._durations.offset()
        target = _modified(node)
        if target is None:
            wanted = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            self._reading.error(wanted, node.position)
            return node
        if target.offset_ms or target.offset_expr is not None:
            self._reading.error("offset may not be set multiple times", node.position)
        return _with_modifiers(node, replace(target, offset_ms=self._durations.any_ms(offset), offset_expr=_expression(offset)))

    def _at(self, node: Expr) -> Expr:
        self._cursor.advance()
        token = self._cursor.token
        target = _modified(node)
        edge: str | None = None
        at_ms: int | None = None
        if token.kind in ("start", "end"):
            edge = self._cursor.advance().kind
            self._cursor.expect("(")
            self._cursor.expect(")")
        else:
            at_ms = self._timestamp_ms(token)
        if target is None:
            wanted = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            self._reading.error(wanted, node.position)
            return node
        if target.at_ms is not None or target.edge is not None:
            self._reading.error("@ <timestamp> may not be set multiple times", node.position)
        return _with_modifiers(node, replace(target, at_ms=at_ms, edge=edge))

    def _timestamp_ms(self, token: Token) -> int:
        sign = self._cursor.advance().kind if token.kind in ("+", "-") else "+"
        number = self._cursor.token
        if number.kind not in (NUMBER, DURATION):
            raise self._reading.unexpected(number, "@", "timestamp")
        self._cursor.advance()
        seconds = parse_number(number, self._reading.errors).value * (-1 if sign == "-" else 1)
        if not abs(seconds) * 1_000 < _AT_MS_MAX:
            shown = f"{seconds:f}" if math.isfinite(seconds) else format_float(seconds)
            self._reading.error(f"timestamp out of bounds for @ modifier: {shown}", position_of(token))
            return 0
        return round(seconds * 1_000)

    def _extended(self, node: Expr) -> Expr:
        word = self._cursor.advance()
        if not self._reading.features.extended_ranges:
            self._reading.error(f"{word.kind} modifier is experimental and not enabled", node.position)
        selector = node.selector if isinstance(node, MatrixSelector) else node
        if not isinstance(selector, VectorSelector):
            self._reading.error(f"{word.kind} modifier must be preceded by an instant vector selector or range vector selector", node.position)
            return node
        if word.kind == "anchored":
            selector = replace(selector, anchored=True)
        else:
            selector = replace(selector, smoothed=True)
        if selector.anchored and selector.smoothed:
            self._reading.error("anchored and smoothed modifiers cannot be used together", node.position)
        return replace(node, selector=selector) if isinstance(node, MatrixSelector) else selector


def _expression(duration: Duration | None) -> DurationExpr | None:
    return duration if isinstance(duration, DurationExpr) else None


def _modified(node: Expr) -> Modifiers | None:
    match node:
        case VectorSelector() | Subquery():
            return node.modifiers
        case MatrixSelector():
            return node.selector.modifiers
        case _:
            return None


def _with_modifiers(node: Expr, modifiers: Modifiers) -> Expr:
    match node:
        case VectorSelector() | Subquery():
            return replace(node, modifiers=modifiers)
        case MatrixSelector():
            return replace(node, selector=replace(node.selector, modifiers=modifiers))
        case _:
            raise AssertionError(node)

"""What a text that can be read combines wrongly: types, numbers of arguments, matching that cannot be. In Prometheus' words and order."""

from __future__ import annotations

from lgtm.model.labels import quote
from lgtm.promql.errors import ParseError
from lgtm.promql.functions import Kind
from lgtm.promql.position import Position
from lgtm.promql.syntax import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregate,
    Binary,
    Call,
    Card,
    Expr,
    MatrixSelector,
    Paren,
    Subquery,
    Unary,
    VectorSelector,
    kind_of,
)

_OPERANDS = (Kind.SCALAR, Kind.VECTOR)


def check(expr: Expr) -> list[ParseError]:
    """All that is wrong, what Prometheus reports first."""
    checker = _Checker()
    checker.check(expr)
    return checker.errors


class _Checker:
    def __init__(self) -> None:
        self.errors: list[ParseError] = []

    def _add(self, message: str, position: Position) -> None:
        self.errors.append(ParseError(message, position))

    def _expect(self, expr: Expr, wanted: Kind, context: str) -> None:
        self.check(expr)
        if kind_of(expr) is not wanted:
            self._add(f"expected type {wanted.documented} in {context}, got {kind_of(expr).documented}", expr.position)

    def check(self, expr: Expr) -> None:
        match expr:
            case Aggregate():
                self._aggregate(expr)
            case Binary():
                self._binary(expr)
            case Call():
                self._call(expr)
            case Paren():
                self.check(expr.expr)
            case Unary():
                self.check(expr.expr)
                if kind_of(expr.expr) not in _OPERANDS:
                    self._add(
                        f"unary expression only allowed on expressions of type scalar or instant vector, got {quote(kind_of(expr.expr).documented)}",
                        expr.position,
                    )
            case Subquery():
                self.check(expr.expr)
                if kind_of(expr.expr) is not Kind.VECTOR:
                    self._add(f"subquery is only allowed on instant vector, got {kind_of(expr.expr)} instead", expr.position)
            case MatrixSelector():
                self.check(expr.selector)
            case VectorSelector():
                self._selector(expr)
            case _:
                pass

    def _aggregate(self, expr: Aggregate) -> None:
        self._expect(expr.expr, Kind.VECTOR, "aggregation expression")
        if expr.op in ("topk", "bottomk", "quantile", "limitk", "limit_ratio"):
            assert expr.param is not None
            self._expect(expr.param, Kind.SCALAR, "aggregation parameter")
        if expr.op == "count_values":
            assert expr.param is not None
            self._expect(expr.param, Kind.STRING, "aggregation parameter")

    def _call(self, expr: Call) -> None:
        function, count = expr.function, len(expr.args)
        least = len(function.args) - (1 if function.variadic else 0)
        if function.variadic == 0 and count != least:
            self._add(f"expected {least} argument(s) in call to {quote(function.name)}, got {count}", expr.position)
        elif count < least:
            self._add(f"expected at least {least} argument(s) in call to {quote(function.name)}, got {count}", expr.position)
        elif function.variadic > 0 and count > least + function.variadic:
            self._add(f"expected at most {least + function.variadic} argument(s) in call to {quote(function.name)}, got {count}", expr.position)
        if function.name == "info" and count > 1:
            self._info_selector(expr)
            return
        for index, arg in enumerate(expr.args):
            if index >= len(function.args) and function.variadic == 0:
                return
            self._expect(arg, function.args[min(index, len(function.args) - 1)], f"call to function {quote(function.name)}")

    def _info_selector(self, expr: Call) -> None:
        self._expect(expr.args[0], Kind.VECTOR, 'call to function "info"')
        selector = expr.args[1]
        if not isinstance(selector, VectorSelector):
            self._add(f'expected label selectors only in call to function "info", got {kind_of(selector).documented}', selector.position)
        elif selector.name:
            self._add("expected label selectors only, got vector selector instead", selector.position)

    def _selector(self, expr: VectorSelector) -> None:
        names = [matcher for matcher in expr.matchers if matcher.name == "__name__" and matcher.op == "="]
        if expr.name and len(names) > 1:
            other = next(matcher for matcher in expr.matchers if matcher.name == "__name__")
            self._add(f"metric name must not be set twice: {quote(expr.name)} or {quote(other.value)}", expr.position)
        if all(matcher.matches_empty for matcher in expr.matchers):
            self._add("vector selector must contain at least one non-empty matcher", expr.position)

    def _binary(self, expr: Binary) -> None:
        self.check(expr.left)
        self.check(expr.right)
        left, right = kind_of(expr.left), kind_of(expr.right)
        matching = expr.matching
        if expr.return_bool and expr.op not in COMPARISONS:
            self._add("bool modifier can only be used on comparison operators", expr.op_position)
        if expr.op in COMPARISONS and not expr.return_bool and left is right is Kind.SCALAR:
            self._add("comparisons between scalars must use BOOL modifier", expr.op_position)
        if expr.op in SET_OPERATORS and matching is not None and matching.card in (Card.ONE_TO_MANY, Card.MANY_TO_ONE):
            self._add(f"no grouping allowed for {quote(expr.op)} operation", expr.op_position)
        if matching is not None and matching.on:
            included = frozenset(matching.include)
            for label in matching.labels:
                if label in included:
                    self._add(f"label {quote(label)} must not occur in ON and GROUP clause at once", expr.op_position)
        for kind, side in ((left, expr.left), (right, expr.right)):
            if kind not in _OPERANDS:
                self._add("binary expression must contain only scalar and instant vector types", side.position)
        if left is right is Kind.VECTOR:
            if expr.op in SET_OPERATORS and matching is not None and (matching.fill_left is not None or matching.fill_right is not None):
                self._add("filling in missing series not allowed for set operators", expr.op_position)
            return
        if matching is not None and (matching.labels or matching.on):
            self._add("vector matching only allowed between instant vectors", expr.position)
        elif matching is not None and (matching.fill_left is not None or matching.fill_right is not None):
            self._add("filling in missing series only allowed between instant vectors", expr.position)
        if expr.op in SET_OPERATORS:
            self._add(f"set operator {quote(expr.op)} not allowed in binary scalar expression", expr.position)

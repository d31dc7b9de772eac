"""The part of the parser that reads whole queries and what turns logs into numbers."""

from __future__ import annotations

from typing import cast

from lgtm.errors import BadRequest
from lgtm.logql.check import check_legs, number, range_aggregation, vector_aggregation
from lgtm.logql.folding import fold
from lgtm.logql.grammar import AGGREGATIONS, CONVERSIONS, PRECEDENCE, RANGE_FUNCTIONS
from lgtm.logql.log_parser import LogParser
from lgtm.logql.stages import Conversion, InvalidStage, LabelFilter, Unwrap
from lgtm.logql.syntax import (
    BinaryOperation,
    Expr,
    Grouping,
    LabelReplace,
    Literal,
    LogExpr,
    LogRange,
    MetricExpr,
    VectorLiteral,
    VectorMatching,
)
from lgtm.model.matchers import InvalidRegex, Matcher, compile_regex
from lgtm.parsing.cursor import Grown, Infix, climb
from lgtm.parsing.tokens import END

_RANGE_KINDS = frozenset(name.upper() for name in RANGE_FUNCTIONS)
_AGGREGATION_KINDS = frozenset(name.upper() for name in AGGREGATIONS)
_CONVERSION_KINDS = frozenset(CONVERSIONS.values())
_SIDES = {"group_left": "many-to-one", "group_right": "one-to-many"}


class MetricParser(LogParser):
    """Raises Unexpected, TooDeep, Misuse, or another BadRequest for a value that cannot be made."""

    def query(self) -> Expr:
        expr, _ = self._expression()
        if self.cursor.kind != END:
            raise self.cursor.unexpected()
        return expr

    def _expression(self, minimum: int = 0) -> Grown[Expr]:
        return climb(self.cursor, self._operand, self._infix, minimum)

    def _operand(self) -> Grown[Expr]:
        kind = self.cursor.kind
        if kind == "{":
            return LogExpr(self.selector(), self.stages()), self.filter_height
        if kind == "(":
            return self._bracketed()
        if kind in ("NUMBER", "+", "-"):
            return Literal(self.signed_number()), 0
        if kind in _RANGE_KINDS:
            return self._range_aggregation(), self.filter_height
        if kind in _AGGREGATION_KINDS:
            return self._aggregation()
        if kind == "LABEL_REPLACE":
            return self._label_replace()
        if kind == "VECTOR":
            return self._vector(), 0
        raise self.cursor.unexpected()

    def _bracketed(self) -> Grown[Expr]:
        """An expression in brackets. One that only selects logs may go on in brackets, but not behind them: `({…}) | json` is no query."""
        self.cursor.expect("(")
        with self.cursor.nested():
            expr, height = self._expression()
        self.cursor.expect(")")
        return expr, height

    def _metric(self) -> Grown[MetricExpr]:
        """Where logs will not do: in front of the token behind them, as a further operator would be needed."""
        with self.cursor.nested():
            expr, height = self._expression()
        if isinstance(expr, LogExpr):
            raise self.cursor.unexpected()
        return expr, height

    def _infix(self, minimum: int) -> Infix[Expr] | None:
        op = self.cursor.kind
        binds = PRECEDENCE.of(op)
        if binds is None or binds < minimum:
            return None
        self.cursor.advance()
        return_bool = self.cursor.accept("bool")
        matching = self._matching()

        def join(left: Expr, right: Expr) -> Expr:
            left, right = check_legs(op, left, right)
            if isinstance(left, Literal) and isinstance(right, Literal):
                return Literal(fold(op, left.value, right.value))
            return BinaryOperation(op, left, right, return_bool, matching)

        return Infix(binds, binds if op in PRECEDENCE.right else binds + 1, join)

    def _matching(self) -> VectorMatching | None:
        if self.cursor.kind not in ("on", "ignoring"):
            return None
        on = self.cursor.advance().kind == "on"
        labels = self._labels()
        side = _SIDES.get(self.cursor.kind)
        if side is None:
            return VectorMatching(on, labels)
        self.cursor.advance()
        return VectorMatching(on, labels, side, self._labels() if self.cursor.kind == "(" else ())

    def _labels(self) -> tuple[str, ...]:
        self.cursor.expect("(")
        if self.cursor.accept(")"):
            return ()
        names = self._comma_separated(self.identifier)
        self.cursor.expect(")")
        return names

    def _grouping(self) -> Grouping | None:
        if self.cursor.kind not in ("by", "without"):
            return None
        without = self.cursor.advance().kind == "without"
        return Grouping(self._labels(), without)

    def _parameter(self) -> str | None:
        """`0.99,` in front of what is aggregated, as written."""
        if self.cursor.kind != "NUMBER" or self.cursor.peek() != ",":
            return None
        text = self.cursor.advance().text
        self.cursor.expect(",")
        return text

    def _aggregation(self) -> Grown[Expr]:
        op = cast("str", self.cursor.advance().value)
        grouping = self._grouping()
        self.cursor.expect("(")
        parameter = self._parameter()
        expr, height = self._metric()
        self.cursor.expect(")")
        if grouping is None:
            grouping = self._grouping()
        self.cursor.check_height(height + 1)
        return vector_aggregation(op, expr, parameter, grouping), height + 1

    def _label_replace(self) -> Grown[Expr]:
        self.cursor.advance()
        self.cursor.expect("(")
        expr, height = self._metric()
        texts = []
        for _ in range(4):
            self.cursor.expect(",")
            texts.append(self.string())
        self.cursor.expect(")")
        dst, replacement, src, regex = texts
        try:
            compile_regex(f"^(?:{regex})$")
        except InvalidRegex as error:
            raise BadRequest(f"invalid regex in label_replace: {error}") from error
        self.cursor.check_height(height + 1)
        return LabelReplace(expr, dst, replacement, src, regex), height + 1

    def _vector(self) -> VectorLiteral:
        self.cursor.advance()
        self.cursor.expect("(")
        value = number(self.cursor.expect("NUMBER").text)
        self.cursor.expect(")")
        return VectorLiteral(value)

    def _range_aggregation(self) -> MetricExpr:
        op = cast("str", self.cursor.advance().value)
        self.cursor.expect("(")
        parameter = None
        if self.cursor.kind == "NUMBER":
            parameter = self.cursor.advance().text
            self.cursor.expect(",")
        log_range = self._log_range()
        self.cursor.expect(")")
        return range_aggregation(op, log_range, parameter, self._grouping())

    def _log_range(self) -> LogRange:
        """The window may stand behind the pipeline, right behind the selector, or behind brackets around either."""
        if self.cursor.kind == "(":
            return self._bracketed_range()
        matchers = self.selector()
        if self.cursor.kind == "RANGE":
            return self._window_first(matchers)
        stages, unwrap = self.stages(before_unwrap=True), self._unwrap()
        return LogRange(LogExpr(matchers, stages), *self._window(), unwrap)

    def _bracketed_range(self) -> LogRange:
        self.cursor.expect("(")
        with self.cursor.nested():
            if self.cursor.kind != "(":
                return self._range_or_bracket_first()
            log_range = self._bracketed_range()
            self.cursor.expect(")")
        return log_range

    def _range_or_bracket_first(self) -> LogRange:
        """Behind a bracket: `{…} | … [5m])` or `{…} | …)[5m]`."""
        matchers = self.selector()
        if self.cursor.kind == "RANGE":
            log_range = self._window_first(matchers)
            self.cursor.expect(")")
            return log_range
        stages, unwrap = self.stages(before_unwrap=True), self._unwrap()
        if not self.cursor.accept(")"):
            log_range = LogRange(LogExpr(matchers, stages), *self._window(), unwrap)
            self.cursor.expect(")")
            return log_range
        if not stages and unwrap is None:
            return self._window_first(matchers)
        window = self._window()
        return LogRange(LogExpr(matchers, stages), *window, unwrap or self._unwrap())

    def _window_first(self, matchers: tuple[Matcher, ...]) -> LogRange:
        window = self._window()
        return LogRange(LogExpr(matchers, self.stages(before_unwrap=True)), *window, self._unwrap())

    def _window(self) -> tuple[int, int]:
        range_ns = cast("int", self.cursor.expect("RANGE").value)
        offset_ns = cast("int", self.cursor.expect("DURATION").value) if self.cursor.accept("offset") else 0
        return range_ns, offset_ns

    def _unwrap(self) -> Unwrap | None:
        if self.cursor.kind != "|" or self.cursor.peek() != "unwrap":
            return None
        self.cursor.advance()
        self.cursor.advance()
        conversion: Conversion | None = None
        if self.cursor.kind in _CONVERSION_KINDS:
            conversion = cast("Conversion", self.cursor.advance().value)
            self.cursor.expect("(")
        label = self.identifier()
        if conversion is not None:
            self.cursor.expect(")")
        filters: list[LabelFilter] = []
        while self.cursor.accept("|"):
            filters.append(self.label_filter())
        try:
            return Unwrap(label, conversion, tuple(filters))
        except InvalidStage as error:
            self.invalid_stages.append(error)
            return Unwrap(label, conversion)

"""Text to syntax tree.

First the grammar's automaton runs over the tokens: it finds what no token can follow, in yacc's words. What passes is a sentence, and the
tree is built by operator precedence with one rule for every bracket, because in `(…)` may stand a filter, a pipeline, a number or a metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lgtm.parsing.cursor import NESTING_MAX, Cursor, Grown, Infix, TooDeep, climb
from lgtm.parsing.tokens import END, Token
from lgtm.traceql import folding
from lgtm.traceql.errors import QUERY_BYTES_MAX, ParseError
from lgtm.traceql.field_parser import FieldParser
from lgtm.traceql.field_syntax import TRUE, Field, FieldExpr, Static
from lgtm.traceql.grammar import AGGREGATES, COMPARISONS, COUNTING, OVER_TIME, PRECEDENCE, SECOND_STAGES, automaton
from lgtm.traceql.lexer import lex
from lgtm.traceql.syntax import (
    COMPARE_VALUES,
    Aggregate,
    Coalesce,
    Compare,
    Group,
    MetricsExpr,
    MetricsFilter,
    MetricsOperation,
    MetricsQuery,
    Over,
    Pipeline,
    Query,
    Root,
    ScalarFilter,
    ScalarOperation,
    ScalarPipe,
    Select,
    SpansetFilter,
    SpansetOperation,
    Stage,
    TopK,
)
from lgtm.traceql.types import Type

_Operand = SpansetFilter | SpansetOperation | Pipeline | Static | Aggregate | ScalarOperation | ScalarPipe | ScalarFilter | MetricsExpr
_METRICS = (MetricsQuery, MetricsOperation, TopK, MetricsFilter)
_SPANSETS = (SpansetFilter, SpansetOperation, Pipeline)
_SCALARS = (Static, Aggregate, ScalarOperation, ScalarPipe)
_OPERANDS = (*_METRICS, *_SPANSETS, *_SCALARS, ScalarFilter)


def parse(text: str) -> Query:
    """Raises ParseError. What the types say is checked by `check.validate`."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > QUERY_BYTES_MAX:
        raise ParseError(f"input size too long ({size} > {QUERY_BYTES_MAX})")
    tokens = lex(text)
    _require_sentence(tokens)
    try:
        return _Parser(Cursor(tokens)).query()
    except TooDeep as deep:
        token = tokens[deep.index]
        raise ParseError(f"query nests deeper than {NESTING_MAX} levels", token.line, token.column) from None


def _require_sentence(tokens: list[Token]) -> None:
    """Raises ParseError where the text stops being TraceQL: at an unknown word, an unfit token, or what cannot be read at all."""
    rejection = automaton().first_rejected(token.kind for token in tokens[:-1])
    last = len(tokens) - 1 if rejection is None else rejection.index
    unknown = next((token for index, token in enumerate(tokens[:last]) if token.kind == "WORD" and not _names_a_hint(tokens, index)), None)
    if unknown is not None:
        raise ParseError(f"unknown identifier: {unknown.text}", unknown.line, unknown.column)
    token = tokens[last]
    if token.error is not None:
        raise ParseError(token.error, token.line, token.column)
    if rejection is not None:
        expecting = f", expecting {' or '.join(map(_shown, rejection.expected))}" if rejection.expected else ""
        raise ParseError(f"syntax error: unexpected {_shown(token.kind)}{expecting}", token.line, token.column)


def _names_a_hint(tokens: list[Token], index: int) -> bool:
    """Of a word that the grammar accepts: a list whose members may be words is one of hints."""
    return tokens[index - 1].kind == "," or [token.kind for token in tokens[max(index - 2, 0) : index]] == ["with", "("]


def _shown(kind: str) -> str:
    return "IDENTIFIER" if kind == "WORD" else kind


class _Parser(FieldParser):
    """The tokens are a sentence."""

    def query(self) -> Query:
        root = self._level()
        hints: list[tuple[str, Static]] = []
        while self.cursor.accept("with"):
            hints += self._hints()
        self.cursor.expect(END)
        return Query(cast(Root, Pipeline((root,)) if isinstance(root, SpansetFilter | SpansetOperation) else root), tuple(hints))

    def _hints(self) -> list[tuple[str, Static]]:
        found: list[tuple[str, Static]] = []
        self.cursor.expect("(")
        while not found or self.cursor.accept(","):
            name = cast(str, self.cursor.expect("WORD").value)
            self.cursor.expect("=")
            found.append((name, self.static()))
        self.cursor.expect(")")
        return found

    def _level(self) -> _Operand:
        """What stands in a bracket, or is the query: stages, of which the last may be a metric or a number."""
        first = self._stage()
        if self.cursor.kind != "|" and isinstance(first, _OPERANDS):
            return _pipeline([first]) if isinstance(first, ScalarFilter) and isinstance(first.left, Aggregate) else first
        stages = [first]
        result: _Operand | None = first if isinstance(first, _METRICS) else None
        while self.cursor.kind == "|" or (result is not None and self.cursor.kind in COMPARISONS):
            if result is not None:
                result = self._second_stage(result)
                continue
            self.cursor.expect("|")
            stage = self._stage()
            if isinstance(stage, Over | Compare):
                result = MetricsQuery(_pipeline(stages), stage)
            else:
                stages.append(stage)
        if result is not None:
            return result
        if isinstance(stages[-1], Aggregate):
            return ScalarPipe(_pipeline(stages[:-1]), stages[-1])
        return _pipeline(stages)

    def _second_stage(self, expr: _Operand) -> MetricsExpr:
        metrics = cast(MetricsExpr, expr)
        self.cursor.check_height(_staged(metrics))
        if not self.cursor.accept("|"):
            return MetricsFilter(metrics, self.cursor.advance().kind, cast(Static, self._expression_of_stages(_ABOVE_COMPARISONS)[0]))
        operator = self.cursor.advance().kind
        assert operator in SECOND_STAGES
        return TopK(metrics, operator, cast(int, self._in_brackets("INTEGER")))

    def _in_brackets(self, kind: str) -> object:
        self.cursor.expect("(")
        value = self.cursor.expect(kind).value
        self.cursor.expect(")")
        return value

    def _stage(self) -> _Operand | Group | Coalesce | Select | Over | Compare:
        match self.cursor.kind:
            case "by":
                self.cursor.advance()
                return Group(self._bracketed_field())
            case "coalesce":
                self.cursor.advance()
                self._close_empty()
                return Coalesce()
            case "select":
                self.cursor.advance()
                return Select(self._bracketed_fields())
            case "compare":
                return self._compare()
            case kind if kind in _FUNCTIONS:
                return self._over()
            case _:
                return self._expression_of_stages(0)[0]

    def _bracketed_field(self) -> FieldExpr:
        self.cursor.expect("(")
        expr = self.field_expression()
        self.cursor.expect(")")
        return expr

    def _bracketed_fields(self) -> tuple[Field, ...]:
        self.cursor.expect("(")
        fields = self.fields()
        self.cursor.expect(")")
        return fields

    def _close_empty(self) -> None:
        self.cursor.expect("(")
        self.cursor.expect(")")

    def _over(self) -> Over:
        function = self.cursor.advance().kind
        self.cursor.expect("(")
        field = None if function in COUNTING else self.field()
        quantiles: list[float] = []
        while self.cursor.accept(","):
            quantiles.append(float(cast(float, self.static().value)))
        self.cursor.expect(")")
        by = self._bracketed_fields() if self.cursor.accept("by") else ()
        return Over(function, field, by, tuple(quantiles))

    def _compare(self) -> Compare:
        self.cursor.expect("compare")
        self.cursor.expect("(")
        selection = self._spanset_filter()
        numbers: list[int] = []
        while self.cursor.accept(","):
            numbers.append(cast(int, self.cursor.expect("INTEGER").value))
        self.cursor.expect(")")
        return Compare(selection, numbers[0] if numbers else COMPARE_VALUES, (numbers[1], numbers[2]) if len(numbers) == 3 else None)

    def _spanset_filter(self) -> SpansetFilter:
        self.cursor.expect("{")
        expr = TRUE if self.cursor.kind == "}" else self.field_expression()
        self.cursor.expect("}")
        return SpansetFilter(expr)

    def _expression_of_stages(self, minimum: int) -> Grown[_Operand]:
        return climb(self.cursor, self._operand_of_stages, self._infix_of_stages, minimum)

    def _infix_of_stages(self, minimum: int) -> Infix[_Operand] | None:
        symbol = self.cursor.kind
        binds = PRECEDENCE.of(symbol)
        if binds is None or symbol == "|" or binds < minimum:
            return None
        token = self.cursor.advance()

        def join(a: _Operand, b: _Operand) -> _Operand:
            return _join(token, self._last_read(symbol), a, b)

        return Infix(binds, binds if symbol in PRECEDENCE.right else binds + 1, join)

    def _last_read(self, operator: str) -> Token:
        """What Tempo's parser has read when it completes an operation of metrics: one token more where a tighter operator might follow."""
        return self.cursor.tokens[self.cursor.index - (operator not in "+-")]

    def _operand_of_stages(self) -> Grown[_Operand]:
        kind = self.cursor.kind
        if kind == "{":
            return self._spanset_filter(), 0
        if kind in AGGREGATES:
            return self._aggregate(), 0
        if self.cursor.accept("("):
            with self.cursor.nested():
                inner = self._level()
            self.cursor.expect(")")
            return inner, 1
        if self.cursor.accept("-"):
            with self.cursor.nested():
                operand, height = self._expression_of_stages(_ABOVE_MINUS)
            return cast(Static, folding.unary("-", cast(Static, operand))), height
        return self.static(), 0

    def _aggregate(self) -> Aggregate:
        operator = self.cursor.advance().kind
        if operator == "count":
            self._close_empty()
            return Aggregate(operator)
        return Aggregate(operator, self._bracketed_field())


_ABOVE_COMPARISONS = cast(int, PRECEDENCE.of("=")) + 1
_ABOVE_MINUS = cast(int, PRECEDENCE.of("-")) + 1
_FUNCTIONS = (*COUNTING, *OVER_TIME, "quantile_over_time")


def _pipeline(stages: Sequence[object]) -> Pipeline:
    """A pipeline in brackets at the front is a stage of its own, as every bracket is."""
    return Pipeline(tuple(cast(Sequence[Stage], stages)))


def _staged(expr: MetricsExpr) -> int:
    """How many second stages stand behind each other."""
    count = 1
    while isinstance(expr, TopK | MetricsFilter):
        expr, count = expr.expr, count + 1
    return count


def _join(operator: Token, last: Token, left: _Operand, right: _Operand) -> _Operand:
    symbol = operator.kind
    if isinstance(left, _METRICS) or isinstance(right, _METRICS):
        return _join_metrics(symbol, last, left, right)
    if isinstance(left, _SPANSETS) and isinstance(right, _SPANSETS):
        return SpansetOperation(symbol, left, right)
    if isinstance(left, Static) and isinstance(right, Static):
        folded = folding.scalar(symbol, left, right)
        if folded is None:
            raise ParseError("division by zero", operator.line, operator.column)
        return folded
    assert isinstance(left, _SCALARS)
    assert isinstance(right, _SCALARS)
    return ScalarFilter(symbol, left, right) if symbol in COMPARISONS else ScalarOperation(symbol, left, right)


def _join_metrics(symbol: str, last: Token, left: _Operand, right: _Operand) -> MetricsExpr:
    if symbol in COMPARISONS:
        return MetricsFilter(cast(MetricsExpr, left), symbol, cast(Static, right))
    for side in (left, right):
        if isinstance(side, Static) and side.type is Type.DURATION:
            raise ParseError("duration cannot be used as a scalar operand in metric arithmetic", last.line, last.column)
    return MetricsOperation(symbol, cast(MetricsExpr, left), cast(MetricsExpr, right))

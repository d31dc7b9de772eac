"""Text to syntax tree: operator precedence for expressions, recursive descent for the rest.

Errors come in the order in which Prometheus meets them: those of what was read so far before the first token that cannot follow, and what
combines the wrong types only when the whole text can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from lgtm.model.labels import quote
from lgtm.model.matchers import Matchers
from lgtm.parsing.cursor import NESTING_MAX, Grown, Infix, TooDeep, climb
from lgtm.parsing.cursor import Unexpected as UnexpectedToken
from lgtm.parsing.tokens import END, Token
from lgtm.promql.check import check
from lgtm.promql.errors import ParseError
from lgtm.promql.features import Features
from lgtm.promql.functions import FUNCTIONS, Kind
from lgtm.promql.label_parser import METRIC_WORDS, LabelParser
from lgtm.promql.lexer import AGGREGATORS, DURATION, IDENTIFIER, NUMBER, STRING
from lgtm.promql.matching_parser import MatchingParser
from lgtm.promql.modifier_parser import ModifierParser
from lgtm.promql.numbers import parse_number
from lgtm.promql.reading import Reading, position_of
from lgtm.promql.syntax import (
    EXPERIMENTAL_AGGREGATIONS,
    SET_OPERATORS,
    WITH_PARAMETER,
    Aggregate,
    Binary,
    Call,
    Card,
    Expr,
    Matching,
    Number,
    Paren,
    String,
    Unary,
    VectorSelector,
    kind_of,
)

T = TypeVar("T")

_BINDS = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<=", "<", ">=", ">", "</", ">/"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_UNARY_BINDS = 6
"""A sign takes powers as its operand, and nothing looser: -2^2 is -4."""

_CALLABLE_KEYWORDS = ("start", "end", "step", "range")


def parse(text: str, features: Features | None = None) -> Expr:
    """Raises ParseError. features: which experimental parts of the language are allowed; all by default."""
    parser = _Parser(text, features or Features())
    expr = parser.run(parser.whole_expression)
    raise_first(check(expr))
    return expr


def parse_selector(text: str) -> Matchers:
    """The matchers of an instant vector selector that stands alone, as in `match[]`. Raises ParseError."""
    parser = _Parser(text, Features())
    selector = parser.run(parser.whole_selector)
    return selector.matchers


class _Parser:
    def __init__(self, text: str, features: Features) -> None:
        self.reading = Reading(text, features)
        self.cursor = self.reading.cursor
        self._empty = not text
        self._labels = LabelParser(self.reading)
        self._modifiers = ModifierParser(self.reading)
        self._matching = MatchingParser(self.reading, self._labels)

    def run(self, rule: Callable[[], T]) -> T:
        errors = self.reading.errors
        try:
            result = rule()
        except ParseError as error:
            errors.append(error)
        except UnexpectedToken as unexpected:
            errors.append(self.reading.unexpected(self.cursor.tokens[unexpected.index]))
        except TooDeep as deep:
            errors.append(ParseError(f"query nests deeper than {NESTING_MAX} levels", position_of(self.cursor.tokens[deep.index])))
        raise_first(errors)
        return result

    def whole_expression(self) -> Expr:
        if self.cursor.kind == END and self.cursor.token.error is None:
            raise ParseError("no expression found in input", None if self._empty else position_of(self.cursor.token))
        expr, _ = self.expression()
        self.end()
        return expr

    def end(self) -> None:
        if self.cursor.expect(END).error is not None:
            raise self.reading.unexpected(self.cursor.token)

    def whole_selector(self) -> VectorSelector:
        if self.cursor.kind == END and self.cursor.token.error is None:
            raise ParseError("no expression found in input", None if self._empty else position_of(self.cursor.token))
        if self.cursor.kind not in METRIC_WORDS and self.cursor.kind != "{":
            raise self.cursor.unexpected()
        selector = self._labels.vector_selector()
        self.end()
        return selector

    def expression(self, minimum: int = 0) -> Grown[Expr]:
        return climb(self.cursor, self.operand, self.infix, minimum)

    # --- operands ---

    def operand(self) -> Grown[Expr]:
        token = self.cursor.token
        if token.kind in ("+", "-"):
            return self.unary()
        with self.cursor.nested():
            node, height = self.primary()
            return self._modifiers.postfix(node, height)

    def unary(self) -> Grown[Expr]:
        sign = self.cursor.advance()
        with self.cursor.behind_operator():
            operand, height = climb(self.cursor, self.operand, self.infix, _UNARY_BINDS)
        if isinstance(operand, Number):
            return replace(operand, value=-operand.value if sign.kind == "-" else operand.value, position=position_of(sign)), height
        self.cursor.check_height(height + 1)
        return Unary(sign.kind, operand, position_of(sign)), height + 1

    def primary(self) -> Grown[Expr]:
        token = self.cursor.token
        following = self.cursor.peek()
        match token.kind:
            case "(":
                return self.parenthesised()
            case _ if token.kind in (NUMBER, DURATION):
                self.cursor.advance()
                return parse_number(token, self.reading.errors), 0
            case _ if token.kind == STRING:
                self.cursor.advance()
                return String(str(token.value), position_of(token)), 0
            case "{":
                return self._labels.vector_selector(), 0
            case kind if kind in AGGREGATORS and following in ("(", "by", "without"):
                return self.aggregation()
            case kind if following == "(" and (kind == IDENTIFIER or kind in _CALLABLE_KEYWORDS):
                return self.call()
            case kind if kind in METRIC_WORDS:
                return self._labels.vector_selector(), 0
        raise self.cursor.unexpected()

    def parenthesised(self) -> Grown[Expr]:
        opening = self.cursor.advance()
        inner, height = self.expression()
        self.cursor.expect(")")
        return Paren(inner, position_of(opening)), height + 1

    def call(self) -> Grown[Expr]:
        name = self.cursor.advance()
        function = FUNCTIONS.get(name.text)
        args, height, trailing = self.arguments()
        if trailing is not None:
            self.reading.error("trailing commas not allowed in function call args", position_of(trailing))
        if function is None:
            self.reading.error(f"unknown function with name {quote(name.text)}", position_of(name))
            return Number(0.0, position_of(name)), height
        if function.experimental and not self.reading.features.functions:
            flag = "must be enabled with --enable-feature=promql-experimental-functions"
            self.reading.error(f"{function.name}() is experimental and {flag}", position_of(name))
        return Call(function, tuple(args), position_of(name)), height + 1

    def arguments(self) -> tuple[list[Expr], int, Token | None]:
        """The expressions between parentheses, their height, and the comma behind which there is none."""
        self.cursor.expect("(")
        args: list[Expr] = []
        height = 0
        comma: Token | None = None
        while not self.cursor.accept(")"):
            arg, arg_height = self.expression()
            args.append(arg)
            height = max(height, arg_height)
            comma = None
            if self.cursor.kind == ",":
                comma = self.cursor.advance()
                if self.cursor.kind != ")":
                    continue
            self.cursor.expect(")")
            break
        return args, height, comma

    def aggregation(self) -> Grown[Expr]:
        name = self.cursor.advance()
        with self.in_context("aggregation"):
            modifier = self.cursor.kind if self.cursor.kind in ("by", "without") else ""
            grouping = self.aggregate_modifier() if modifier else ()
            args, height, trailing = self.arguments()
            if trailing is not None:
                self.reading.error("trailing commas not allowed in function call args", position_of(trailing))
        if not modifier and self.cursor.kind in ("by", "without"):
            modifier = self.cursor.kind
            grouping = self.aggregate_modifier()
        return self.make_aggregation(name, args, grouping, without=modifier == "without"), height + 1

    def aggregate_modifier(self) -> tuple[str, ...]:
        self.cursor.advance()
        return self._labels.grouping_labels()

    def make_aggregation(self, name: Token, args: list[Expr], grouping: tuple[str, ...], *, without: bool) -> Expr:
        position, wanted = position_of(name), 2 if name.kind in WITH_PARAMETER else 1
        if name.kind in EXPERIMENTAL_AGGREGATIONS and not self.reading.features.functions:
            flag = "must be enabled with --enable-feature=promql-experimental-functions"
            self.reading.error(f"{name.kind}() is experimental and {flag}", position)
        if not args:
            self.reading.error("no arguments for aggregate expression provided", position)
        elif len(args) != wanted:
            self.reading.error(f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}", position)
        if len(args) != wanted:
            return Number(0.0, position)
        return Aggregate(name.kind, args[-1], args[0] if wanted == 2 else None, grouping, without, position)

    @contextmanager
    def in_context(self, context: str) -> Iterator[None]:
        try:
            yield
        except UnexpectedToken as unexpected:
            raise self.reading.unexpected(self.cursor.tokens[unexpected.index], context) from None

    # --- operators ---

    def infix(self, minimum: int) -> Infix[Expr] | None:
        operator = self.cursor.token
        binds = _BINDS.get(operator.kind)
        if binds is None or binds < minimum:
            return None
        self.cursor.advance()
        return_bool = self._matching.bool_modifier(operator)
        matching = self._matching.matching()
        if operator.kind in SET_OPERATORS:
            matching = replace(matching, card=Card.MANY_TO_MANY if matching.card is Card.ONE_TO_ONE else matching.card)

        def join(left: Expr, right: Expr) -> Expr:
            vectors = kind_of(left) is kind_of(right) is Kind.VECTOR
            # Between scalars nothing remains of the matching, but `check` has to see what was written.
            kept = matching if vectors or matching != Matching(card=matching.card) else None
            return Binary(operator.kind, left, right, kept, return_bool, position_of(operator))

        return Infix(binds, binds if operator.kind == "^" else binds + 1, join)


def raise_first(errors: list[ParseError]) -> None:
    if errors:
        raise errors[0]

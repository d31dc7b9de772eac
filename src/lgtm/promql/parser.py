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
from lgtm.model.matchers import InvalidRegex, Matcher, Matchers, MatchOp
from lgtm.parsing.cursor import NESTING_MAX, Cursor, Grown, Infix, TooDeep, climb
from lgtm.parsing.cursor import Unexpected as UnexpectedToken
from lgtm.parsing.tokens import END, Token
from lgtm.promql.check import check
from lgtm.promql.duration_parser import DurationParser
from lgtm.promql.errors import ParseError
from lgtm.promql.features import Features
from lgtm.promql.functions import FUNCTIONS, Kind
from lgtm.promql.lexer import AGGREGATORS, DURATION, IDENTIFIER, KEYWORDS, METRIC_IDENTIFIER, NUMBER, STRING, WORD_OPERATORS, describe, lex
from lgtm.promql.numbers import parse_number
from lgtm.promql.position import Position
from lgtm.promql.syntax import (
    COMPARISONS,
    EXPERIMENTAL_AGGREGATIONS,
    SET_OPERATORS,
    WITH_PARAMETER,
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
    String,
    Subquery,
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

_NO_METRIC = ("bool", "on", "ignoring", "group_left", "group_right", "atan2")
_METRIC_WORDS = frozenset({IDENTIFIER, METRIC_IDENTIFIER} | (KEYWORDS | WORD_OPERATORS | AGGREGATORS) - set(_NO_METRIC))
_LABEL_WORDS = frozenset({IDENTIFIER} | KEYWORDS | WORD_OPERATORS | AGGREGATORS)
_CALLABLE_KEYWORDS = ("start", "end", "step", "range")
_MATCH_OPERATORS = {"=": MatchOp.EQ, "!=": MatchOp.NE, "=~": MatchOp.RE, "!~": MatchOp.NRE}
_AT_MS_MAX = 2**63 - 1


def parse(text: str, features: Features | None = None) -> Expr:
    """Raises ParseError. features: which experimental parts of the language are allowed; all by default."""
    parser = _Parser(text, features or Features())
    expr = parser.run(parser.whole_expression)
    parser.raise_first(check(expr, parser.features))
    return expr


def parse_selector(text: str) -> Matchers:
    """The matchers of an instant vector selector that stands alone, as in `match[]`. Raises ParseError."""
    parser = _Parser(text, Features())
    selector = parser.run(parser.whole_selector)
    return selector.matchers


class _Parser:
    def __init__(self, text: str, features: Features) -> None:
        self.features = features
        self.cursor = Cursor(lex(text))
        self.errors: list[ParseError] = []
        self.durations = DurationParser(self.cursor, self.errors, self.unexpected, features)
        self._empty = not text

    def run(self, rule: Callable[[], T]) -> T:
        try:
            result = rule()
        except ParseError as error:
            self.errors.append(error)
        except UnexpectedToken as unexpected:
            self.errors.append(self.unexpected(self.cursor.tokens[unexpected.index]))
        except TooDeep as deep:
            self.errors.append(ParseError(f"query nests deeper than {NESTING_MAX} levels", position_of(self.cursor.tokens[deep.index])))
        self.raise_first(self.errors)
        return result

    def raise_first(self, errors: list[ParseError]) -> None:
        if errors:
            raise errors[0]

    def unexpected(self, token: Token, context: str = "", expected: str = "") -> ParseError:
        if token.error is not None:
            return ParseError(token.error, position_of(token))
        where = f" in {context}" if context else ""
        wanted = f", expected {expected}" if expected else ""
        return ParseError(f"unexpected {describe(token)}{where}{wanted}", position_of(token))

    def error(self, message: str, position: Position) -> None:
        """Notes what is wrong without giving up: a syntax error further on is less of it."""
        self.errors.append(ParseError(message, position))

    def whole_expression(self) -> Expr:
        if self.cursor.kind == END and self.cursor.token.error is None:
            raise ParseError("no expression found in input", None if self._empty else position_of(self.cursor.token))
        expr, _ = self.expression()
        self.end()
        return expr

    def end(self) -> None:
        if self.cursor.expect(END).error is not None:
            raise self.unexpected(self.cursor.token)

    def whole_selector(self) -> VectorSelector:
        if self.cursor.kind == END and self.cursor.token.error is None:
            raise ParseError("no expression found in input", None if self._empty else position_of(self.cursor.token))
        if self.cursor.kind not in _METRIC_WORDS and self.cursor.kind != "{":
            raise self.cursor.unexpected()
        selector = self.vector_selector()
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
            return self.postfix(node, height)

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
                return parse_number(token, self.errors), 0
            case _ if token.kind == STRING:
                self.cursor.advance()
                return String(str(token.value), position_of(token)), 0
            case "{":
                return self.vector_selector(), 0
            case kind if kind in AGGREGATORS and following in ("(", "by", "without"):
                return self.aggregation()
            case kind if following == "(" and (kind == IDENTIFIER or kind in _CALLABLE_KEYWORDS):
                return self.call()
            case kind if kind in _METRIC_WORDS:
                return self.vector_selector(), 0
        raise self.cursor.unexpected()

    def parenthesised(self) -> Grown[Expr]:
        opening = self.cursor.advance()
        inner, height = self.expression()
        self.cursor.expect(")")
        return Paren(inner, position_of(opening)), height + 1

    def vector_selector(self) -> VectorSelector:
        first = self.cursor.token
        name = self.cursor.advance().text if first.kind != "{" else ""
        matchers = self.label_matchers() if self.cursor.kind == "{" else []
        if name:
            matchers.append(Matcher("__name__", MatchOp.EQ, name))
        return VectorSelector(name, tuple(matchers), position_of(first))

    def label_matchers(self) -> list[Matcher]:
        self.cursor.expect("{")
        found: list[Matcher] = []
        while not self.cursor.accept("}"):
            matcher = self.label_matcher()
            if matcher is not None:
                found.append(matcher)
            if self.cursor.kind not in (",", "}"):
                raise self.unexpected(self.cursor.token, "label matching", '"," or "}"')
            self.cursor.accept(",")
        return found

    def label_matcher(self) -> Matcher | None:
        token = self.cursor.token
        if token.kind not in (IDENTIFIER, STRING):
            raise self.unexpected(token, "label matching", 'identifier or "}"')
        self.cursor.advance()
        name = str(token.value) if token.kind == STRING else token.text
        operator = self.cursor.token
        if token.kind == STRING and operator.kind in (",", "}"):
            return Matcher("__name__", MatchOp.EQ, name)
        if operator.kind not in _MATCH_OPERATORS:
            raise self.unexpected(operator, "label matching", "label matching operator")
        self.cursor.advance()
        value = self.cursor.token
        if value.kind != STRING:
            raise self.unexpected(value, "label matching", "string")
        self.cursor.advance()
        try:
            return Matcher(name, _MATCH_OPERATORS[operator.kind], str(value.value))
        except InvalidRegex as error:
            self.error(str(error), position_of(token))
            return None

    def call(self) -> Grown[Expr]:
        name = self.cursor.advance()
        function = FUNCTIONS.get(name.text)
        args, height, trailing = self.arguments()
        if trailing is not None:
            self.error("trailing commas not allowed in function call args", position_of(trailing))
        if function is None:
            self.error(f"unknown function with name {quote(name.text)}", position_of(name))
            return Number(0.0, position_of(name)), height
        if function.experimental and not self.features.functions:
            flag = "must be enabled with --enable-feature=promql-experimental-functions"
            self.error(f"{function.name}() is experimental and {flag}", position_of(name))
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
                self.error("trailing commas not allowed in function call args", position_of(trailing))
        if not modifier and self.cursor.kind in ("by", "without"):
            modifier = self.cursor.kind
            grouping = self.aggregate_modifier()
        return self.make_aggregation(name, args, grouping, without=modifier == "without"), height + 1

    def aggregate_modifier(self) -> tuple[str, ...]:
        self.cursor.advance()
        return self.grouping_labels()

    def make_aggregation(self, name: Token, args: list[Expr], grouping: tuple[str, ...], *, without: bool) -> Expr:
        position, wanted = position_of(name), 2 if name.kind in WITH_PARAMETER else 1
        if name.kind in EXPERIMENTAL_AGGREGATIONS and not self.features.functions:
            flag = "must be enabled with --enable-feature=promql-experimental-functions"
            self.error(f"{name.kind}() is experimental and {flag}", position)
        if not args:
            self.error("no arguments for aggregate expression provided", position)
        elif len(args) != wanted:
            self.error(f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}", position)
        if len(args) != wanted:
            return Number(0.0, position)
        return Aggregate(name.kind, args[-1], args[0] if wanted == 2 else None, grouping, without, position)

    def grouping_labels(self) -> tuple[str, ...]:
        if self.cursor.kind != "(":
            raise self.unexpected(self.cursor.token, "grouping opts", '"("')
        self.cursor.advance()
        labels: list[str] = []
        while not self.cursor.accept(")"):
            token = self.cursor.token
            if token.kind != STRING and token.kind not in _LABEL_WORDS:
                raise self.unexpected(token, "grouping opts", "label")
            self.cursor.advance()
            labels.append(str(token.value) if token.kind == STRING else token.text)
            if self.cursor.kind not in (",", ")"):
                raise self.unexpected(self.cursor.token, "grouping opts", '"," or ")"')
            self.cursor.accept(",")
        return tuple(labels)

    @contextmanager
    def in_context(self, context: str) -> Iterator[None]:
        try:
            yield
        except UnexpectedToken as unexpected:
            raise self.unexpected(self.cursor.tokens[unexpected.index], context) from None

    # --- what follows an operand ---

    def postfix(self, node: Expr, height: int) -> Grown[Expr]:
        while True:
            match self.cursor.kind:
                case "[":
                    node, height = self.bracketed(node), height + 1
                case "offset":
                    node = self.offset(node)
                case "@":
                    node = self.at(node)
                case "anchored" | "smoothed":
                    node = self.extended(node)
                case _:
                    return node, height
            self.cursor.check_height(height)

    def bracketed(self, node: Expr) -> Expr:
        opening = self.cursor.advance()
        if self.cursor.kind == ":" or self.cursor.kind == "]":
            raise self.unexpected(self.cursor.token, "subquery or range selector", "number, duration, step(), or range()")
        length = self.durations.in_brackets("subquery or range selector")
        if self.cursor.accept("]"):
            return self.range_of(node, length, position_of(opening))
        if self.cursor.kind != ":":
            raise self.unexpected(self.cursor.token, "subquery or range", '":" or "]"')
        self.cursor.advance()
        step: Duration | None = None
        if self.cursor.kind != "]":
            step = self.durations.in_brackets("subquery selector", 'duration or "]"')
            if self.cursor.kind != "]":
                raise self.unexpected(self.cursor.token, "subquery selector", '"]"')
        self.cursor.advance()
        return Subquery(
            node, self.durations.positive_ms(length), _expression(length), self.durations.positive_ms(step), _expression(step), node.position
        )

    def range_of(self, node: Expr, length: Duration, opening: Position) -> Expr:
        if not isinstance(node, VectorSelector):
            self.error("ranges only allowed for vector selectors", opening)
            return node
        if node.modifiers.offset_ms or node.modifiers.offset_expr is not None:
            self.error("no offset modifiers allowed before range", opening)
        elif node.modifiers.at_ms is not None or node.modifiers.edge is not None:
            self.error("no @ modifiers allowed before range", opening)
        return MatrixSelector(node, self.durations.positive_ms(length), _expression(length), node.position)

    def offset(self, node: Expr) -> Expr:
        self.cursor.advance()
        offset = self.durations.offset()
        target = _modified(node)
        if target is None:
            wanted = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            self.error(wanted, node.position)
            return node
        if target.offset_ms or target.offset_expr is not None:
            self.error("offset may not be set multiple times", node.position)
        return _with_modifiers(node, replace(target, offset_ms=self.durations.any_ms(offset), offset_expr=_expression(offset)))

    def at(self, node: Expr) -> Expr:
        self.cursor.advance()
        token = self.cursor.token
        target = _modified(node)
        edge: str | None = None
        at_ms: int | None = None
        if token.kind in ("start", "end"):
            edge = self.cursor.advance().kind
            self.cursor.expect("(")
            self.cursor.expect(")")
        else:
            at_ms = self.timestamp_ms(token)
        if target is None:
            wanted = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            self.error(wanted, node.position)
            return node
        if target.at_ms is not None or target.edge is not None:
            self.error("@ <timestamp> may not be set multiple times", node.position)
        return _with_modifiers(node, replace(target, at_ms=at_ms, edge=edge))

    def timestamp_ms(self, token: Token) -> int:
        sign = self.cursor.advance().kind if token.kind in ("+", "-") else "+"
        number = self.cursor.token
        if number.kind not in (NUMBER, DURATION):
            raise self.unexpected(number, "@", "timestamp")
        self.cursor.advance()
        seconds = parse_number(number, self.errors).value * (-1 if sign == "-" else 1)
        if not abs(seconds) * 1_000 < _AT_MS_MAX:
            shown = {float("inf"): "+Inf", float("-inf"): "-Inf"}.get(seconds, "NaN" if seconds != seconds else f"{seconds:f}")
            self.error(f"timestamp out of bounds for @ modifier: {shown}", position_of(token))
            return 0
        return round(seconds * 1_000)

    def extended(self, node: Expr) -> Expr:
        word = self.cursor.advance()
        if not self.features.extended_ranges:
            self.error(f"{word.kind} modifier is experimental and not enabled", node.position)
        selector = node.selector if isinstance(node, MatrixSelector) else node
        if not isinstance(selector, VectorSelector):
            self.error(f"{word.kind} modifier must be preceded by an instant vector selector or range vector selector", node.position)
            return node
        if word.kind == "anchored":
            selector = replace(selector, anchored=True)
        else:
            selector = replace(selector, smoothed=True)
        if selector.anchored and selector.smoothed:
            self.error("anchored and smoothed modifiers cannot be used together", node.position)
        return replace(node, selector=selector) if isinstance(node, MatrixSelector) else selector

    # --- operators ---

    def infix(self, minimum: int) -> Infix[Expr] | None:
        operator = self.cursor.token
        binds = _BINDS.get(operator.kind)
        if binds is None or binds < minimum:
            return None
        self.cursor.advance()
        return_bool = self.bool_modifier(operator)
        matching = self.matching()
        if operator.kind in SET_OPERATORS:
            matching = replace(matching, card=Card.MANY_TO_MANY if matching.card is Card.ONE_TO_ONE else matching.card)

        def join(left: Expr, right: Expr) -> Expr:
            vectors = kind_of(left) is kind_of(right) is Kind.VECTOR
            # Between scalars nothing remains of the matching, but `check` has to see what was written.
            kept = matching if vectors or matching != Matching(card=matching.card) else None
            return Binary(operator.kind, left, right, kept, return_bool, position_of(operator))

        return Infix(binds, binds if operator.kind == "^" else binds + 1, join)

    def bool_modifier(self, operator: Token) -> bool:
        if self.cursor.kind != "bool":
            return False
        self.cursor.advance()
        if operator.kind not in COMPARISONS:
            self.error("bool modifier can only be used on comparison operators", position_of(operator))
        return True

    def matching(self) -> Matching:
        matching = Matching()
        if self.cursor.kind in ("on", "ignoring"):
            on = self.cursor.advance().kind == "on"
            matching = Matching(on=on, labels=self.grouping_labels())
            if self.cursor.kind in ("group_left", "group_right"):
                card = Card.MANY_TO_ONE if self.cursor.advance().kind == "group_left" else Card.ONE_TO_MANY
                include = self.grouping_labels() if self.cursor.kind == "(" else ()
                matching = replace(matching, card=card, include=include)
        return self.fills(matching)

    def fills(self, matching: Matching) -> Matching:
        while self.cursor.kind in ("fill", "fill_left", "fill_right"):
            word = self.cursor.advance()
            if not self.features.fill:
                flag = "must be enabled with --enable-feature=promql-binop-fill-modifiers"
                self.error(f"{word.kind} modifier is experimental and {flag}", position_of(word))
            value = self.fill_value()
            if word.kind != "fill_right":
                matching = replace(matching, fill_left=value)
            if word.kind != "fill_left":
                matching = replace(matching, fill_right=value)
        return matching

    def fill_value(self) -> float:
        self.cursor.expect("(")
        sign = self.cursor.advance().kind if self.cursor.kind in ("+", "-") else "+"
        if self.cursor.kind not in (NUMBER, DURATION):
            raise self.cursor.unexpected()
        value = parse_number(self.cursor.advance(), self.errors).value
        self.cursor.expect(")")
        return -value if sign == "-" else value


def position_of(token: Token) -> Position:
    return Position(token.line, token.column)


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

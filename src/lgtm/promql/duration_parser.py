"""Durations in brackets and behind `offset`: literals, and arithmetic that is worked out when the query's times are known."""

from __future__ import annotations

from dataclasses import replace

from lgtm.parsing.cursor import Grown, Infix, climb
from lgtm.parsing.tokens import Token
from lgtm.promql.errors import ParseError
from lgtm.promql.lexer import DURATION, IDENTIFIER, NUMBER
from lgtm.promql.numbers import parse_number
from lgtm.promql.reading import Reading, position_of
from lgtm.promql.syntax import Duration, DurationExpr, Number

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4}
_SIGN_BINDS = 3
_EXPECTED = "number, duration, step(), or range()"
_SECONDS_MAX = (2**63 - 1) / 1e9


class DurationParser:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._cursor, self._errors = reading, reading.cursor, reading.errors
        self._context, self._expected = "", _EXPECTED

    def in_brackets(self, context: str, expected: str = _EXPECTED) -> Duration:
        self._context, self._expected = context, expected
        return climb(self._cursor, self._operand, self._infix)[0]

    def offset(self) -> Duration:
        """One operand; arithmetic needs parentheses."""
        self._context, self._expected = "offset", _EXPECTED
        sign = self._cursor.advance() if self._cursor.kind in ("+", "-") else None
        operand, _ = self._primary()
        return operand if sign is None else _signed(sign, operand)

    def positive_ms(self, duration: Duration | None) -> int:
        """Of a literal; 0 for what is worked out later."""
        if isinstance(duration, Number) and duration.value <= 0:
            self._errors.append(ParseError("duration must be greater than 0", duration.position))
        return self.any_ms(duration)

    def any_ms(self, duration: Duration | None) -> int:
        if not isinstance(duration, Number):
            return 0
        if not abs(duration.value) <= _SECONDS_MAX:
            self._errors.append(ParseError("duration out of range", duration.position))
            return 0
        return seconds_to_ms(duration.value)

    def _operand(self) -> Grown[Duration]:
        if self._cursor.kind in ("+", "-"):
            sign = self._cursor.advance()
            operand, height = climb(self._cursor, self._operand, self._infix, _SIGN_BINDS)
            return _signed(sign, operand), height + 1
        with self._cursor.nested():
            return self._primary()

    def _primary(self) -> Grown[Duration]:
        token = self._cursor.token
        if token.kind in (NUMBER, DURATION):
            self._cursor.advance()
            return parse_number(token, self._errors), 0
        if token.kind in ("step", "range") and self._cursor.peek() == "(":
            self._cursor.advance()
            self._cursor.expect("(")
            self._cursor.expect(")")
            return DurationExpr(token.kind, None, None, position_of(token)), 0
        if token.kind == IDENTIFIER and token.text.lower() in ("min_of", "max_of") and self._cursor.peek() == "(":
            return self._of_two(token)
        if token.kind == "(":
            self._cursor.advance()
            inner, height = climb(self._cursor, self._operand, self._infix)
            self._cursor.expect(")")
            return (replace(inner, wrapped=True) if isinstance(inner, DurationExpr) else inner), height + 1
        raise self._reading.unexpected(token, self._context, self._expected)

    def _of_two(self, name: Token) -> Grown[Duration]:
        self._cursor.advance()
        self._cursor.expect("(")
        left, left_height = climb(self._cursor, self._operand, self._infix)
        self._cursor.expect(",")
        right, right_height = climb(self._cursor, self._operand, self._infix)
        self._cursor.expect(")")
        return DurationExpr(name.text.lower(), left, right, position_of(name)), max(left_height, right_height) + 1

    def _infix(self, minimum: int) -> Infix[Duration] | None:
        operator = self._cursor.token
        binds = _BINDS.get(operator.kind)
        if binds is None or binds < minimum:
            return None
        self._cursor.advance()

        def join(left: Duration, right: Duration) -> Duration:
            if operator.kind in "/%" and isinstance(right, Number) and right.value == 0:
                self._errors.append(ParseError("division by zero" if operator.kind == "/" else "modulo by zero", right.position))
            return DurationExpr(operator.kind, left, right, left.position)

        return Infix(binds, binds if operator.kind == "^" else binds + 1, join)


def seconds_to_ms(seconds: float) -> int:
    """Rounded to the nanosecond, then cut to the millisecond."""
    ns = round(seconds * 1e9)
    return ns // 1_000_000 if ns >= 0 else -(-ns // 1_000_000)


def _signed(sign: Token, operand: Duration) -> Duration:
    if isinstance(operand, Number):
        return replace(operand, value=-operand.value if sign.kind == "-" else operand.value, position=position_of(sign))
    if sign.kind == "+":
        return operand
    return DurationExpr("-", None, operand, position_of(sign))

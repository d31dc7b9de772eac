"""Constants computed while a query is read: `1 + 1` is 2, as Tempo's messages show it.

What cannot be computed (other types, division of an integer by zero) stays an operation, for validation or evaluation to deal with.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import re2

from lgtm.traceql.field_syntax import Binary, Exists, FieldExpr, Static, Unary
from lgtm.traceql.types import ARITHMETIC, LOGICAL, REGEX, Type, allows, allows_unary, comparable

_WRAP = 1 << 64
"""Integers wrap around, as those of 64 bits do."""
_POWER_MAX = 64
"""Larger exponents are left to floats: no integer of 64 bits has them, besides those of 0 and 1."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def unary(symbol: str, operand: FieldExpr) -> FieldExpr:
    if isinstance(operand, Static) and allows_unary(symbol, operand.type):
        if symbol == "!":
            return Static(Type.BOOL, not operand.value)
        assert isinstance(operand.value, int | float)
        return Static(operand.type, -operand.value if operand.type is Type.FLOAT else _wrapped(-int(operand.value)))
    return Unary(symbol, operand)


def binary(symbol: str, left: FieldExpr, right: FieldExpr) -> FieldExpr:
    if isinstance(left, Static) and isinstance(right, Static):
        fits = comparable(left.type, right.type) and allows(symbol, left.type) and allows(symbol, right.type)
        folded = _fold(symbol, left, right) if fits else None
        if folded is not None:
            return folded
    return Binary(symbol, left, right)


def exists(operand: FieldExpr, *, absent: bool) -> FieldExpr:
    if isinstance(operand, Static):
        # `nil = nil` is as false as `nil != nil`.
        return Static(Type.BOOL, operand.type is not Type.NIL and not absent)
    return Exists(operand, absent)


def scalar(symbol: str, left: Static, right: Static) -> Static | None:
    """None when it cannot be computed."""
    return _fold(symbol, left, right)


def _fold(symbol: str, left: Static, right: Static) -> Static | None:
    if symbol in ARITHMETIC:
        return _calculate(symbol, left, right)
    if symbol in LOGICAL:
        both = (bool(left.value), bool(right.value))
        return Static(Type.BOOL, all(both) if symbol == "&&" else any(both))
    if symbol in REGEX:
        return _matches(symbol, str(left.value), str(right.value))
    return Static(Type.BOOL, _COMPARE[symbol](left.value, right.value))


def _matches(symbol: str, text: str, pattern: str) -> Static | None:
    try:
        return Static(Type.BOOL, (re2.fullmatch(f"(?s:{pattern})", text) is not None) == (symbol == "=~"))
    except re2.error:
        return None


def _calculate(symbol: str, left: Static, right: Static) -> Static | None:
    a, b = left.value, right.value
    assert isinstance(a, int | float)
    assert isinstance(b, int | float)
    of = Type.FLOAT if Type.FLOAT in (left.type, right.type) else Type.DURATION if Type.DURATION in (left.type, right.type) else Type.INT
    if of is Type.FLOAT or (symbol == "^" and not 0 <= b <= _POWER_MAX):
        return Static(Type.FLOAT, _of_floats(symbol, float(a), float(b)))
    if symbol in "/%" and b == 0:
        return None
    return Static(of, _of_integers(symbol, int(a), int(b)))


def _of_integers(symbol: str, a: int, b: int) -> int:
    match symbol:
        case "+":
            value = a + b
        case "-":
            value = a - b
        case "*":
            value = a * b
        case "/":
            value = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        case "%":
            value = abs(a) % abs(b) * (-1 if a < 0 else 1)
        case _:
            value = math.prod([a] * b)
    return _wrapped(value)


def _wrapped(value: int) -> int:
    return (value + _WRAP // 2) % _WRAP - _WRAP // 2


def _of_floats(symbol: str, a: float, b: float) -> float:
    try:
        match symbol:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
            case "%":
                return math.fmod(a, b)
            case _:
                return math.pow(a, b)
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan if symbol in "%^" or a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)

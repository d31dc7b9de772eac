"""Constants are computed while a query is read, or left for later."""

from __future__ import annotations

import math

import pytest

from lgtm.traceql.field_syntax import NIL, Attribute, Binary, Exists, Static, Unary
from lgtm.traceql.folding import binary, exists, scalar, unary
from lgtm.traceql.types import Type

A = Attribute("span", "a")
MINUTE_NS = 60 * 10**9


def of(value: bool | int | float | str) -> Static:
    return Static({bool: Type.BOOL, int: Type.INT, float: Type.FLOAT, str: Type.STRING}[type(value)], value)


@pytest.mark.parametrize(
    ("left", "symbol", "right", "result"),
    [
        (of(7), "/", of(2), of(3)),
        (of(-7), "/", of(2), of(-3)),
        (of(-7), "%", of(2), of(-1)),
        (of(2**62), "*", of(2), of(-(2**63))),
        (of(2), "^", of(10), of(1024)),
        (of(2), "^", of(-1), of(0.5)),
        (of(2), "^", of(100), of(2.0**100)),
        (of(1), "+", of(0.5), of(1.5)),
        (of(1.0), "/", of(0), of(math.inf)),
        (Static(Type.DURATION, MINUTE_NS), "*", of(2), Static(Type.DURATION, 2 * MINUTE_NS)),
        (of(1), "<", of(1.5), of(True)),
        (of("a"), "=", of("b"), of(False)),
        (of("abc"), "=~", of("a.*"), of(True)),
        (of("abc"), "=~", of("b"), of(False)),
        (of("abc"), "!~", of("b"), of(True)),
        (of(True), "&&", of(False), of(False)),
        (of(True), "||", of(False), of(True)),
    ],
)
def test_two_constants_are_one(left: Static, symbol: str, right: Static, result: Static) -> None:
    assert binary(symbol, left, right) == result


@pytest.mark.parametrize(
    ("left", "symbol", "right"),
    [(of(1), "/", of(0)), (of(1), "%", of(0)), (of("a"), "+", of("b")), (of(1), "=", of("1")), (of("a"), "=~", of("[")), (A, "+", of(1))],
)
def test_what_cannot_be_computed_stays_an_operation(left: Static | Attribute, symbol: str, right: Static) -> None:
    assert binary(symbol, left, right) == Binary(symbol, left, right)


def test_a_sign_and_a_negation_are_part_of_the_constant() -> None:
    assert unary("-", of(3)) == of(-3)
    assert unary("-", Static(Type.DURATION, 5)) == Static(Type.DURATION, -5)
    assert unary("!", of(True)) == of(False)
    assert unary("-", of("x")) == Unary("-", of("x"))
    assert unary("-", A) == Unary("-", A)


@pytest.mark.parametrize(("operand", "absent", "result"), [(of(1), False, True), (of(1), True, False), (NIL, False, False), (NIL, True, False)])
def test_a_constant_is_there_and_nil_is_neither_there_nor_absent(operand: Static, absent: bool, result: bool) -> None:
    assert exists(operand, absent=absent) == of(result)


def test_whether_a_field_is_there_is_asked_later() -> None:
    assert exists(A, absent=True) == Exists(A, True)


def test_a_number_that_cannot_be_computed_is_none() -> None:
    assert scalar("/", of(1), of(0)) is None

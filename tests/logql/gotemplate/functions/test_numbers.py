from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.functions.numbers import FUNCTIONS, to_float, to_int
from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "output"),
    [
        ("add", "0"),
        ("add .status 1", "201"),
        ('add "1.9" "x" "" 2 true', "4"),
        ("add 9223372036854775807 1", "-9223372036854775808"),
        ("sub 5 10", "-5"),
        ("mul 3 4 5", "60"),
        ("mul 3 `abc`", "0"),
        ("div 7 2", "3"),
        ("div -7 2", "-3"),
        ("mod -7 3", "-1"),
        ("mod 7 -3", "1"),
        ("max 1 .status 3", "200"),
        ("min 1.9 2", "1"),
        ("addf", "0"),
        ("addf 0.1 0.2", "0.3"),
        ("subf 10 0.9 1", "8.1"),
        ("mulf 1e10 1e10", "1e+20"),
        ("mulf 3 2", "6"),
        ("mulf 1e300 1e300", "+Inf"),
        ("divf 2 3", "0.6666666666666667"),
        ("divf 10 4 5", "0.5"),
        ("divf 1e300 1e-300 1e-300 1e-300 1e-300 1e-300", "+Inf"),
        ("maxf 1 2.5", "2.5"),
        ("minf 1 -2", "-2"),
        ("maxf `NaN` 1", "NaN"),
        ("ceil 1.2", "2"),
        ("ceil -0.5", "-0"),
        ("floor -1.8", "-2"),
        ("ceil `Inf`", "+Inf"),
        ("round 1.2345 2", "1.23"),
        ("round 2.5 0", "3"),
        ("round -2.5 0", "-3"),
        ("round 123.456 -1", "120"),
        ("round 1.5 400", "NaN"),
        ("round 1.5 -400", "NaN"),
    ],
)
def test_arithmetic(call: str, output: str) -> None:
    assert render(f"{{{{{call}}}}}") == output


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("div 1 0", "runtime error: integer divide by zero"),
        ("mod 1 `x`", "runtime error: integer divide by zero"),
        ("divf 1 0", "decimal division by 0"),
        ("addf `NaN`", "Cannot create a Decimal from NaN"),
        ("mulf 1 `-Inf`", "Cannot create a Decimal from -Inf"),
    ],
)
def test_what_arithmetic_fails_with(call: str, reason: str) -> None:
    assert failure(f"{{{{{call}}}}}") == f"1:2: <{call}>: error calling {call.split()[0]}: {reason}"


@pytest.mark.parametrize(
    ("value", "whole", "real"),
    [
        ("12", 12, 12.0),
        ("12.7", 12, 12.7),
        ("-12.7", -12, -12.7),
        (".5", 0, 0.5),
        ("-.5", 0, -0.5),
        (".", 0, 0.0),
        ("0x10", 16, 0.0),
        ("08", 0, 8.0),
        ("1_000", 1000, 1000.0),
        ("1e3", 0, 1000.0),
        ("x", 0, 0.0),
        ("", 0, 0.0),
        ("9223372036854775808", 0, 2.0**63),
        (7.9, 7, 7.9),
        (-7.9, -7, -7.9),
        (1e30, 0, 1e30),
        (math.inf, 0, math.inf),
        (True, 1, 1.0),
        (None, 0, 0.0),
        ({}, 0, 0.0),
    ],
)
def test_any_value_is_a_number(value: object, whole: int, real: float) -> None:
    assert (to_int(value), to_float(value)) == (whole, real)


@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_decimal_arithmetic_is_exact_until_it_is_rounded(a: float, b: float) -> None:
    total = FUNCTIONS["addf"].call(a, b)
    # What a number is written as differs from what is computed with by up to half of its last place.
    assert math.isclose(total, a + b, rel_tol=1e-12, abs_tol=math.ulp(a) + math.ulp(b))
    assert FUNCTIONS["subf"].call(a, a) == 0


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_quotient_and_remainder_make_the_dividend(a: int, b: int) -> None:
    call = {name: FUNCTIONS[name].call for name in ("add", "mul", "div", "mod")}
    assert call["add"](call["mul"](call["div"](a, b), b), call["mod"](a, b)) == a

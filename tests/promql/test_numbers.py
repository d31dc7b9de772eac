from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.tokens import Token
from lgtm.promql.errors import ParseError
from lgtm.promql.lexer import NUMBER
from lgtm.promql.numbers import format_float, format_short, parse_float, parse_number


@given(st.floats(allow_nan=False))
def test_numbers_read_back_as_they_were_printed(value: float) -> None:
    for text in (format_float(value), format_short(value)):
        assert float(text) == value
        assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert "e" not in format_float(value)


@pytest.mark.parametrize(
    ("value", "plain", "short"),
    [
        (1.0, "1", "1"),
        (-0.0, "-0", "-0"),
        (0.1, "0.1", "0.1"),
        (1500.0, "1500", "1500"),
        (1e20, "100000000000000000000", "100000000000000000000"),
        (1e21, "1000000000000000000000", "1e+21"),
        (1.5e-7, "0.00000015", "1.5e-07"),
        (0.00012, "0.00012", "0.00012"),
        (0.000012, "0.000012", "1.2e-05"),
        (-2.5e300, "-25" + "0" * 299, "-2.5e+300"),
        (math.inf, "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf"),
        (math.nan, "NaN", "NaN"),
    ],
)
def test_numbers_are_printed_as_go_does(value: float, plain: str, short: str) -> None:
    assert (format_float(value), format_short(value)) == (plain, short)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000.5", 1000.5),
        ("0x1f", 31),
        ("017", 15),
        ("08", 8),
        ("09.5", 9.5),
        ("Inf", math.inf),
        ("1e-3", 0.001),
        ("", None),
        ("abc", None),
        ("0xg", None),
        ("0x_1f", 31),
        ("0_17", 15),
        ("1_", None),
        ("1__0", None),
        ("0x1_", None),
        ("1e5_", None),
        ("0x7fffffffffffffff", 2.0**63),
        ("0x8000000000000000", None),
        ("0" + "7" * 30, 7.777777777777778e29),
        ("1e999", None),
    ],
)
def test_numbers_are_read_as_go_does(text: str, value: float | None) -> None:
    assert parse_float(text) == value


def test_nan_is_a_number() -> None:
    assert math.isnan(parse_float("nan") or 0.0)


@pytest.mark.parametrize(("text", "complaint"), [("1_", "invalid syntax"), ("1e999", "value out of range")])
def test_what_is_no_number_is_told_in_words_of_go(text: str, complaint: str) -> None:
    errors: list[ParseError] = []
    parse_number(Token(NUMBER, text, None, 1, 1), errors)
    assert [str(error) for error in errors] == [f'1:1: parse error: error parsing number: strconv.ParseFloat: parsing "{text}": {complaint}']

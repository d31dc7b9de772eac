"""Texts that mean numbers, as Go reads and writes them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.parsing.gonumbers import duration_seconds, format_duration, format_float, parse_duration, parse_float

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("-1.5", -1.5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("1e-400", 0.0),
        ("0x10p0", 16.0),
        ("-0x1.8P1", -3.0),
        ("inf", math.inf),
        ("+Infinity", math.inf),
        ("-INF", -math.inf),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_float(text) == value


def test_no_number_is_one_in_any_case() -> None:
    assert math.isnan(parse_float("nAn"))


@pytest.mark.parametrize("text", ["", " 1", "1 ", "x", "1,5", "--1", "1__0", "_1", "e5", ".", "+nan", "infinit", "0x", "0x1", "1s", "١"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_float(text)
    assert str(raised.value) == f'strconv.ParseFloat: parsing "{text}": invalid syntax'


def test_a_number_may_be_too_large() -> None:
    with pytest.raises(ValueError, match=r'^strconv\.ParseFloat: parsing "1e400": value out of range$'):
        parse_float("1e400")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("-0", 0),
        ("1ns", 1),
        ("1us", 1_000),
        ("1µs", 1_000),
        ("1μs", 1_000),
        ("1.5ms", 1_500_000),
        ("1h30m", 5_400 * SECOND),
        ("-2s", -2 * SECOND),
        ("+.5s", SECOND // 2),
        ("1.s", SECOND),
        ("1s1s", 2 * SECOND),
        ("0.0000000001s", 0),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", 'invalid duration ""'),
        ("-", 'invalid duration "-"'),
        ("s", 'invalid duration "s"'),
        (".s", 'invalid duration ".s"'),
        ("abc", 'invalid duration "abc"'),
        ("5", 'missing unit in duration "5"'),
        ("1.5", 'missing unit in duration "1.5"'),
        ("1d", 'unknown unit "d" in duration "1d"'),
        ("1s ", 'unknown unit "s " in duration "1s "'),
        ("9999999h", 'invalid duration "9999999h"'),
        ("99999999999999999999ns", 'invalid duration "99999999999999999999ns"'),
    ],
)
def test_what_is_no_duration(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_duration(text)
    assert str(raised.value) == f"time: {reason}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (1e21, "1000000000000000000000"), (1e-7, "0.0000001"), (math.inf, "+Inf"), (-math.inf, "-Inf")],
)
def test_numbers_are_written_without_an_exponent(value: float, text: str) -> None:
    assert format_float(value) == text


def test_no_number_is_written_as_go_does() -> None:
    assert format_float(math.nan) == "NaN"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (1_500_000, "1.5ms"),
        (SECOND, "1s"),
        (90 * SECOND, "1m30s"),
        (3_600 * SECOND, "1h0m0s"),
        (-SECOND // 2, "-500ms"),
        (61 * SECOND + 1, "1m1.000000001s"),
    ],
)
def test_durations_are_written_as_go_does(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@given(st.floats(allow_nan=False))
def test_a_written_number_is_read_back(value: float) -> None:
    assert parse_float(format_float(value)) == value


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_written_duration_is_read_back(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@pytest.mark.parametrize(("ns", "seconds"), [(0, 0.0), (1_500_000_000, 1.5), (-100_000_000, -0.1), (-1_500_000_000, -1.5)])
def test_seconds_of_a_duration(ns: int, seconds: float) -> None:
    assert duration_seconds(ns) == seconds

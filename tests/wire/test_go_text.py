"""Numbers and times read and print as they do in Go."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.go_text import float_text, general_text, rfc3339_ns


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.0, "0"),
        (-0.0, "-0"),
        (100.0, "100"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-2.5e30, "-2.5e+30"),
        (1e-5, "0.00001"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_floats_print_as_encoding_json_prints_them(value: float, text: str) -> None:
    assert float_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (0.0, "0"),
        (-0.0, "-0"),
        (100_000.0, "100000"),
        (1e6, "1e+06"),
        (-1_234_567.5, "-1.2345675e+06"),
        (1e-4, "0.0001"),
        (2.5e-5, "2.5e-05"),
        (1e300, "1e+300"),
        (math.inf, "+Inf"),
    ],
)
def test_floats_print_as_format_g_prints_them(value: float, text: str) -> None:
    assert general_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_is_the_same_float(value: float) -> None:
    assert float(float_text(value)) == value


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-20T10:01:00Z", 1795168860000000000),
        ("2026-11-20T12:01:00.5+02:00", 1795168860500000000),
        ("2026-11-20T10:01:00.123456789z", 1795168860123456789),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_rfc_3339_times_are_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert rfc3339_ns(text) == ns


@pytest.mark.parametrize("text", ["", "now", "2026-11-20", "2026-11-20T10:01:00", "2026-13-20T10:01:00Z", "٢٠٢٦-11-20T10:01:00Z", "1795168860"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        rfc3339_ns(text)

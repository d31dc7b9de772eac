"""Numbers of a page are those that Go's parser takes, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition_numbers import float_label, normal_float, parse_integer, parse_value, parse_values

GOOD = [(b"1", 1.0), (b"-1.5e-3", -0.0015), (b"+7.", 7.0), (b".5", 0.5), (b"+Inf", math.inf), (b"-inf", -math.inf), (b"Infinity", math.inf)]
BAD = [b"", b"1_000", b" 1", b"1\r", b"0x1p3", b"abc", b"+NaN", b"-nan", b"1e", b".", b"--1", b"\xd9\xa1"]


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_numbers_are_read(text: bytes, value: float) -> None:
    assert parse_value(text) == value
    assert parse_values([b"2", text]).tolist() == [2.0, value]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_number_is_refused_alone_and_among_others(text: bytes) -> None:
    with pytest.raises(MalformedBody, match="invalid syntax"):
        parse_value(text)
    with pytest.raises(MalformedBody, match="invalid syntax"):
        parse_values([b"1", text, b"2"])


def test_numbers_beyond_the_largest_are_refused() -> None:
    with pytest.raises(MalformedBody, match='parsing "1e999": value out of range'):
        parse_values([b"1e999"])


@pytest.mark.parametrize("text", [b"NaN", b"nan"])
def test_every_nan_is_the_ordinary_one(text: bytes) -> None:
    assert parse_values([text]).view(np.uint64)[0] == 0x7FF8000000000001


@given(st.lists(st.floats(allow_nan=False)))
def test_what_is_printed_reads_back(values: list[float]) -> None:
    assert parse_values([repr(value).encode() for value in values]).tolist() == values


@pytest.mark.parametrize("text", [b"1.5", b"", b"-", b"9223372036854775808", b"1_0", b"99999999999999999999"])
def test_times_are_whole_64_bit_numbers(text: bytes) -> None:
    assert parse_integer(b"-9223372036854775808") == -(2**63)
    with pytest.raises(MalformedBody):
        parse_integer(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [("1", "1.0"), ("0.50", "0.5"), ("+Inf", "+Inf"), ("inf", "+Inf"), ("NaN", "NaN"), ("1000000", "1e+06"), ("abc", "abc"), ("0", "0.0"), ("", "")],
)
def test_bounds_have_one_spelling(text: str, normal: str) -> None:
    assert normal_float(text) == normal


def test_bounds_are_floats() -> None:
    assert [float_label(bound) for bound in (1.0, 0.1, 1e-5, -1.0)] == ["1.0", "0.1", "1e-05", "-1.0"]

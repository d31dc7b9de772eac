from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.gotime import ZERO_TIME, Duration, Month
from lgtm.logql.gotemplate.kinds import NIL, Int64, LabelMap, Uint8, byte_length, from_bytes, is_true, to_bytes, type_name, valid_text, wrap_int64


@pytest.mark.parametrize(
    ("value", "name", "truth"),
    [
        ("", "string", False),
        ("a", "string", True),
        (0, "int", False),
        (True, "bool", True),
        (False, "bool", False),
        (Int64(1), "int64", True),
        (Uint8(0), "uint8", False),
        (0.0, "float64", False),
        (float("nan"), "float64", True),
        (1j, "complex128", True),
        ([], "[]interface {}", False),
        ({"a": 1}, "map[string]interface {}", True),
        (LabelMap({}), "map[string]string", False),
        (LabelMap({"a": "b"}), "map[string]string", True),
        (ZERO_TIME, "time.Time", True),
        (Duration(0), "time.Duration", False),
        (Month(1), "time.Month", True),
        (None, "<nil>", False),
        (NIL, "interface {}", False),
    ],
)
def test_values_have_gos_type_and_truth(value: Any, name: str, truth: bool) -> None:
    assert (type_name(value), is_true(value)) == (name, truth)


@pytest.mark.parametrize(
    ("value", "wrapped"), [(2**63 - 1, 2**63 - 1), (2**63, -(2**63)), (-(2**63), -(2**63)), (-(2**63) - 1, 2**63 - 1), (2**64, 0)]
)
def test_int64_wraps_around(value: int, wrapped: int) -> None:
    assert wrap_int64(value) == wrapped


@given(st.binary())
def test_any_bytes_are_a_string(data: bytes) -> None:
    text = from_bytes(data)
    assert to_bytes(text) == data
    assert byte_length(text) == len(data)
    assert valid_text(text) == data.decode("utf-8", "replace")

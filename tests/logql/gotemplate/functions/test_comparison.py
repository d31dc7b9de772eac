from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("eq .level `info`", True),
        ("eq .level `a` `info`", True),
        ("eq .level `a` `b`", False),
        ("eq 1 1", True),
        ("eq (add 1 1) 2", True),
        ("eq (index .level 0) 105", True),
        ("eq 1.5 1.5", True),
        ("eq 1i 1i", True),
        ("eq true false", False),
        ("eq nil nil", True),
        ("eq nil `a`", False),
        ("eq (fromJson __line__).none nil", True),
        ("eq (fromJson __line__) nil", False),
        ("eq __timestamp__ __timestamp__", True),
        ("ne .level `info`", False),
        ("lt 1 2", True),
        ("lt `a` `b`", True),
        ("lt `Z` `a`", True),
        ("lt (index .level 0) 106", True),
        ("le 2 2", True),
        ("gt 2 1", True),
        ("ge 1.5 2.5", False),
    ],
)
def test_values_compare(call: str, expected: bool) -> None:
    assert render(f"{{{{{call}}}}}") == str(expected).lower()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("eq .status 200", "incompatible types for comparison: string and int"),
        ("eq 1 1.0", "incompatible types for comparison: int and float64"),
        ("eq . `a`", "incompatible types for comparison: map[string]string and string"),
        ("eq 1", "missing argument for comparison"),
        ("eq (fromJson `[1]`) (fromJson `[1]`)", "non-comparable type [1]: []interface {}"),
        ("lt true false", "invalid type for comparison"),
        ("lt . .", "invalid type for comparison"),
        ("lt nil 1", "invalid type for comparison"),
        ("lt 1 `a`", "incompatible types for comparison: int and string"),
        ("ge 1 1.0", "incompatible types for comparison: int and float64"),
        ("gt 1 1.0", "incompatible types for comparison: int and float64"),
    ],
)
def test_values_of_two_kinds_do_not_compare(call: str, reason: str) -> None:
    assert failure(f"{{{{{call}}}}}") == f"1:2: <{call}>: error calling {call[:2]}: {reason}"

"""Arithmetic on the numbers of a query."""

from __future__ import annotations

import math

import pytest

from lgtm.logql.folding import fold


@pytest.mark.parametrize(
    ("op", "left", "right", "value"),
    [
        ("+", 1, 2, 3),
        ("-", 1, 2, -1),
        ("*", 3, 2, 6),
        ("/", 3, 2, 1.5),
        ("%", -7, 4, -3),
        ("^", 2, 10, 1024),
        ("^", 10, 400, math.inf),
        ("==", 1, 1, 1),
        ("!=", 1, 1, 0),
        ("<", 1, 2, 1),
        ("<=", 2, 2, 1),
        (">", 1, 2, 0),
        (">=", 1, 2, 0),
    ],
)
def test_results(op: str, left: float, right: float, value: float) -> None:
    assert fold(op, left, right) == value


@pytest.mark.parametrize(("op", "left", "right"), [("/", 1, 0), ("%", 1, 0), ("/", 0, 0), ("^", -8, 0.5)])
def test_what_is_no_number(op: str, left: float, right: float) -> None:
    assert math.isnan(fold(op, left, right))

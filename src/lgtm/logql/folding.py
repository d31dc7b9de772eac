"""Arithmetic on two numbers that stand in a query: `1 + 2 * 3` is 7 before anything is read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_OPERATIONS: dict[str, Callable[[np.float64, np.float64], object]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else np.nan,
    "%": lambda a, b: np.fmod(a, b) if b else np.nan,
    "^": lambda a, b: np.power(a, b),
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def fold(op: str, left: float, right: float) -> float:
    """Comparisons give 1 or 0; division by zero and its remainder are NaN."""
    with np.errstate(all="ignore"):
        return float(_OPERATIONS[op](np.float64(left), np.float64(right)))  # type: ignore[arg-type]

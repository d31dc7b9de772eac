"""Operators on numbers, whole arrays at a time: IEEE 754 as Go computes it. A language may replace single ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lgtm.vectors.matrix import Bool

Numbers = npt.NDArray[np.float64]
Arithmetic = Callable[[Any, Any], Numbers]

ARITHMETIC: dict[str, Arithmetic] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.float_power,
}
COMPARISONS: dict[str, Callable[[Any, Any], Bool]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
SET_OPERATORS = ("and", "or", "unless")


def nan_where_divisor_is_zero(operator: Arithmetic) -> Arithmetic:
    """Where IEEE has Inf for x / 0, LogQL has NaN."""

    def divide(left: Any, right: Any) -> Numbers:
        return np.where(np.equal(right, 0), np.nan, operator(left, right))

    return divide

from __future__ import annotations

import math

import numpy as np
import pytest

from lgtm.vectors.arithmetic import ARITHMETIC, nan_where_divisor_is_zero

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("left", "op", "right", "value"),
    [
        (7, "%", 3, 1),
        (-7, "%", 3, -1),  # the sign of the dividend, as in Go
        (5, "%", 0, NAN),
        (1, "/", 0, INF),
        (0, "/", 0, NAN),
        (2, "^", 0.5, math.sqrt(2)),
        (-8, "^", 1 / 3, NAN),
        (2, "^", -1, 0.5),
        (INF, "-", INF, NAN),
    ],
)
def test_numbers_behave_as_in_go(left: float, op: str, right: float, value: float) -> None:
    with np.errstate(all="ignore"):
        got = ARITHMETIC[op](np.array([float(left)]), np.array([float(right)]))
    assert got[0] == pytest.approx(value, nan_ok=True)


def test_division_by_zero_may_be_nan_instead() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(nan_where_divisor_is_zero(np.divide)(np.array([1.0, -1.0, 0.0]), 0.0)).all()
        assert nan_where_divisor_is_zero(np.divide)(6.0, np.array([3.0])).tolist() == [2.0]

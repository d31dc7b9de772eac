"""Columns of numbers are written as one would write each of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lgtm.api.number_texts import PLAIN_MIN, WHOLE_MAX, number_texts
from lgtm.vectors.matrix import F64
from lgtm.wire.go_text import float_text

NUMBERS = st.floats() | st.integers(-(2**60), 2**60).map(float) | st.sampled_from([0.0, -0.0, PLAIN_MIN, WHOLE_MAX, -WHOLE_MAX, 1e-6, 5e-324, 0.1])


@given(arrays.arrays(np.float64, st.integers(0, 20), elements=NUMBERS))
def test_a_column_is_written_as_its_numbers_are_one_by_one(values: F64) -> None:
    assert number_texts(values, float_text) == [float_text(value) for value in values.tolist()]


@pytest.mark.parametrize("value", [-0.0, 9e-6, 1e15, 1e300, float("nan"), float("-inf")])
def test_what_is_odd_is_left_to_the_caller(value: float) -> None:
    assert number_texts(np.array([value, 1.0, 0.5]), lambda _: "odd") == ["odd", "1", "0.5"]


def test_columns_of_a_table_are_written_as_they_lie() -> None:
    table = np.arange(6.0).reshape(3, 2)
    assert number_texts(table[:, 1], float_text) == ["1", "3", "5"]

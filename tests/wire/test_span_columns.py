"""Attributes beyond the cap are kept in `rest`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.model.attributes import EVENT, SPAN, AttributeName
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX
from lgtm.wire.span_columns import Sparse, finish


def test_what_exceeds_the_cap_is_in_rest() -> None:
    many = [Sparse(AttributeName(SPAN, "", f"a{n:04}"), np.array([0, 1]), pa.array(["x", "y"]), None) for n in range(DYNAMIC_COLUMNS_MAX)]
    rare = Sparse(AttributeName(SPAN, "int", "z"), np.array([1]), pa.array([5]), None)
    event = Sparse(AttributeName(EVENT, "bool", "z"), np.array([2]), pa.array([True]), np.array([1, 2]))
    fields, arrays = finish([*many, rare, event], 2, 1 << 20)
    assert len(fields) == DYNAMIC_COLUMNS_MAX + 1
    assert arrays[-1].to_pylist() == [None, [("event:bool.z", '[null,"true"]'), ("span:int.z", "5")]]

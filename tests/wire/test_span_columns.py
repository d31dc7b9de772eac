"""Attributes beyond the cap are kept in `rest`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.model.signal import DYNAMIC_COLUMNS_MAX
from lgtm.wire.arrays import Lists, Pool, Run
from lgtm.wire.protobuf import Buffer
from lgtm.wire.span_columns import Columns, finish


def test_what_exceeds_the_cap_is_in_rest() -> None:
    names = [f"span.a{n:04}" for n in range(DYNAMIC_COLUMNS_MAX)]
    texts = Pool(pa.string())
    values = texts.add(np.tile([0, 1], len(names)), np.tile([1, 2], len(names)), str)
    texts.read(Buffer(b"xy"))
    many = Columns(names, np.arange(0, 2 * len(names) + 1, 2), np.tile([0, 1], len(names)), [Run(pa.string(), len(names), values)], 2)
    rare = Columns(["span:int.z"], np.array([0, 1]), np.array([1]), [Run(pa.int64(), 1, np.array([5]))], 2)
    event = Columns(["event:bool.z"], np.array([0, 1]), np.array([2]), [Run(pa.bool_(), 1, np.array([True]))], 3, Lists(np.array([1, 2])))
    fields, arrays = finish([many, rare, event], 2, 1 << 20)
    assert len(fields) == DYNAMIC_COLUMNS_MAX + 1
    assert arrays[0].to_pylist() == ["x", "y"]
    assert arrays[-1].to_pylist() == [None, [("event:bool.z", '[null,"true"]'), ("span:int.z", "5")]]

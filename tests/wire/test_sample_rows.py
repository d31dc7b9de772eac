"""Rows are collected into the columns of the signal."""

from __future__ import annotations

import numpy as np
import pytest

from lgtm.model.signal import SAMPLES
from lgtm.wire.bounds import TooManyRows
from lgtm.wire.fields import Ints
from lgtm.wire.sample_rows import STALE_BITS, SampleRows, flat, stale_where


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def test_rows_without_anything_special_have_the_columns_that_must_be() -> None:
    rows = SampleRows(10)
    assert rows.batch().schema.names == ["series", "ts", "value"]
    rows.add(ints(1, 0), ints(7, 8), np.array([0.5, 1]), ints(0, 0))
    assert rows.batch().to_pylist() == [{"series": 1, "ts": 7, "value": 0.5}, {"series": 0, "ts": 8, "value": 1.0}]


def test_histograms_and_starts_are_null_where_there_are_none() -> None:
    rows = SampleRows(10)
    rows.add(ints(0), ints(7), np.array([0.5]), ints(3))
    rows.add(ints(1), ints(8), np.array([1.0]), ints(0), [b"histogram"])
    batch = rows.batch()
    assert batch.schema == SAMPLES.columns
    assert [(row["histogram"], row["start_ns"]) for row in batch.to_pylist()] == [(None, 3), (b"histogram", None)]


def test_points_are_numbered_through() -> None:
    rows = SampleRows(20)
    assert rows.points()().tolist() == []
    for count, lengths in ((2, None), (4, ints(1, 0, 3)), (2, ints()), (0, ints()), (1, None)):
        rows.add(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64), lengths=lengths)
    assert rows.points()().tolist() == [0, 1, 2, 4, 4, 4, -1, -1, 5]


def test_there_is_a_bound() -> None:
    rows = SampleRows(2)
    rows.add(ints(0), ints(7), np.array([0.5]), ints(0))
    rows.expect(1)
    with pytest.raises(TooManyRows):
        rows.expect(2)


def test_the_marker_has_its_very_bits() -> None:
    rows = SampleRows(2)
    rows.add(ints(0, 0), ints(7, 8), stale_where(np.array([0.5, 1]), np.array([False, True])), ints(0, 0))
    assert rows.batch()["value"].to_numpy().view(np.uint64).tolist() == [np.float64(0.5).view(np.uint64), STALE_BITS]


def test_places_are_put_one_behind_the_other() -> None:
    assert flat([(1, 2), (), (3,)]).tolist() == [1, 2, 3]

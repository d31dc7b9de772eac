from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks import duplicates
from lgtm.blocks.duplicates import row_order, without_copies

KEYS = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1), st.sampled_from([None, "", "x", "y"])), max_size=30)


def columns(rows: list[tuple[int, int, str | None]]) -> tuple[np.ndarray, np.ndarray, pa.RecordBatch]:
    series, ts = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    return series, ts, pa.record_batch({"line": pa.array([row[2] for row in rows], pa.string())})


@given(KEYS)
def test_rows_are_ordered_by_series_then_time_then_arrival(rows: list[tuple[int, int, str | None]]) -> None:
    series, ts, _ = columns(rows)
    assert row_order(series, ts).tolist() == sorted(range(len(rows)), key=lambda at: rows[at][:2])


@given(KEYS, st.integers(1, 8))
def test_the_first_of_each_record_stays_however_the_work_is_sliced(rows: list[tuple[int, int, str | None]], slice_rows: int) -> None:
    series, ts, content = columns(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "COMPARE_ROWS", slice_rows)
        kept = without_copies(row_order(series, ts), series, ts, lambda at: content.take(pa.array(at)))
    assert sorted(kept.tolist()) == [at for at, row in enumerate(rows) if row not in rows[:at]]


@given(KEYS)
def test_without_content_one_row_a_series_and_time_stays(rows: list[tuple[int, int, str | None]]) -> None:
    series, ts, _ = columns(rows)
    kept = without_copies(row_order(series, ts), series, ts, None)
    assert [rows[at][:2] for at in kept] == sorted({row[:2] for row in rows})


def test_content_is_not_asked_for_when_no_two_rows_share_series_and_time() -> None:
    series, ts, _ = columns([(0, 1, "x"), (0, 2, "x"), (1, 1, "x")])

    def content(at: object) -> object:
        raise AssertionError("read for nothing")

    assert without_copies(row_order(series, ts), series, ts, content).tolist() == [0, 1, 2]


def test_a_difference_in_one_of_many_columns_is_never_lost() -> None:
    """256 values in each of nine columns are 72 bits: multiplied together in 64, the first column would fall out."""
    rng = np.random.default_rng(3)
    once = np.stack([rng.permutation(256) for _ in range(9)], axis=1)
    twice = once.copy()
    twice[:, 0] = np.roll(twice[:, 0], 1)
    values = np.concatenate([once, twice, once]).astype(str)
    content = pa.record_batch({f"c{n}": pa.array(values[:, n]) for n in range(9)})
    zeros = np.zeros(len(values), np.int64)
    kept = without_copies(row_order(zeros, zeros), zeros, zeros, lambda at: content.take(pa.array(at)))
    assert kept.tolist() == list(range(512))

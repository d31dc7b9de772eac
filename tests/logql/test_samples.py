"""Samples kept compact: folded by key, or raw in order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql import samples
from lgtm.logql.samples import FoldedSamples, RawSamples

batches = st.lists(st.lists(st.tuples(st.integers(0, 60) | st.integers(10**9, 10**9 + 5), st.integers(-9, 9)), max_size=12), max_size=6)

PLAIN: dict[str, Callable[[list[int]], int]] = {"add": sum, "fmin": min, "fmax": max}


@pytest.mark.parametrize("ufunc", [np.add, np.fmin, np.fmax])
@given(given=batches, loose_max=st.sampled_from([0, 5, 1_000]))
def test_folding_batch_by_batch_equals_folding_all_rows_of_a_key(ufunc: np.ufunc, given: list[list[tuple[int, int]]], loose_max: int) -> None:
    folded = FoldedSamples(ufunc)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "LOOSE_MAX", loose_max)
        for batch in given:
            table = np.array(batch, dtype=np.int64).reshape(-1, 2)
            folded.add(table[:, 0], table[:, 1].astype(np.float64))
    plain = PLAIN[ufunc.__name__]
    rows: dict[int, list[int]] = {}
    for key, value in (row for batch in given for row in batch):
        rows.setdefault(key, []).append(value)
    result = folded.result()
    assert result.keys.tolist() == sorted(rows)
    assert result.counts.tolist() == [len(rows[key]) for key in sorted(rows)]
    assert result.values.tolist() == [plain(rows[key]) for key in sorted(rows)]


def test_a_count_needs_no_values() -> None:
    folded = FoldedSamples(None)
    folded.add(np.array([3, 1, 3]), None)
    folded.add(np.array([1, 10**12]), None)
    result = folded.result()
    assert (result.keys.tolist(), result.counts.tolist(), len(result.values)) == ([1, 3, 10**12], [2, 2, 1], 0)


def test_sums_far_smaller_than_the_rows_take_no_room() -> None:
    folded = FoldedSamples(np.add)
    for _ in range(3):
        folded.add(np.arange(10_000) % 7, np.ones(10_000))
    assert folded.result().values.tolist() == [4287.0, 4287.0, 4287.0, 4287.0, 4284.0, 4284.0, 4284.0]


@given(given=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=8), max_size=4))
def test_raw_samples_come_out_by_key_then_time_then_arrival(given: list[list[tuple[int, int]]]) -> None:
    raw = RawSamples()
    rows: list[tuple[int, int, float]] = []
    for batch in given:
        numbered = [(key, ts, float(len(rows) + i)) for i, (key, ts) in enumerate(batch)]
        table = np.array(numbered).reshape(-1, 3)
        raw.add(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])
        rows += numbered
    result = raw.result()
    assert list(zip(result.keys.tolist(), result.ts_ns.tolist(), result.values.tolist(), strict=True)) == sorted(rows)

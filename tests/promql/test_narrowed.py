"""Runs find what they need in what was cut out for them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.promql.columns import Selected, offsets_of
from lgtm.promql.narrowed import Narrowed
from lgtm.promql.prepare import Selection
from lgtm.vectors.label_table import LabelTable

LENGTH_MS = 1_000
SPANS = st.integers(1, LENGTH_MS)


@given(
    st.lists(st.sets(st.integers(1, LENGTH_MS)), min_size=1, max_size=3), st.integers(1, LENGTH_MS), st.integers(1, LENGTH_MS), st.integers(-10, 10)
)
def test_each_run_has_at_least_its_samples(many: list[set[int]], span_ms: int, step_ms: int, shift_ms: int) -> None:
    labels = LabelTable.of([(("s", str(number)),) for number in range(len(many))])
    ts_ms = np.array([ts for one in many for ts in sorted(one)], np.int64) + shift_ms
    whole = Selected(labels, offsets_of([len(one) for one in many]), ts_ms, ts_ms.astype(np.float64))
    narrowed = Narrowed(whole, Selection((), shift_ms, LENGTH_MS + shift_ms))
    for start_ms in range(shift_ms - 5, LENGTH_MS + shift_ms, step_ms):
        found = narrowed.between(start_ms, start_ms + span_ms)
        assert len(found.labels) == len(many)
        for row, one in enumerate(many):
            held = found.ts_ms[found.offsets[row] : found.offsets[row + 1]].tolist()
            assert held == sorted(held)
            assert {ts for ts in held if start_ms < ts <= start_ms + span_ms} == {
                ts + shift_ms for ts in one if start_ms < ts + shift_ms <= start_ms + span_ms
            }
            assert set(held) <= {ts + shift_ms for ts in one}

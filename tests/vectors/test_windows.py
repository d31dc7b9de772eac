"""Windows of steps: (t - range - offset, t - offset]."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.vectors import windows
from lgtm.vectors.windows import WindowGrid, align_to_step, step_times


def held(grid: WindowGrid, ts_ns: list[int], groups: list[int], count: int) -> list[list[list[int]]]:
    """For each group and step, the indices of the samples in the window."""
    ts, group = np.array(ts_ns, dtype=np.int64), np.array(groups, dtype=np.int64)
    order = np.lexsort((ts, group))
    keys = (group * grid.intervals + grid.intervals_of(ts))[order]
    bounds = grid.bounds(keys, count)
    rows = zip(bounds.lo.tolist(), bounds.hi.tolist(), strict=True)
    return [[sorted(order[a:b].tolist()) for a, b in zip(los, his, strict=True)] for los, his in rows]


@pytest.mark.parametrize(
    ("ts_ns", "inside"),
    [(39, False), (40, False), (41, True), (100, True), (101, False)],
)
def test_a_window_excludes_its_left_end_and_includes_its_right_end(ts_ns: int, inside: bool) -> None:
    grid = WindowGrid(np.array([100]), range_ns=60)
    assert held(grid, [ts_ns], [0], 1) == [[[0] if inside else []]]


def test_an_offset_moves_the_window_into_the_past() -> None:
    grid = WindowGrid(np.array([100]), range_ns=10, offset_ns=50)
    assert held(grid, [40, 41, 50, 51], [0] * 4, 1) == [[[1, 2]]]


def test_times_between_windows_belong_to_none() -> None:
    grid = WindowGrid(np.array([100, 200]), range_ns=30)
    covered = grid.covered[grid.intervals_of(np.array([70, 71, 100, 101, 170, 171, 200, 201]))]
    assert covered.tolist() == [False, True, True, False, False, True, True, False]


def test_there_are_at_most_two_edges_for_a_step() -> None:
    grid = WindowGrid(step_times(0, 1000, 10), range_ns=7)
    assert grid.intervals <= 2 * 101 + 1


grids = st.tuples(
    st.integers(-50, 50), st.integers(1, 12), st.integers(1, 15), st.integers(1, 40), st.integers(-20, 20)
)  # start, steps, step, range, offset


@given(grids, st.lists(st.tuples(st.integers(-120, 300), st.integers(0, 2)), max_size=40), st.booleans())
def test_bounds_hold_exactly_the_samples_of_each_window(grid_of: tuple[int, ...], samples: list[tuple[int, int]], dense: bool) -> None:
    start, steps, step, range_ns, offset_ns = grid_of
    ends = [start + i * step for i in range(steps)]
    grid = WindowGrid(np.array(ends), range_ns=range_ns, offset_ns=offset_ns)
    expected = [
        [[i for i, (ts, g) in enumerate(samples) if g == group and end - range_ns - offset_ns < ts <= end - offset_ns] for end in ends]
        for group in range(3)
    ]
    with pytest.MonkeyPatch.context() as patch:
        if not dense:
            patch.setattr(windows, "DENSE_KEYS_MAX", 0)
        assert held(grid, [ts for ts, _ in samples], [g for _, g in samples], 3) == expected


@given(grids, st.lists(st.integers(-120, 300)))
def test_an_interval_is_covered_when_a_window_holds_its_times(grid_of: tuple[int, ...], ts_ns: list[int]) -> None:
    start, steps, step, range_ns, offset_ns = grid_of
    ends = [start + i * step - offset_ns for i in range(steps)]
    grid = WindowGrid(np.array([start + i * step for i in range(steps)]), range_ns=range_ns, offset_ns=offset_ns)
    covered = grid.covered[grid.intervals_of(np.array(ts_ns, dtype=np.int64))]
    assert covered.tolist() == [any(end - range_ns < ts <= end for end in ends) for ts in ts_ns]


@pytest.mark.parametrize(
    ("start", "end", "step", "times"),
    [(0, 30, 10, [0, 10, 20, 30]), (0, 29, 10, [0, 10, 20]), (5, 5, 10, [5]), (5, 5, 0, [5])],
)
def test_steps_run_from_start_to_end(start: int, end: int, step: int, times: list[int]) -> None:
    assert step_times(start, end, step).tolist() == times


@pytest.mark.parametrize(
    ("start", "end", "aligned"),
    [(30, 90, (30, 90)), (31, 91, (30, 120)), (59, 59, (30, 60)), (-1, 1, (-30, 30))],
)
def test_start_is_rounded_down_and_end_up_to_the_step(start: int, end: int, aligned: tuple[int, int]) -> None:
    assert align_to_step(start, end, 30) == aligned

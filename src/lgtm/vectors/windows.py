"""Windows: which samples count for which step.

The window of step t is (t - range - offset, t - offset]: its left end is outside, its right end inside. The ends of all windows cut time into
*intervals*; a window is a run of whole intervals, so a sample is fully described by (group, interval), and functions that can be folded
need only one number for all samples of a group in an interval. There are never more than 2 × steps + 1 intervals, whatever the range and step.

Samples are sorted by *key* = group × intervals + interval. The samples of a group in a window are then consecutive, from `lo` to `hi`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.vectors.matrix import I64, Bool

DENSE_KEYS_MAX = 1 << 22
"""Up to here a table of all keys (8 bytes each) beats a binary search per window."""
DENSE_KEYS_PER_WINDOW = 2
"""It does so by far when nearly all windows are asked for at once, and then is no larger than the answer."""


@dataclass(slots=True, frozen=True, eq=False)
class Bounds:
    """Samples lo..hi-1 lie in the window; both are groups × steps."""

    lo: I64
    hi: I64

    @property
    def counts(self) -> I64:
        return self.hi - self.lo

    @property
    def present(self) -> Bool:
        return self.hi > self.lo


class WindowGrid:
    """The windows of all steps of one range selector."""

    def __init__(self, steps_ns: I64, *, range_ns: int, offset_ns: int = 0) -> None:
        """steps_ns: ascending and evenly spaced, at least one. range_ns > 0.

        Any unit will do that all times share; PromQL counts in milliseconds throughout.
        """
        assert range_ns > 0
        assert len(steps_ns) > 0
        self.steps_ns = steps_ns
        self.range_ns = range_ns
        self.ends_ns: I64 = steps_ns - offset_ns
        self.starts_ns: I64 = self.ends_ns - range_ns
        self._edges_ns = np.union1d(self.starts_ns, self.ends_ns)
        self._first = np.searchsorted(self._edges_ns, self.starts_ns) + 1
        self._last = np.searchsorted(self._edges_ns, self.ends_ns)
        self._even_ns = _even_spacing(self._edges_ns)
        self.intervals = len(self._edges_ns) + 1

    @property
    def covered(self) -> Bool:
        """Of each interval, whether any window holds it. The outermost two never are; with range < step neither are the gaps."""
        change = np.zeros(self.intervals + 1, dtype=np.int64)
        np.add.at(change, self._first, 1)
        np.add.at(change, self._last + 1, -1)
        return np.cumsum(change)[:-1] > 0

    def intervals_of(self, ts_ns: I64) -> I64:
        """The interval of each time: interval i holds what is after edge i-1 and not after edge i."""
        if self._even_ns:
            # Division instead of a search: 0.6 ms against 3 to 27 ms for a million rows. In one column, as new memory costs as much again.
            intervals = ts_ns - (int(self._edges_ns[0]) + 1 - self._even_ns)
            intervals //= self._even_ns
            return np.clip(intervals, 0, self.intervals - 1, out=intervals)
        return np.searchsorted(self._edges_ns, ts_ns, side="left")

    def bounds(self, keys: I64, groups: int, steps: slice = slice(None)) -> Bounds:
        """keys: of the samples, sorted. Bounds of the chosen steps, groups × steps."""
        rows = np.arange(groups, dtype=np.int64)[:, None] * self.intervals
        begin, end = rows + self._first[steps], rows + (self._last[steps] + 1)
        if groups * self.intervals <= max(DENSE_KEYS_MAX, DENSE_KEYS_PER_WINDOW * begin.size):
            before = np.zeros(groups * self.intervals + 1, dtype=np.int64)
            np.cumsum(np.bincount(keys, minlength=groups * self.intervals), out=before[1:])
            return Bounds(before[begin], before[end])
        return Bounds(np.searchsorted(keys, begin), np.searchsorted(keys, end))


def _even_spacing(edges_ns: I64) -> int:
    """The distance of the edges when all are equally far apart, else 0."""
    gaps = np.diff(edges_ns)
    return int(gaps[0]) if (gaps == gaps[0]).all() else 0


def step_times(start_ns: int, end_ns: int, step_ns: int) -> I64:
    """start, start + step, … up to end, which is included when it falls on a step. One step when start equals end."""
    if start_ns == end_ns:
        return np.array([start_ns], dtype=np.int64)
    return np.arange(start_ns, end_ns + 1, step_ns, dtype=np.int64)


def align_to_step(start_ns: int, end_ns: int, step_ns: int) -> tuple[int, int]:
    """Start rounded down and end rounded up to multiples of the step since the epoch, so that parts of a dashboard ask for the same times."""
    return start_ns // step_ns * step_ns, -(-end_ns // step_ns) * step_ns

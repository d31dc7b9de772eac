"""The times at which a query, or the inside of a subquery, is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lgtm.vectors.matrix import I64


@dataclass(slots=True, frozen=True)
class Times:
    """start, start + step, … up to end. An instant query has one time, and no step."""

    start_ms: int
    end_ms: int
    step_ms: int = 0

    @property
    def steps_ms(self) -> I64:
        if self.start_ms == self.end_ms or self.step_ms == 0:
            return np.array([self.start_ms], dtype=np.int64)
        return np.arange(self.start_ms, self.end_ms + 1, self.step_ms, dtype=np.int64)

    @property
    def count(self) -> int:
        """How many; 0 when the end is before the start."""
        if self.start_ms == self.end_ms or self.step_ms == 0:
            return 1
        return max(0, (self.end_ms - self.start_ms) // self.step_ms + 1)

    def runs(self, steps: int) -> Iterator[Times]:
        """The same times, so many in each."""
        count = self.count
        for first in range(0, count, steps):
            start_ms = self.start_ms + first * self.step_ms
            yield replace(self, start_ms=start_ms, end_ms=start_ms + (min(steps, count - first) - 1) * self.step_ms)


def subquery_times(first_ms: int, last_ms: int, *, range_ms: int, offset_ms: int, step_ms: int) -> Times:
    """All times at which the inside of a subquery is needed that is itself needed from first_ms to last_ms: multiples of its step.

    The window of each is open on the left, so the first one lies behind its end.
    """
    begin = first_ms - offset_ms - range_ms
    start = step_ms * int(begin / step_ms) if abs(begin) < 1 << 52 else begin // step_ms * step_ms
    if start <= begin:
        start += step_ms
    return Times(start, last_ms - offset_ms, step_ms)

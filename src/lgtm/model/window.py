"""A half-open stretch of time in nanoseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass

TS_NS_MIN = -(2**63)
TS_NS_MAX = 2**63 - 1


@dataclass(slots=True, frozen=True)
class Window:
    """`[start_ns, end_ns)`: the start belongs to it, the end does not."""

    start_ns: int
    end_ns: int

    def __contains__(self, ts_ns: int) -> bool:
        return self.start_ns <= ts_ns < self.end_ns

    @property
    def is_empty(self) -> bool:
        return self.end_ns <= self.start_ns

    def since(self, start_ns: int) -> Window:
        """What of it is not before the start; empty where nothing is."""
        return self if start_ns <= self.start_ns else Window(min(start_ns, self.end_ns), self.end_ns)

    def overlaps(self, min_ns: int, max_ns: int) -> bool:
        """Whether rows with times from min_ns to max_ns, both included, may lie inside."""
        return min_ns < self.end_ns and max_ns >= self.start_ns

    def covers(self, min_ns: int, max_ns: int) -> bool:
        return self.start_ns <= min_ns and max_ns < self.end_ns


ALWAYS = Window(TS_NS_MIN, TS_NS_MAX)

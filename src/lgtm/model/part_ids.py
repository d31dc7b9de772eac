"""Which parts are held, as intervals of sequence numbers per writer and epoch: parts come nearly in order, so a few numbers stand for thousands."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator

from lgtm.model.part import PartId

Interval = tuple[bytes, int, int, int]
"""(writer, epoch, first sequence, last sequence), both included."""


class Intervals:
    """A set of non-negative integers as disjoint, sorted, closed intervals."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, number: int) -> None:
        at = bisect.bisect_right(self._starts, number)
        if at and number <= self._ends[at - 1]:
            return
        joins_left = at > 0 and self._ends[at - 1] == number - 1
        joins_right = at < len(self._starts) and self._starts[at] == number + 1
        if joins_left and joins_right:
            self._ends[at - 1] = self._ends.pop(at)
            self._starts.pop(at)
        elif joins_left:
            self._ends[at - 1] = number
        elif joins_right:
            self._starts[at] = number
        else:
            self._starts.insert(at, number)
            self._ends.insert(at, number)

    def add_range(self, first: int, last: int) -> None:
        """All numbers from first to last, both included."""
        low = bisect.bisect_left(self._ends, first - 1)
        high = bisect.bisect_right(self._starts, last + 1)
        if low < high:
            first, last = min(first, self._starts[low]), max(last, self._ends[high - 1])
        self._starts[low:high], self._ends[low:high] = [first], [last]

    def remove_range(self, first: int, last: int) -> None:
        """No number from first to last stays."""
        low, high = bisect.bisect_left(self._ends, first), bisect.bisect_right(self._starts, last)
        if low < high:
            kept = [(self._starts[low], first - 1), (last + 1, self._ends[high - 1])]
            kept = [(start, end) for start, end in kept if start <= end]
            self._starts[low:high], self._ends[low:high] = [start for start, _ in kept], [end for _, end in kept]

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_right(self._starts, number)
        return at > 0 and number <= self._ends[at - 1]

    def covers(self, first: int, last: int) -> bool:
        """Whether all numbers from first to last are in the set."""
        at = bisect.bisect_right(self._starts, first)
        return at > 0 and last <= self._ends[at - 1]

    def touches(self, first: int, last: int) -> bool:
        """Whether any number from first to last is in the set."""
        at = bisect.bisect_left(self._ends, first)
        return at < len(self._starts) and self._starts[at] <= last

    def within(self, first: int, last: int) -> list[tuple[int, int]]:
        """The intervals that have numbers from first to last, whole."""
        low, high = bisect.bisect_left(self._ends, first), bisect.bisect_right(self._starts, last)
        return list(zip(self._starts[low:high], self._ends[low:high], strict=True))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(first, last) of each interval, both included."""
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        """Number of intervals, not of integers."""
        return len(self._starts)


class PartIds:
    """A set of part ids."""

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._writers: dict[tuple[bytes, int], Intervals] = {}
        self.add_all(intervals)

    def add(self, part_id: PartId) -> None:
        self._writers.setdefault((part_id.writer, part_id.epoch), Intervals()).add(part_id.sequence)

    def add_all(self, intervals: Iterable[Interval]) -> None:
        for writer, epoch, first, last in intervals:
            self._writers.setdefault((writer, epoch), Intervals()).add_range(first, last)

    def update(self, other: PartIds) -> None:
        self.add_all(other.intervals())

    def __contains__(self, part_id: PartId) -> bool:
        held = self._writers.get((part_id.writer, part_id.epoch))
        return held is not None and part_id.sequence in held

    def __bool__(self) -> bool:
        return any(len(held) for held in self._writers.values())

    def covers(self, other: PartIds) -> bool:
        """Whether every part of the other set is in this one."""
        return all(
            (held := self._writers.get((writer, epoch))) is not None and held.covers(first, last) for writer, epoch, first, last in other.intervals()
        )

    def overlaps(self, other: PartIds) -> bool:
        """Whether the two have a part in common."""
        return any(
            (held := self._writers.get((writer, epoch))) is not None and held.touches(first, last) for writer, epoch, first, last in other.intervals()
        )

    def without(self, other: PartIds) -> PartIds:
        """The parts that are not in the other set, as a set of its own. Costs what this set has, however large the other one is."""
        left = PartIds(self.intervals())
        for (writer, epoch), held in left._writers.items():
            if (others := other._writers.get((writer, epoch))) is not None:
                for first, last in list(held):
                    for low, high in others.within(first, last):
                        held.remove_range(low, high)
        return left

    def of(self, writer: bytes, epoch: int) -> Intervals | None:
        """The sequences of one writer and epoch."""
        return self._writers.get((writer, epoch))

    def intervals(self) -> Iterator[Interval]:
        """(writer, epoch, first sequence, last sequence), in order."""
        for (writer, epoch), held in sorted(self._writers.items(), key=lambda item: item[0]):
            for first, last in held:
                yield writer, epoch, first, last

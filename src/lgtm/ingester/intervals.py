"""Which parts are held, as intervals of sequence numbers per writer and epoch: parts come nearly in order, so a few numbers stand for thousands."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from lgtm.model.part import PartId


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

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_right(self._starts, number)
        return at > 0 and number <= self._ends[at - 1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(first, last) of each interval, both included."""
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        """Number of intervals, not of integers."""
        return len(self._starts)


class PartIds:
    """A set of part ids."""

    def __init__(self) -> None:
        self._writers: dict[tuple[bytes, int], Intervals] = {}

    def add(self, part_id: PartId) -> None:
        self._writers.setdefault((part_id.writer, part_id.epoch), Intervals()).add(part_id.sequence)

    def update(self, other: PartIds) -> None:
        for writer, epoch, first, last in other.intervals():
            for sequence in range(first, last + 1):
                self.add(PartId(writer, epoch, sequence))

    def __contains__(self, part_id: PartId) -> bool:
        held = self._writers.get((part_id.writer, part_id.epoch))
        return held is not None and part_id.sequence in held

    def intervals(self) -> Iterator[tuple[bytes, int, int, int]]:
        """(writer, epoch, first sequence, last sequence), in order."""
        for (writer, epoch), held in sorted(self._writers.items(), key=lambda item: item[0]):
            for first, last in held:
                yield writer, epoch, first, last

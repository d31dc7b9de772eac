"""Log sequence numbers and sets of them, as sorted disjoint ranges. An lsn counts frames from 1, without gaps, across segments and restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NewType

Lsn = NewType("Lsn", int)
SegmentNumber = NewType("SegmentNumber", int)


@dataclass(slots=True, frozen=True, order=True)
class LsnRange:
    """Both ends belong to it: people read and compare these, and "frames 11 to 13" is how they say it."""

    first: int
    last: int

    def __post_init__(self) -> None:
        assert self.first <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


Ranges = tuple[LsnRange, ...]


def merge(ranges: Iterable[LsnRange]) -> Ranges:
    """The union, sorted, neighbours joined."""
    merged: list[LsnRange] = []
    for item in sorted(ranges):
        if merged and item.first <= merged[-1].last + 1:
            merged[-1] = LsnRange(merged[-1].first, max(merged[-1].last, item.last))
        else:
            merged.append(item)
    return tuple(merged)


def subtract(ranges: Iterable[LsnRange], removed: Iterable[LsnRange]) -> Ranges:
    """What is in `ranges` and not in `removed`."""
    holes = merge(removed)
    return tuple(piece for item in merge(ranges) for piece in _without(item, holes))


def intersect(ranges: Iterable[LsnRange], others: Iterable[LsnRange]) -> Ranges:
    kept = merge(ranges)
    return subtract(kept, subtract(kept, others))


def count(ranges: Iterable[LsnRange]) -> int:
    return sum(len(item) for item in merge(ranges))


def coarsen(ranges: Ranges) -> Ranges:
    """Half as many ranges that cover at least the same: each is joined with its right neighbour."""
    pairs = (ranges[i : i + 2] for i in range(0, len(ranges), 2))
    return tuple(LsnRange(pair[0].first, pair[-1].last) for pair in pairs)


def _without(item: LsnRange, holes: Ranges) -> Iterator[LsnRange]:
    first = item.first
    for hole in holes:
        if hole.last < first:
            continue
        if hole.first > item.last:
            break
        if hole.first > first:
            yield LsnRange(first, hole.first - 1)
        first = hole.last + 1
    if first <= item.last:
        yield LsnRange(first, item.last)

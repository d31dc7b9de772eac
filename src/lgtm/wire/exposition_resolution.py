"""Scraped native histograms with fewer, wider buckets: each schema less joins them two by two. Rules: Prometheus, model/histogram (Apache-2.0)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import sub

SCHEMA_MIN, SCHEMA_MAX = -4, 8


@dataclass(slots=True, frozen=True)
class Resolution:
    """How fine histograms are kept. buckets_max: of both sides together; 0: any number. What has more at SCHEMA_MIN still has too many."""

    schema_max: int = SCHEMA_MAX
    buckets_max: int = 0

    def is_kept(self, schema: int, buckets: int) -> bool:
        return schema <= self.schema_max and (not self.buckets_max or buckets <= self.buckets_max)


ANY = Resolution()


@dataclass(slots=True, frozen=True)
class Side:
    """Buckets on one side of zero. index: ascending, one for each count; a count may be 0."""

    index: Sequence[int]
    counts: Sequence[float]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]], counts: Sequence[float]) -> Side:
        """spans: offset from the end of the one before, and length. As many buckets as counts."""
        index: list[int] = []
        end = 0
        for offset, length in spans:
            index += range(end + offset, end + offset + length)
            end += offset + length
        return cls(index, counts)

    def coarser(self, steps: int) -> Side:
        """Buckets are 2^steps times as wide."""
        wider = [((at - 1) >> steps) + 1 for at in self.index]
        joined = [(at, sum(count for _, count in group)) for at, group in groupby(zip(wider, self.counts, strict=True), lambda one: one[0])]
        return Side([at for at, _ in joined], [count for _, count in joined])

    def spans(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        end = 0
        for at in self.index:
            if found and at == end:
                found[-1] = found[-1][0], found[-1][1] + 1
            else:
                found.append((at - end, 1))
            end = at + 1
        return found

    def deltas(self) -> list[float]:
        return list(map(sub, self.counts, [0, *self.counts]))


def fitted(schema: int, sides: tuple[Side, Side], resolution: Resolution) -> tuple[int, tuple[Side, Side]]:
    """The finest schema that is kept, and the buckets at it."""
    kept = min(schema, resolution.schema_max)
    negative, positive = (side.coarser(schema - kept) for side in sides)
    while kept > SCHEMA_MIN and not resolution.is_kept(kept, len(negative.index) + len(positive.index)):
        kept, negative, positive = kept - 1, negative.coarser(1), positive.coarser(1)
    return kept, (negative, positive)


def schema_of_factor(factor: float) -> int:
    """The finest one at which each bucket is at least `factor` times as wide as the one before; the finest of all up to 1."""
    if factor <= 1:
        return SCHEMA_MAX
    return max(SCHEMA_MIN, min(math.floor(-math.log2(math.log2(factor))), SCHEMA_MAX))

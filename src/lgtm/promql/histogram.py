"""A native histogram as a value: layout, arithmetic, and what two of different layouts have in common.

Exponential layouts have a schema s from -4 to 8: bucket i ends at 2^(i · 2^-s), inclusively, and begins where bucket i-1 ends. Negative buckets
mirror that. Values up to the zero threshold on either side of zero are in the zero bucket. A histogram with custom buckets (schema -53) lists its
upper bounds instead; bucket 0 begins at -Inf and the last one ends at +Inf.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field, replace

import numpy as np

from lgtm.promql.numbers import format_short
from lgtm.vectors.matrix import F64, I64, Bool

CUSTOM_SCHEMA = -53


class ResetHint(enum.IntEnum):
    """What a histogram knows of a counter reset between its predecessor and itself; numbers as in remote write."""

    UNKNOWN = 0
    RESET = 1
    NOT_RESET = 2
    GAUGE = 3


class IncompatibleSchemas(Exception):
    """One histogram has exponential buckets, the other custom ones."""


@dataclass(slots=True, frozen=True, eq=False)
class Buckets:
    """index: ascending. counts: one for each; buckets in between are empty."""

    index: I64
    counts: F64

    @classmethod
    def of(cls, counts: dict[int, float]) -> Buckets:
        index = sorted(counts)
        return cls(np.array(index, dtype=np.int64), np.array([counts[i] for i in index], dtype=np.float64))

    def __len__(self) -> int:
        return len(self.index)

    def scaled(self, factor: float) -> Buckets:
        return Buckets(self.index, self.counts * factor)

    def where(self, kept: Bool) -> Buckets:
        return self if kept.all() else Buckets(self.index[kept], self.counts[kept])

    def populated(self) -> Buckets:
        return self.where(self.counts != 0)

    def moved(self, index: I64) -> Buckets:
        """With new numbers, ascending but not all different: buckets that meet are joined."""
        if len(index) < 2 or (np.diff(index) > 0).all():
            return Buckets(index, self.counts)
        starts = np.flatnonzero(np.diff(index, prepend=index[0] - 1))
        return Buckets(index[starts], np.add.reduceat(self.counts, starts))

    def plus(self, other: Buckets, sign: float) -> Buckets:
        if len(self) == len(other) and (self.index == other.index).all():
            return Buckets(self.index, self.counts + sign * other.counts)
        index = np.union1d(self.index, other.index)
        counts = np.zeros(len(index))
        counts[np.searchsorted(index, self.index)] += self.counts
        counts[np.searchsorted(index, other.index)] += sign * other.counts
        return Buckets(index, counts)

    def counts_at(self, index: I64) -> F64:
        """The counts of these buckets, 0 for those that are not held."""
        if not len(self):
            return np.zeros(len(index))
        at = np.minimum(np.searchsorted(self.index, index), len(self) - 1)
        return np.where(self.index[at] == index, self.counts[at], 0.0)


NO_BUCKETS = Buckets(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(slots=True, frozen=True, eq=False)
class Spread:
    """Buckets of all sides from -Inf to +Inf: bounds, counts, and which one is the zero bucket (-1: none)."""

    lower: F64
    upper: F64
    counts: F64
    zero: int


@dataclass(slots=True, frozen=True, eq=False)
class Histogram:
    schema: int = 0
    count: float = 0.0
    sum: float = 0.0
    zero_count: float = 0.0
    zero_threshold: float = 0.0
    positive: Buckets = field(default=NO_BUCKETS)
    negative: Buckets = field(default=NO_BUCKETS)
    bounds: tuple[float, ...] = ()
    """Upper bounds of custom buckets but the last."""
    hint: ResetHint = ResetHint.UNKNOWN

    @property
    def custom(self) -> bool:
        return self.schema == CUSTOM_SCHEMA

    def __str__(self) -> str:
        parts = [f"count:{format_short(self.count)}", f"sum:{format_short(self.sum)}"]
        for lower, upper, count, brackets in self.rows():
            parts.append(f"{brackets[0]}{format_short(lower)},{format_short(upper)}{brackets[1]}:{format_short(count)}")
        return "{" + ", ".join(parts) + "}"

    def rows(self) -> list[tuple[float, float, float, str]]:
        """Populated buckets, ascending: lower and upper bound, count, and the brackets that say which bound is inside."""
        spread = self.spread()
        rows = []
        for at, (lower, upper, count) in enumerate(zip(spread.lower.tolist(), spread.upper.tolist(), spread.counts.tolist(), strict=True)):
            brackets = "[]" if at == spread.zero or lower == -math.inf else "(]" if self.custom or lower >= 0 else "[)"
            if count != 0:
                rows.append((lower, upper, count, brackets))
        return rows

    def spread(self) -> Spread:
        if self.custom:
            ends = np.array([-math.inf, *self.bounds, math.inf])
            index = np.minimum(self.positive.index, len(self.bounds))
            return Spread(ends[index], ends[index + 1], self.positive.counts, -1)
        zero = [self.zero_threshold] if self.zero_count > 0 else []
        negative, positive = self.negative.index[::-1], self.positive.index
        return Spread(
            np.concatenate([-self.upper_bounds(negative), [-t for t in zero], self.upper_bounds(positive - 1)]),
            np.concatenate([-self.upper_bounds(negative - 1), zero, self.upper_bounds(positive)]),
            np.concatenate([self.negative.counts[::-1], [self.zero_count] if zero else [], self.positive.counts]),
            len(negative) if zero else -1,
        )

    def upper_bounds(self, index: I64) -> F64:
        """Where these buckets of an exponential layout end. The last finite one ends at the largest number, the one beyond it at +Inf."""
        power = index * math.pow(2.0, -self.schema)
        with np.errstate(over="ignore"):
            return np.where(power == 1024, np.finfo(np.float64).max, np.exp2(power))

    def equals(self, other: Histogram) -> bool:
        """Layouts and populated buckets agree to the bit; the reset hint does not matter."""
        same_numbers = all(
            _same_bits(mine, theirs) for mine, theirs in ((self.count, other.count), (self.sum, other.sum), (self.zero_count, other.zero_count))
        )
        return (
            same_numbers
            and self.schema == other.schema
            and self.zero_threshold == other.zero_threshold
            and self.bounds == other.bounds
            and _same_buckets(self.positive.populated(), other.positive.populated())
            and _same_buckets(self.negative.populated(), other.negative.populated())
        )

    # --- arithmetic ---

    def compact(self) -> Histogram:
        """Without empty buckets."""
        return replace(self, positive=self.positive.populated(), negative=self.negative.populated())

    def with_hint(self, hint: ResetHint) -> Histogram:
        return self if hint is self.hint else replace(self, hint=hint)

    def times(self, factor: float) -> Histogram:
        hint = ResetHint.GAUGE if factor < 0 else self.hint
        with np.errstate(invalid="ignore", over="ignore"):
            return replace(
                self,
                zero_count=self.zero_count * factor,
                count=self.count * factor,
                sum=self.sum * factor,
                positive=self.positive.scaled(factor),
                negative=self.negative.scaled(factor),
                hint=hint,
            )

    def divided_by(self, divisor: float) -> Histogram:
        """Division by zero leaves no buckets."""
        hint = ResetHint.GAUGE if divisor < 0 else self.hint
        numbers = np.array([self.zero_count, self.count, self.sum])
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            zero_count, count, total = (numbers / divisor).tolist()
            positive = NO_BUCKETS if divisor == 0 else Buckets(self.positive.index, self.positive.counts / divisor)
            negative = NO_BUCKETS if divisor == 0 else Buckets(self.negative.index, self.negative.counts / divisor)
        return replace(self, zero_count=zero_count, count=count, sum=total, positive=positive, negative=negative, hint=hint)

    def plus(self, other: Histogram, sign: float = 1.0) -> Histogram:
        """The sum, or with sign -1 the difference, in the layout that both have in common. Raises IncompatibleSchemas."""
        mine, theirs = common_layout(self, other)
        with np.errstate(invalid="ignore", over="ignore"):
            return replace(
                mine,
                count=mine.count + sign * theirs.count,
                sum=mine.sum + sign * theirs.sum,
                zero_count=mine.zero_count + sign * theirs.zero_count,
                positive=mine.positive.plus(theirs.positive, sign),
                negative=mine.negative.plus(theirs.negative, sign),
                hint=merged_hint(self.hint, other.hint),
            )

    def to_schema(self, schema: int) -> Histogram:
        """The same observations in a layout that is 2^(self.schema - schema) times coarser."""
        shift = self.schema - schema
        if shift <= 0:
            return self
        return replace(
            self,
            schema=schema,
            positive=self.positive.moved(((self.positive.index - 1) >> shift) + 1),
            negative=self.negative.moved(((self.negative.index - 1) >> shift) + 1),
        )

    def to_bounds(self, bounds: tuple[float, ...]) -> Histogram:
        """The same observations in fewer custom buckets."""
        if bounds == self.bounds:
            return self
        ends = np.array([*self.bounds, math.inf])
        index = np.searchsorted(np.array([*bounds, math.inf]), ends[np.minimum(self.positive.index, len(self.bounds))])
        return replace(self, bounds=bounds, positive=self.positive.moved(index))

    def widened(self, threshold: float) -> Histogram:
        """With the buckets that begin below the new zero threshold in the zero bucket."""
        if threshold == self.zero_threshold:
            return self
        outside = [self.upper_bounds(side.index - 1) >= threshold for side in (self.positive, self.negative)]
        inside = sum(float(side.counts[~far].sum()) for side, far in zip((self.positive, self.negative), outside, strict=True))
        return replace(
            self,
            zero_threshold=threshold,
            zero_count=self.zero_count + inside,
            positive=self.positive.where(outside[0]),
            negative=self.negative.where(outside[1]),
        )

    def uncut(self, threshold: float) -> float:
        """The smallest threshold from `threshold` on that does not cut through a populated bucket."""
        for side in (self.positive, self.negative):
            lower, upper = self.upper_bounds(side.index - 1), self.upper_bounds(side.index)
            cut = upper[(lower < threshold) & (threshold < upper) & (side.counts != 0)]
            if len(cut):
                threshold = float(cut[0])
        return threshold

    # --- counters ---

    def resets_after(self, previous: Histogram) -> bool:
        """Whether a counter was reset between the two: some count fell, or the layout changed in a way only a restart explains."""
        if self.hint in (ResetHint.RESET, ResetHint.NOT_RESET):
            return self.hint is ResetHint.RESET
        if self.count < previous.count or self.custom != previous.custom:
            return True
        if self.custom:
            now, before = common_layout(self, previous)
            return _fell(now.positive, before.positive)
        if self.schema > previous.schema or self.zero_threshold < previous.zero_threshold:
            return True
        if self.zero_threshold != previous.zero_threshold and previous.uncut(self.zero_threshold) != self.zero_threshold:
            return True
        before = previous.widened(self.zero_threshold).to_schema(self.schema)
        return self.zero_count < before.zero_count or _fell(self.positive, before.positive) or _fell(self.negative, before.negative)


def merged_hint(one: ResetHint, other: ResetHint) -> ResetHint:
    if one is other:
        return one
    return ResetHint.GAUGE if ResetHint.GAUGE in (one, other) else ResetHint.UNKNOWN


def hints_collide(one: ResetHint, other: ResetHint) -> bool:
    return {one, other} == {ResetHint.RESET, ResetHint.NOT_RESET}


def common_layout(one: Histogram, other: Histogram) -> tuple[Histogram, Histogram]:
    """Both in the finest layout that each can be brought to. Raises IncompatibleSchemas."""
    if one.custom != other.custom:
        raise IncompatibleSchemas
    if one.custom:
        bounds = one.bounds
        if one.bounds != other.bounds:
            held = set(other.bounds)
            bounds = tuple(bound for bound in one.bounds if bound in held)
        return one.to_bounds(bounds), other.to_bounds(bounds)
    threshold = common_threshold(one, other)
    schema = min(one.schema, other.schema)
    return one.widened(threshold).to_schema(schema), other.widened(threshold).to_schema(schema)


def common_threshold(one: Histogram, other: Histogram) -> float:
    """The smallest zero threshold not below either that cuts through no populated bucket."""
    if one.zero_threshold == other.zero_threshold:
        return one.zero_threshold
    threshold = max(one.zero_threshold, other.zero_threshold)
    while (wider := other.uncut(one.uncut(threshold))) != threshold:
        threshold = wider
    return threshold


def _fell(now: Buckets, before: Buckets) -> bool:
    return bool((now.counts_at(before.index) < before.counts).any())


def _same_bits(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _same_buckets(one: Buckets, other: Buckets) -> bool:
    return len(one) == len(other) and bool((one.index == other.index).all()) and bool((one.counts == other.counts).all())

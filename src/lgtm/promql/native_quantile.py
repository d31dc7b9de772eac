"""Estimates from the buckets of one native histogram: quantiles, fractions, deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lgtm.promql.histogram import Histogram
from lgtm.vectors.matrix import F64


@dataclass(slots=True, frozen=True, eq=False)
class Span:
    """One bucket, with its bounds drawn in where the other side of zero cannot hold anything."""

    lower: float
    upper: float
    count: float
    linear: bool

    def at(self, fraction: float) -> float:
        """The value below which this fraction of the bucket lies."""
        if self.linear:
            return self.lower + (self.upper - self.lower) * fraction
        low, high = math.log2(abs(self.lower)), math.log2(abs(self.upper))
        if self.lower > 0:
            return float(np.exp2(low + (high - low) * fraction))
        return -float(np.exp2(high + (low - high) * (1 - fraction)))

    def fraction_below(self, value: float) -> float:
        if self.linear:
            return (value - self.lower) / (self.upper - self.lower)
        low, high, at = math.log2(abs(self.lower)), math.log2(abs(self.upper)), math.log2(abs(value))
        return (at - low) / (high - low) if value > 0 else 1 - (at - high) / (low - high)


def spans_of(histogram: Histogram) -> list[Span]:
    """All buckets, ascending. Linear interpolation holds in custom buckets and in the zero bucket, exponential in the others."""
    spread = histogram.spread()
    spans = []
    for at, (lower, upper, count) in enumerate(zip(spread.lower.tolist(), spread.upper.tolist(), spread.counts.tolist(), strict=True)):
        if at == spread.zero:
            if not len(histogram.negative) and len(histogram.positive):
                lower = 0.0
            elif not len(histogram.positive) and len(histogram.negative):
                upper = 0.0
        spans.append(Span(lower, upper, count, histogram.custom or at == spread.zero or lower == 0 or upper == 0))
    return spans


def quantile(phi: float, histogram: Histogram) -> float:
    """NaN when there are no observations. Raises nothing; NaN observations count as larger than all others."""
    if phi < 0 or phi > 1 or math.isnan(phi):
        return math.nan if math.isnan(phi) else math.copysign(math.inf, phi - 0.5)
    if histogram.count == 0:
        return math.nan
    # From the nearer end, so that errors stay small; but not where observations of NaN are missing at the upper one.
    forwards = math.isnan(histogram.sum) or phi < 0.5
    rank = phi * histogram.count if forwards else (1 - phi) * histogram.count
    spans = [span for span in spans_of(histogram) if span.count != 0]
    if not spans:
        return math.nan
    reached, at = 0.0, spans[0]
    for at in spans if forwards else reversed(spans):
        reached += at.count
        if reached >= rank:
            break
    if histogram.custom and at.lower == -math.inf:
        if at.upper <= 0:
            return at.upper
        at = Span(0.0, at.upper, at.count, linear=True)
    elif histogram.custom and at.upper == math.inf:
        return at.lower
    reached = min(reached, histogram.count)
    if reached < rank:
        return math.nan
    within = rank - (reached - at.count) if forwards else reached - rank
    return at.at(within / at.count)


def fraction(lower: float, upper: float, histogram: Histogram) -> float:
    """The share of observations between two values."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan
    if lower >= upper:
        return 0.0
    spans = spans_of(histogram)
    count = histogram.count
    low, high = (min(_rank(value, spans, histogram), count) for value in (lower, upper))
    return (high - low) / count


def _rank(value: float, spans: list[Span], histogram: Histogram) -> float:
    """How many observations lie below the value."""
    below = 0.0
    for span in spans:
        if histogram.custom and span.lower == -math.inf and span.upper > 0:
            span = Span(0.0 if value > -math.inf else -math.inf, span.upper, span.count, linear=True)
        if span.lower >= value:
            return below
        if span.upper > value and math.isfinite(span.lower) and math.isfinite(span.upper):
            return below + span.count * span.fraction_below(value)
        if span.upper > value and span.upper == math.inf and math.isfinite(span.lower):
            # Of a bucket without end nothing is known but its count: it lies at its finite bound.
            return below
        below += span.count
    return histogram.count


def variance(histogram: Histogram) -> float:
    """Around the mean, each observation at the middle of its bucket: the geometric one, and 0 in the zero bucket."""
    spread = histogram.spread()
    held = spread.counts != 0
    lower, upper, counts = spread.lower[held], spread.upper[held], spread.counts[held]
    with np.errstate(all="ignore"):
        if histogram.custom:
            middles: F64 = (lower + upper) / 2
        else:
            middles = np.where((lower <= 0) & (upper >= 0), 0.0, np.sign(upper) * np.sqrt(np.abs(lower) * np.abs(upper)))
        mean = np.float64(histogram.sum) / histogram.count
        return float(math.fsum((counts * (middles - mean) ** 2).tolist()) / np.float64(histogram.count)) if _finite(middles, mean) else _beyond(mean)


def _finite(middles: F64, mean: float) -> bool:
    return bool(np.isfinite(middles).all() and np.isfinite(mean))


def _beyond(mean: float) -> float:
    return math.nan if math.isnan(mean) else math.inf

"""`histogram </ x` and `histogram >/ x`: only the observations below or above a value, with the sum estimated from what remains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lgtm.promql.histogram import NO_BUCKETS, Buckets, Histogram
from lgtm.promql.native_quantile import Span, spans_of


def trim_above(histogram: Histogram, limit: float) -> Histogram:
    """Observations up to `limit`."""
    return _trim(histogram, limit, keeps_lower=True)


def trim_below(histogram: Histogram, limit: float) -> Histogram:
    """Observations from `limit` on."""
    return _trim(histogram, limit, keeps_lower=False)


def _trim(histogram: Histogram, limit: float, *, keeps_lower: bool) -> Histogram:
    if math.isnan(limit):
        return replace(histogram, count=0.0, sum=0.0, zero_count=0.0, positive=NO_BUCKETS, negative=NO_BUCKETS)
    spans = spans_of(histogram)
    kept = [_kept(span, limit, custom=histogram.custom, keeps_lower=keeps_lower) for span in spans]
    if all(count == span.count for span, (count, _) in zip(spans, kept, strict=True)):
        return histogram.compact()
    total = sum(count for count, _ in kept)
    estimate = sum(count * middle for count, middle in kept if count)
    counts = np.array([count for count, _ in kept])
    negatives, zero = len(histogram.negative), int(histogram.spread().zero >= 0)
    if histogram.custom:
        return replace(histogram, count=total, sum=estimate, positive=Buckets(histogram.positive.index, counts)).compact()
    return replace(
        histogram,
        count=total,
        sum=estimate,
        negative=Buckets(histogram.negative.index, counts[:negatives][::-1]),
        zero_count=float(counts[negatives]) if zero else 0.0,
        positive=Buckets(histogram.positive.index, counts[negatives + zero :]),
    ).compact()


def _kept(span: Span, limit: float, *, custom: bool, keeps_lower: bool) -> tuple[float, float]:
    """How many observations of a bucket remain, and the value each is taken to have."""
    lower, upper = span.lower, span.upper
    if custom and lower == -math.inf and upper > 0 and upper != math.inf:
        lower = 0.0
    if limit == (math.inf if keeps_lower else -math.inf):
        return span.count, _middle(span, lower, upper)
    if (upper if keeps_lower else -lower) <= (limit if keeps_lower else -limit):
        return span.count, _middle(span, lower, upper)
    if (lower if keeps_lower else -upper) >= (limit if keeps_lower else -limit):
        return 0.0, 0.0
    if math.isinf(lower) or math.isinf(upper):
        return _open_ended(span, lower, upper, limit, keeps_lower=keeps_lower)
    share = Span(lower, upper, span.count, span.linear).fraction_below(limit)
    if keeps_lower:
        return span.count * share, _middle(span, lower, limit)
    return span.count * (1 - share), _middle(span, limit, upper)


def _open_ended(span: Span, lower: float, upper: float, limit: float, *, keeps_lower: bool) -> tuple[float, float]:
    """A bucket without an end on one side is kept whole or not at all: its observations are taken to be at the limit, or at its end."""
    if keeps_lower:
        return (span.count, limit) if lower == -math.inf and upper != math.inf else (0.0, 0.0)
    return (span.count, limit) if upper == math.inf and lower != -math.inf else (0.0, 0.0)


def _middle(span: Span, lower: float, upper: float) -> float:
    if math.isinf(lower) or math.isinf(upper):
        return 0.0 if math.isinf(lower) and math.isinf(upper) else (upper if math.isinf(lower) else lower)
    if span.linear:
        return (lower + upper) / 2
    return math.copysign(math.sqrt(abs(lower) * abs(upper)), upper if upper else lower)

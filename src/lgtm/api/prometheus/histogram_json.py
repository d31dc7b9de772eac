"""A native histogram as the JSON of Prometheus: count, sum, and populated buckets from -Inf up, each with a rule that says which bound is inside."""

from __future__ import annotations

import math

from lgtm.api.prometheus.numbers import value_text
from lgtm.promql.histogram import Histogram

UPPER_INSIDE, LOWER_INSIDE, BOTH_INSIDE = 0, 1, 3


def histogram_json(histogram: Histogram) -> str:
    """`{"count":"3","sum":"5","buckets":[[0,"1","2","3"]]}`; without `buckets` when none is populated."""
    buckets = _buckets(histogram)
    told = f',"buckets":[{",".join(buckets)}]' if buckets else ""
    return f'{{"count":"{value_text(histogram.count)}","sum":"{value_text(histogram.sum)}"{told}}}'


def _buckets(histogram: Histogram) -> list[str]:
    spread = histogram.spread()
    bounds = zip(spread.lower.tolist(), spread.upper.tolist(), spread.counts.tolist(), strict=True)
    return [
        f'[{_rule(histogram, place, lower, zero=spread.zero)},"{value_text(lower)}","{value_text(upper)}","{value_text(count)}"]'
        for place, (lower, upper, count) in enumerate(bounds)
        if count != 0
    ]


def _rule(histogram: Histogram, place: int, lower: float, *, zero: int) -> int:
    """zero: the place of the zero bucket, or -1. The first custom bucket, which begins at -Inf, is closed on both sides."""
    if histogram.custom:
        return BOTH_INSIDE if lower == -math.inf else UPPER_INSIDE
    if place == zero:
        return BOTH_INSIDE
    return LOWER_INSIDE if place < len(histogram.negative) else UPPER_INSIDE

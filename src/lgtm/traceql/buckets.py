"""Distributions by powers of two: what histogram_over_time counts and quantile_over_time interpolates in.

A value goes to the smallest power of two that is not below it; values below 2 are left out. Durations are counted in nanoseconds and their
bounds told in seconds. Floats are not counted.
"""

from __future__ import annotations

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.traceql.columns import I64, AnyArray
from lgtm.vectors.matrix import F64

VALUE_MIN = 2
EXPONENTS = 64


def exponents(values: AnyArray) -> I64:
    """The power of two of each value; values: integers of at least VALUE_MIN."""
    # frexp is exact where log2 rounds; beyond 2^53 the float of an integer may lie on the power of two it is just above or below.
    mantissa, exponent = np.frexp(values.astype(np.float64))
    return np.asarray(exponent.astype(np.int64) - (mantissa == 0.5))


def bound(exponent: I64, *, seconds: bool) -> F64:
    return np.asarray(np.exp2(exponent.astype(np.float64)) / (NS_PER_S if seconds else 1))


def quantile(counts: F64, q: float, *, seconds: bool) -> F64:
    """counts: exponents × steps. The value below which a share q of a step's spans lies; 0 without spans.

    Between two bounds the value grows exponentially with the rank, from the bound of the bucket before that has any spans.
    """
    totals = counts.sum(axis=0)
    target = np.maximum(1, np.ceil(q * totals))
    through = np.cumsum(counts, axis=0)
    # The first bucket that holds the target's rank.
    bucket = np.argmax(through >= target, axis=0)
    steps = np.arange(counts.shape[1])
    inside = counts[bucket, steps]
    before = through[bucket, steps] - inside
    filled = np.where(counts > 0, np.arange(len(counts))[:, None], -1)
    earlier = np.where(np.arange(len(counts))[:, None] < bucket, filled, -1).max(axis=0)
    low = np.where(earlier >= 0, earlier, bucket - 1)
    fraction = np.divide(target - before, inside, out=np.zeros(len(steps)), where=inside > 0)
    value = np.exp2(low + (bucket - low) * fraction) / (NS_PER_S if seconds else 1)
    return np.asarray(np.where(totals > 0, value, 0.0))

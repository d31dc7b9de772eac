"""Sums that lose no digits: each addition's rounding error is kept beside the sum (Møller 1965, Knuth's TwoSum), as Prometheus does.

The terms of all groups are folded in halves, so that a whole column costs a few array operations a level, and not one Python step a term.
"""

from __future__ import annotations

import numpy as np

from lgtm.vectors.matrix import F64, I64

_EXACT = float(1 << 53)


def sum_groups(terms: F64, counts: I64) -> F64:
    """Sums of consecutive runs of rows: terms × steps (or just terms), counts of rows per run, becomes runs × steps. An empty run sums to 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        if _is_exact(terms):
            return _plain(terms, counts)
        return _fold(terms, counts)


def _is_exact(terms: F64) -> bool:
    """Whether no addition can round: whole numbers whose sum stays below 2^53."""
    largest = float(np.abs(terms).max(initial=0.0))
    return bool(largest * max(len(terms), 1) < _EXACT and (terms == np.rint(terms)).all())


def _plain(terms: F64, counts: I64) -> F64:
    sums = np.zeros((len(counts), *terms.shape[1:]))
    held = np.flatnonzero(counts)
    if len(held):
        sums[held] = np.add.reduceat(terms, (np.cumsum(counts) - counts)[held], axis=0)
    return sums


def _fold(sums: F64, counts: I64) -> F64:
    lost = np.zeros_like(sums)
    while counts.max(initial=0) > 1:
        starts, halves = np.cumsum(counts) - counts, (counts + 1) // 2
        owners = np.repeat(np.arange(len(counts)), halves)
        within = 2 * (np.arange(len(owners)) - np.repeat(np.cumsum(halves) - halves, halves))
        left = starts[owners] + within
        single = within + 1 >= counts[owners]
        right = np.where(single, left, left + 1)
        shape = (len(single), *[1] * (sums.ndim - 1))
        added = np.where(single.reshape(shape), 0.0, sums[right])
        total = sums[left] + added
        shift = total - sums[left]
        error = (sums[left] - (total - shift)) + (added - shift)
        lost = lost[left] + np.where(single.reshape(shape), 0.0, lost[right]) + np.where(np.isfinite(total), error, 0.0)
        sums, counts = total, halves
    result = np.zeros((len(counts), *sums.shape[1:]))
    result[counts > 0] = np.where(np.isfinite(sums), sums + lost, sums)
    return result

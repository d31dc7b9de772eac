"""How the change between the first and last sample of a window is stretched over the whole window.

It reaches to the window's ends where they are no further from the samples than 1.1 times the mean distance of samples, else half that distance; and
a counter is not followed below zero. A first sample that knows since when it counts needs no such guess on its side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.promql.columns import NO_START
from lgtm.vectors.matrix import F64, I64, Bool

_NEAR = 1.1


@dataclass(slots=True, frozen=True, eq=False)
class Window:
    """All of one shape. Times in ms; counts: samples in the window; first: value of the first one, change: from there to the last."""

    starts_ms: I64
    ends_ms: I64
    counts: I64
    first_ms: I64
    last_ms: I64
    first_start_ms: I64
    first: F64
    change: F64

    @property
    def starts_inside(self) -> Bool:
        """Whether the counter started within the window, in front of the first sample."""
        start = self.first_start_ms
        return np.asarray((start != NO_START) & (start > self.starts_ms) & (start < self.first_ms))


def stretch(window: Window, *, is_counter: bool) -> F64:
    """By what the change is to be multiplied. Means something where there are two samples, or one and a start inside."""
    inside = window.starts_inside & is_counter
    begin_ms = np.where(inside, window.first_start_ms, window.first_ms)
    with np.errstate(all="ignore"):
        sampled = (window.last_ms - begin_ms) / 1_000
        apart = np.where(window.counts > 1, (window.last_ms - window.first_ms) / 1_000 / np.maximum(window.counts - 1, 1), 0.0)
        before = np.where(inside, 0.0, (window.first_ms - window.starts_ms) / 1_000)
        after = (window.ends_ms - window.last_ms) / 1_000
        before = np.where(before >= apart * _NEAR, apart / 2, before)
        after = np.where(after >= apart * _NEAR, apart / 2, after)
        if is_counter:
            to_zero = sampled * (window.first / window.change)
            before = np.where((window.change > 0) & (window.first >= 0) & (to_zero < before), to_zero, before)
        return (sampled + before + after) / sampled

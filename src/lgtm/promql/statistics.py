"""How many samples a query looked at."""

from __future__ import annotations

import numpy as np

from lgtm.vectors.matrix import I64


class SampleStatistics:
    """queryable: samples that selectors found, each as often as a step asked for it.

    per_step: of these the ones that the query's own steps asked for. peak: the most that one value held at a time.
    """

    def __init__(self, steps: int) -> None:
        self.queryable = 0
        self.per_step: I64 = np.zeros(steps, dtype=np.int64)
        self.peak = 0

    def found(self, per_step: I64, place: slice | None) -> None:
        """A selector found so many samples at each step, or at one that stands for all. place: which of the query's own; None: inside a subquery."""
        self.queryable += int(per_step.sum())
        self.peak = max(self.peak, int(per_step.sum()))
        if place is not None:
            self.per_step[place] += per_step

    def held(self, samples: int) -> None:
        self.peak = max(self.peak, samples)

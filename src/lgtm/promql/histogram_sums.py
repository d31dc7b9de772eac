"""Sums and means of many histograms, without losing digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import numpy as np

from lgtm.promql import annotations as texts
from lgtm.promql.frame import Frame
from lgtm.promql.histogram import Buckets, Histogram, common_layout, hints_collide, merged_hint
from lgtm.promql.position import Position
from lgtm.vectors.compensated import sum_groups
from lgtm.vectors.matrix import F64


@dataclass(slots=True, frozen=True, eq=False)
class Total:
    """resets_collide: whether hints contradict each other. reconciled: whether custom bounds differed."""

    histogram: Histogram
    resets_collide: bool
    reconciled: bool

    def annotate(self, frame: Frame, position: Position, operation: str = "aggregation") -> None:
        if self.resets_collide:
            frame.annotations.warn(texts.resets_collide(operation), position)
        if self.reconciled:
            frame.annotations.inform(texts.bounds_reconciled(operation), position)


def total(histograms: Sequence[Histogram], *, mean: bool = False) -> Total:
    """The sum of at least one histogram, or their mean. Raises IncompatibleSchemas."""
    if len(histograms) == 1:
        return Total(histograms[0], resets_collide=False, reconciled=False)
    layout = reduce(lambda one, other: common_layout(one, other)[0], histograms)
    alike = [common_layout(histogram, layout)[0] for histogram in histograms]
    numbers = _add(np.array([(h.count, h.sum, h.zero_count) for h in alike]), mean=mean)
    summed = replace(
        alike[0],
        count=float(numbers[0]),
        sum=float(numbers[1]),
        zero_count=float(numbers[2]),
        positive=_add_buckets([h.positive for h in alike], mean=mean),
        negative=_add_buckets([h.negative for h in alike], mean=mean),
        hint=reduce(merged_hint, (h.hint for h in histograms)),
    )
    collide = any(hints_collide(one.hint, other.hint) for one, other in pairwise(histograms))
    return Total(summed, collide, any(h.bounds != histograms[0].bounds for h in histograms))


def _add_buckets(sides: Sequence[Buckets], *, mean: bool) -> Buckets:
    index = np.unique(np.concatenate([side.index for side in sides]))
    return Buckets(index, _add(np.array([side.counts_at(index) for side in sides]), mean=mean))


def _add(terms: F64, *, mean: bool) -> F64:
    """Column by column; the mean does not overflow where the sum would."""
    count = np.array([len(terms)])
    sums: F64 = sum_groups(terms, count)[0]
    if not mean:
        return sums
    overflow = ~np.isfinite(sums) & np.isfinite(terms).all(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.where(overflow, sum_groups(terms / len(terms), count)[0], sums / len(terms)))

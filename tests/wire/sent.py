"""Labels of many series at once, from plain pairs and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from lgtm.wire.sent_labels import SentLabels

Pairs = Sequence[tuple[str, str]]


def sent_in_many_ways(series: Sequence[Pairs]) -> SentLabels:
    """Each pair, and each name, by itself, though they are the same: so a sender may number his texts."""
    every = [pair for pairs in series for pair in pairs]
    bounds, numbers = np.cumsum([0, *map(len, series)]), np.arange(len(every))
    return SentLabels(bounds, numbers, [name for name, _ in every], numbers, pa.array([value for _, value in every], pa.string()))


def sent_together(series: Sequence[Pairs]) -> SentLabels:
    distinct = list(dict.fromkeys(pair for pairs in series for pair in pairs))
    names = list(dict.fromkeys(name for name, _ in distinct))
    return SentLabels(
        np.cumsum([0, *map(len, series)]),
        np.array([distinct.index(pair) for pairs in series for pair in pairs], np.int64),
        names,
        np.array([names.index(name) for name, _ in distinct], np.int64),
        pa.array([value for _, value in distinct], pa.string()),
    )


def pairs_of(sent: SentLabels) -> list[tuple[tuple[str, str], ...]]:
    """Of each series, in the order sent."""
    pairs = sent.pairs
    every = [pairs[pick] for pick in sent.picks]
    return [tuple(every[first:last]) for first, last in pairwise(sent.bounds.tolist())]

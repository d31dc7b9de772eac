"""Metrics of several tenants as one, for functions of which the whole follows from the parts: counts, sums, and extremes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgtm.errors import BadRequest
from lgtm.traceql.metrics import Series
from lgtm.traceql.series_labels import TypedLabels, encode_labels, order
from lgtm.traceql.syntax import MetricsQuery, Over, Query

_COMBINE: dict[str, np.ufunc] = {
    "rate": np.add,
    "count_over_time": np.add,
    "sum_over_time": np.add,
    "histogram_over_time": np.add,
    "min_over_time": np.minimum,
    "max_over_time": np.maximum,
}


class NoSum(BadRequest):
    def __init__(self, query: Query) -> None:
        self.query = query

    def __str__(self) -> str:
        return f"{self.query} cannot be answered for several tenants at once; functions that can: {', '.join(_COMBINE)}"


def sum_of(query: Query) -> np.ufunc:
    """How values of the same series are put together. Raises NoSum: of averages, quantiles and the greatest few there is no sum."""
    root = query.root
    if isinstance(root, MetricsQuery) and isinstance(root.function, Over) and root.function.function in _COMBINE:
        return _COMBINE[root.function.function]
    raise NoSum(query)


def summed(combine: np.ufunc, parts: Sequence[Sequence[Series]], exemplars_max: int) -> list[Series]:
    """parts: the series of each tenant, with the same steps. Fewer labels first, then by key and value."""
    found: dict[TypedLabels, Series] = {}
    for series in (each for part in parts for each in part):
        before = found.get(series.labels)
        found[series.labels] = series if before is None else _both(combine, before, series)
    left = exemplars_max
    bounded = []
    for series in sorted(found.values(), key=lambda each: order(encode_labels(each.labels))):
        bounded.append(replace(series, exemplars=series.exemplars[:left]))
        left -= len(bounded[-1].exemplars)
    return bounded


def _both(combine: np.ufunc, one: Series, other: Series) -> Series:
    both = one.present & other.present
    values = np.where(both, combine(one.values, other.values), np.where(one.present, one.values, other.values))
    return Series(one.labels, values, one.present | other.present, (*one.exemplars, *other.exemplars))

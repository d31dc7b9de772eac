"""Samples of several families are one answer."""

from __future__ import annotations

import numpy as np

from lgtm.model.series import Series
from lgtm.spanmetrics.samples import Exemplar, Samples


def part(name: str, value: float) -> Samples:
    series = Series.of((("__name__", name),))
    return Samples((series,), np.array([0]), np.array([5]), np.array([value]), (Exemplar(0, (), value, 5),))


def test_joined_samples_keep_their_series() -> None:
    joined = Samples.join([part("a", 1.0), part("b", 2.0)])
    assert [dict(joined.series[number].labels or ())["__name__"] for number in joined.number.tolist()] == ["a", "b"]
    assert [(exemplar.series, exemplar.value) for exemplar in joined.exemplars] == [(0, 1.0), (1, 2.0)]
    assert (joined.values.tolist(), joined.ts_ns.tolist()) == ([1.0, 2.0], [5, 5])


def test_nothing_joined_is_nothing() -> None:
    assert len(Samples.join([])) == 0

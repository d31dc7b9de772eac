"""Metrics of several tenants are what one tenant with all spans would have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.tempo.sums import NoSum, sum_of, summed
from lgtm.traceql.exemplars import Exemplar
from lgtm.traceql.metrics import Metrics, Series
from lgtm.traceql.parser import parse
from lgtm.traceql.steps import Steps
from traceql.dataset import T0_NS, tables

STEPS = Steps.ranging(T0_NS, T0_NS + 1_800 * 10**9, 300 * 10**9)


@pytest.mark.parametrize(
    "text",
    [
        "{} | rate() by(resource.service.name)",
        "{} | count_over_time()",
        "{} | sum_over_time(duration) by(kind)",
        "{} | histogram_over_time(duration)",
        "{} | min_over_time(duration) by(resource.service.name)",
        '{ name = "ping" } | max_over_time(duration)',
    ],
)
def test_the_whole_follows_from_the_parts(text: str) -> None:
    query = parse(text)
    parts, whole = [Metrics(query, STEPS) for _ in range(3)], Metrics(query, STEPS)
    for part, table in zip(parts, tables(slices=3), strict=True):
        part.add(table)
        whole.add(table)
    found, expected = summed(sum_of(query), [part.results() for part in parts], 0), whole.results()
    assert [series.labels for series in found] == [series.labels for series in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.present.tolist() == other.present.tolist()
        np.testing.assert_allclose(one.values[one.present], other.values[one.present])


@pytest.mark.parametrize(
    "text",
    [
        "{} | avg_over_time(duration)",
        "{} | quantile_over_time(duration, 0.5)",
        "{} | rate() | topk(3)",
        "{} | rate() > 3",
        "({} | rate()) / ({} | rate())",
        "{} | compare({ status = error })",
    ],
)
def test_of_others_there_is_no_sum(text: str) -> None:
    with pytest.raises(NoSum, match="cannot be answered for several tenants at once"):
        sum_of(parse(text))


def series(label: str, value: float, exemplars: int = 0, **columns: Any) -> Series:
    found = tuple(Exemplar((), float(number), 0, 0) for number in range(exemplars))
    return Series((("a", label),), np.array([value]), np.array([columns.get("present", True)]), found)


@given(st.booleans(), st.booleans())
def test_what_is_absent_adds_nothing(one: bool, other: bool) -> None:
    (found,) = summed(np.add, [[series("x", 3.0, present=one)], [series("x", 4.0, present=other)]], 0)
    assert bool(found.present[0]) == (one or other)
    if one or other:
        assert found.values[0] == 3.0 * one + 4.0 * other


def test_exemplars_stay_within_their_number() -> None:
    found = summed(np.add, [[series("b", 1.0, 3)], [series("a", 1.0, 2), series("b", 2.0, 1)]], 4)
    assert [(each.labels[0][1], len(each.exemplars)) for each in found] == [("a", 2), ("b", 2)]

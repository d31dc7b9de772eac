"""Aggregates of spansets, against Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.field_syntax import Attribute, Intrinsic
from lgtm.traceql.reduce import reduce_sets
from lgtm.traceql.spansets import grouped
from lgtm.traceql.syntax import Aggregate
from lgtm.traceql.types import Type
from traceql.tables import span, table

A = Attribute("span", "a")
NUMBERS = st.none() | st.integers(-9, 9) | st.sampled_from([0.5, -1.5, math.inf]).map(lambda number: {"float": number}) | st.just("text")
SETS = st.lists(st.lists(NUMBERS, min_size=1, max_size=4), min_size=1, max_size=4)
"""What `span.a` is on each span of each set; floats as the data set writes them."""

DUMB: dict[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
}


def reduced(aggregate: Aggregate, sets: list[list[Any]]) -> list[Any]:
    spans = [span(own, attrs={} if value is None else {"a": value}) for own, value in enumerate((each for one in sets for each in one), 1)]
    of = np.repeat(np.arange(len(sets)), [len(each) for each in sets])
    found: list[Any] = [None] * len(sets)
    for column in reduce_sets(table(spans), aggregate, grouped(np.arange(len(spans)), of)):
        for row in np.flatnonzero(column.held).tolist():
            assert found[row] is None
            found[row] = column.item(row)
    return found


def numbers_of(values: list[Any]) -> list[float]:
    return [value["float"] if isinstance(value, dict) else value for value in values if isinstance(value, int | dict)]


@given(SETS, st.sampled_from(sorted(DUMB)))
def test_an_aggregate_is_of_the_numbers_of_a_set(sets: list[list[Any]], operator: str) -> None:
    found = reduced(Aggregate(operator, A), sets)
    for values, value in zip(sets, found, strict=True):
        numbers = numbers_of(values)
        if numbers:
            assert value == pytest.approx(DUMB[operator](numbers))
        else:
            assert value is None


@given(SETS, st.sampled_from(["min", "max", "sum"]))
def test_a_set_of_integers_has_an_integer_whatever_other_sets_have(sets: list[list[Any]], operator: str) -> None:
    for values, value in zip(sets, reduced(Aggregate(operator, A), sets), strict=True):
        numbers = numbers_of(values)
        if numbers:
            assert isinstance(value, float) == any(isinstance(number, float) for number in numbers)


@given(SETS)
def test_count_counts_spans_with_a_value_or_without(sets: list[list[Any]]) -> None:
    assert reduced(Aggregate("count"), sets) == [len(values) for values in sets]


def test_the_average_of_durations_is_a_duration() -> None:
    spans = table([span(1, end=11), span(2, end=22)])
    (column,) = reduce_sets(spans, Aggregate("avg", Intrinsic("duration")), grouped(np.arange(2), np.zeros(2, np.int64)))
    assert (column.type, column.item(0)) == (Type.DURATION, 15)

from __future__ import annotations

import pytest

from lgtm.promql.times import Times
from promql.memory import Memory

MEMORY = 'x{a="1"} 1 2 3 4\nx{a="2"} _ _ 3 4'


@pytest.mark.parametrize(
    ("query", "queryable", "per_step"),
    [
        ("x", 6, [1, 1, 2, 2]),
        ("sum(x) + sum(x)", 12, [2, 2, 4, 4]),
        ("rate(x[2m])", 10, [1, 2, 3, 4]),
        ("x @ 0", 1, [1, 1, 1, 1]),
        ("max_over_time(x[1m:1m])", 6, [0, 0, 0, 0]),
        ("1", 0, [0, 0, 0, 0]),
    ],
)
def test_samples_count_as_often_as_they_are_looked_at(query: str, queryable: int, per_step: list[int]) -> None:
    statistics = Memory.of(MEMORY).query(query, Times(0, 180_000, 60_000)).statistics
    assert (statistics.queryable, statistics.per_step.tolist()) == (queryable, per_step)


def test_the_peak_is_the_largest_value_held() -> None:
    assert Memory.of(MEMORY).query("sum(rate(x[2m]))", Times(0, 180_000, 60_000)).statistics.peak == 10
    assert Memory.of(MEMORY).query("vector(1)", Times(0, 180_000, 60_000)).statistics.peak == 4

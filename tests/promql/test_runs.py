"""What is evaluated run by run is what it would be at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest
from lgtm.promql import runs
from lgtm.promql.errors import TooManySamples
from lgtm.promql.evaluate import evaluate
from lgtm.promql.parser import parse
from lgtm.promql.prepare import prepare
from lgtm.promql.times import Times
from promql.memory import Memory

MEMORY = """
    x{a="1"} 1 2 3 _ _ _ _ 8 9 10x9
    x{a="2"} _ _ _ _ 5 6 stale _ 9 1x9
    y{a="1"} 3x3 _ _ _ {{count:2 sum:3 buckets:[2]}} {{count:4 sum:5 buckets:[4]}} 1 2 3
    z{a="3"} 7 {{count:1 sum:1 buckets:[1]}}x6
"""
QUERIES = [
    "x",
    "x + on(a) y",
    "x or y",
    "-x",
    "sum(x)",
    "sum by (a) ({a=~'.+'})",
    "topk(1, x)",
    "count_values('v', x)",
    "absent(x{a='2'})",
    "time() + scalar(x{a='1'})",
    "vector(time())",
    "rate(x[3m])",
    "max_over_time(x[5m:1m])",
    "count_over_time((x > 1)[4m:30s])",
    "last_over_time(z[5m:1m])",
    "increase({a=~'.+'}[4m:1m] offset 1m)",
    "x @ 120",
    "x - x @ end()",
    "sum_over_time(x[3m:1m] @ 300)",
    "histogram_count(z)",
    "avg_over_time(sum(x)[3m:1m])",
    "max_over_time(rate(x[3m])[5m:1m])",
    "{a=~'.+'} * 2",
    "label_replace(x, 'b', '$1', 'a', '(.*)')",
    "sort_desc(x)",
    "count_over_time(sort(z)[4m:1m])",
    "limitk(1, last_over_time(x[3m:1m]))",
    "max_over_time(sum by (a) (rate(x[3m]))[6m:1m])",
    "sum_over_time(max_over_time(x[3m:1m])[4m:1m])",
    "quantile_over_time(0.5, x[5m])",
    "timestamp(x)",
    "absent_over_time(x{a='2'}[2m])",
]


def answer(query: str, times: Times, cells: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(runs, "CELLS_MAX", cells)
        try:
            result = Memory.of(MEMORY).query(query, times)
        except BadRequest as error:
            return str(error)
    told = {
        labels: (floats.ts_ms.tolist(), [repr(value) for value in floats.values], histograms.ts_ms.tolist(), list(map(repr, histograms.values)))
        for labels, floats, histograms in result.series()
    }
    scalar = None if result.scalar is None else list(map(repr, result.scalar))
    statistics = result.statistics.queryable, result.statistics.per_step.tolist()
    return told, list(told), scalar, sorted(result.warnings), sorted(result.infos), statistics


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("cells", [1, 5, 17])
def test_an_answer_does_not_depend_on_the_size_of_runs(query: str, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times(0, 900_000, 45_000)
    at_once, told, *_ = answer(query, times, 1 << 22, monkeypatch), answer(query, times, cells, monkeypatch)
    assert told == at_once
    assert at_once[0] or at_once[2]


def prepared_and_read(query: str, times: Times) -> Any:
    prepared = prepare(parse(query), times)
    return prepared, [Memory.of(MEMORY).select(selection) for selection in prepared.selections]


@pytest.mark.parametrize("query", ["count_over_time(vector(1)[5000d:1s])", "count_over_time(x[1d:1ms])", "max_over_time(vector(1)[30d:1s])[1h:1m]"])
def test_a_subquery_of_too_many_steps_is_refused_before_it_is_begun(query: str) -> None:
    with pytest.raises(TooManySamples):
        evaluate(*prepared_and_read(query, Times(900_000, 900_000)), samples_max=1_000_000)


def test_a_subquery_holds_so_many_samples_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CELLS_MAX", 100)
    ready = prepared_and_read("count_over_time(vector(1)[1000s:1s])", Times(900_000, 900_000))
    assert evaluate(*ready, samples_max=1_000).series()[0][1].values.tolist() == [1_000]
    with pytest.raises(TooManySamples):
        evaluate(*ready, samples_max=999)
    assert evaluate(*prepared_and_read("count_over_time((vector(1) < 0)[1000s:1s])", Times(900_000, 900_000)), samples_max=1_000).series() == []


def test_a_query_can_be_stopped_between_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CELLS_MAX", 10)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 5:
            raise BadRequest

    with pytest.raises(BadRequest):
        evaluate(*prepared_and_read("count_over_time(vector(1)[10000s:1s])", Times(900_000, 900_000)), check=check)
    assert asked == 5


def test_an_answer_holds_so_many_samples_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many series and steps it has."""
    monkeypatch.setattr(runs, "CELLS_MAX", 4)
    ready = prepared_and_read("x == 10", Times(0, 900_000, 30_000))
    found = [floats.values.tolist() for _, floats, _ in evaluate(*ready, samples_max=31).series()]
    assert found == [[10.0] * 13]
    with pytest.raises(TooManySamples):
        evaluate(*prepared_and_read("x", Times(0, 900_000, 30_000)), samples_max=31)


@given(st.lists(st.lists(st.sampled_from("abc"), unique=True, max_size=3), min_size=1, max_size=4))
def test_joined_runs_have_each_series_once(named: list[list[str]]) -> None:
    found = []
    for run, names in enumerate(named):
        vector = Memory.of("\n".join(f"{name} {run}" for name in names) or "x _").query('{__name__=~"a|b|c"}', Times(0, 0, 1)).vector
        assert vector is not None
        found.append(runs.samples_of(vector, np.array([run])))
    joined = runs.join_samples(found)
    told = {labels[0][1]: joined.floats.values[joined.floats.series == row].tolist() for row, labels in enumerate(joined.labels.rows())}
    assert told == {name: [run for run, names in enumerate(named) if name in names] for name in {name for names in named for name in names}}
    assert joined.floats.ts_ms.tolist() == joined.floats.values.tolist()

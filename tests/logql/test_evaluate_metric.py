"""Metric queries: recorded answers, and what is particular to evaluating in runs of steps."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lgtm.errors import LgtmError
from lgtm.logql import evaluate_metric
from lgtm.logql.evaluate_metric import InstantOnly, MetricQuery
from lgtm.logql.limits import QueryLimitReached, SeriesLimitReached
from lgtm.logql.parser import parse
from lgtm.logql.syntax import LogExpr
from lgtm.model.labels import Labels, labels_of
from lgtm.model.limits import Limits
from lgtm.vectors.matrix import Matrix
from lgtm.vectors.windows import align_to_step
from support.recorded_logs import Answer, answers, read, stored_rows
from support.rows import batch_of, entry
from vectors.matrices import text

S = 10**9
Rows = list[tuple[Labels, list[tuple[float, float]]]]


def query_of(text: str, *, start_ns: int, end_ns: int, step_ns: int = 0, instant: bool = False, limits: Limits | None = None) -> MetricQuery:
    expr = parse(text)
    assert not isinstance(expr, LogExpr)
    return MetricQuery(expr, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limits=limits or Limits(), instant=instant)


def ask(answer: Answer) -> Matrix:
    if answer.instant:
        query = query_of(answer.query, start_ns=answer.time_ns("time"), end_ns=answer.time_ns("time"), instant=True)
    else:
        step_ns = answer.duration_ns("step")
        start_ns, end_ns = align_to_step(answer.time_ns("start"), answer.time_ns("end"), step_ns)
        query = query_of(answer.query, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns)
    for leaf in query.leaves:
        for batch in read(stored_rows(), leaf.reads):
            leaf.add(batch)
    return query.result()


def rows_of(matrix: Matrix) -> Rows:
    times = [ns // 1_000_000 / 1_000 for ns in matrix.steps_ns.tolist()]  # the API tells milliseconds
    cells = zip(matrix.values.tolist(), matrix.present.tolist(), strict=True)
    samples = [[(t, v) for t, v, p in zip(times, values, present, strict=True) if p] for values, present in cells]
    return list(zip(matrix.labels, samples, strict=True))


def recorded_rows(data: dict[str, Any]) -> Rows:
    if data["resultType"] == "scalar":
        return [((), [(data["result"][0] / 1000, float(data["result"][1]))])]
    samples = [(labels_of(row["metric"]), row.get("values") or [row["value"]]) for row in data["result"]]
    return [(labels, [(float(t), float(v)) for t, v in values]) for labels, values in samples]


@pytest.mark.parametrize("answer", answers(of_logs=False), ids=lambda answer: answer.id)
def test_recorded_metric_queries_are_answered_alike(answer: Answer) -> None:
    if isinstance(answer.answer, str):
        with pytest.raises(LgtmError) as failed:
            ask(answer)
        if answer.compare != "status":
            assert str(failed.value).split(" for series")[0] == answer.answer.split(" for series")[0]
        return
    got, expected = rows_of(ask(answer)), recorded_rows(answer.answer)
    if answer.compare != "exact":
        got, expected = sorted(got), sorted(expected)
    assert [labels for labels, _ in got] == [labels for labels, _ in expected]
    for (_, mine), (_, theirs) in zip(got, expected, strict=True):
        assert [t for t, _ in mine] == [t for t, _ in theirs]
        assert [v for _, v in mine] == pytest.approx([v for _, v in theirs], rel=1e-9, abs=1e-12, nan_ok=True)


ENTRIES = [entry(app, at * S, "x" * at) for app in "abc" for at in range(1, 8) if (at + ord(app)) % 3]


def evaluate(text: str, *, steps: int = 7, **options: Any) -> Matrix:
    query = query_of(text, start_ns=S, end_ns=steps * S, step_ns=S, **options)
    for leaf in query.leaves:
        for batch in read(batch_of(ENTRIES), leaf.reads):
            leaf.add(batch)
    return query.result()


@pytest.mark.parametrize(
    "query",
    [
        'count_over_time({app=~".+"}[2s])',
        'topk(1, bytes_over_time({app=~".+"}[3s]))',
        'sum by (app) (rate({app="a"}[2s])) or vector(5)',
        'count_over_time({app=~".+"}[2s]) / on () group_left sum(count_over_time({app=~".+"}[2s]))',
    ],
)
def test_evaluating_a_few_steps_at_a_time_changes_nothing(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = text(evaluate(query))
    monkeypatch.setattr(evaluate_metric, "CELLS_MAX", 6)
    assert text(evaluate(query)) == whole


def test_a_leaf_that_is_written_twice_is_read_once() -> None:
    query = query_of('sum(rate({app="a"}[1m])) / sum(rate({app="a"}[1m])) + rate({app="a"}[1m])', start_ns=0, end_ns=0)
    assert len(query.leaves) == 2


def test_series_are_counted_over_all_steps_and_too_many_are_refused() -> None:
    assert len(evaluate('count_over_time({app=~".+"}[1s])', limits=Limits(max_query_series=3))) == 3
    with pytest.raises(SeriesLimitReached):
        evaluate('count_over_time({app=~".+"}[1s])', limits=Limits(max_query_series=2))
    assert len(evaluate('sum(count_over_time({app=~".+"}[1s]))', limits=Limits(max_query_series=1))) == 1


def test_a_range_beyond_its_limit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(QueryLimitReached, match=r"\[interval\] value exceeds limit: \[2m\] > \[1m\]"):
        query_of('sum(rate({app="a"}[1m])) + sum(rate({app="a"}[2m]))', start_ns=0, end_ns=0, limits=Limits(max_query_range_ns=60 * S))


def test_approx_topk_is_for_instant_queries() -> None:
    with pytest.raises(InstantOnly, match="count min sketches are only supported on instant queries"):
        query_of('approx_topk(1, sum by (app) (rate({app="a"}[1m])))', start_ns=0, end_ns=60 * S, step_ns=S)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("1 + 1", [2]),
        ("vector(1) / 0", [math.nan]),
        ("vector(1) > 2", []),
        ("2 > bool vector(1)", [1]),
        ("5 > vector(3)", [3]),
        ("vector(7) % 4 ^ 2", [7]),
        ("vector(1) or vector(2)", [1]),
        ("sum(vector(1)) and vector(2)", [1]),
        ('sum(rate({app="nosuch"}[1m])) or vector(0)', [0]),
    ],
)
def test_numbers_and_vectors_need_no_rows(query: str, values: list[float]) -> None:
    assert evaluate(query, steps=1, instant=True).values.ravel().tolist() == pytest.approx(values, nan_ok=True)

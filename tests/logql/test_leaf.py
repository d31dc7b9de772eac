"""Leaves: rows in, series of windows out."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.leaf import Leaf, PipelineError, absent_labels
from lgtm.logql.parser import parse, parse_matchers
from lgtm.logql.plan import leaf_aggregations, plan_leaf
from lgtm.logql.syntax import LogExpr
from lgtm.model.labels import labels_of
from lgtm.vectors.matrix import Matrix
from lgtm.vectors.windows import step_times
from support.recorded_logs import read
from support.rows import Entry, batch_of, entry
from vectors.matrices import text

S = 10**9


def leaf(query: str, *, start: int, end: int, step: int) -> Leaf:
    expr = parse(query)
    assert not isinstance(expr, LogExpr)
    ((aggregation, grouping),) = leaf_aggregations(expr)
    return Leaf(plan_leaf(aggregation, grouping, start_ns=start * S, end_ns=end * S), step_times(start * S, end * S, step * S))


def evaluate(query: str, entries: list[Entry], *, start: int = 60, end: int = 60, step: int = 60, pieces: int = 1) -> Matrix:
    one = leaf(query, start=start, end=end, step=step)
    for batch in read(batch_of(entries), one.reads, pieces=pieces):
        one.add(batch)
    return one.matrix(slice(None)).sorted_by_labels()


A = [entry("a", at * S, f"n={at} msg=x", level="info" if at % 2 else "warn") for at in (1, 2, 3, 60, 61, 119, 120)]
B = [entry("b", 30 * S, "n=oops")]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('sum(count_over_time({app=~"a|b"}[1m]))', ["{} 5 3"]),
        ('sum by (app) (count_over_time({app=~"a|b"}[1m]))', ['{app="a"} 4 3', '{app="b"} 1 _']),
        ('count_over_time({app="a"}[1m])', ['{app="a", level="info"} 2 2', '{app="a", level="warn"} 2 1']),
        ('sum by (level) (count_over_time({app=~".+"}[1m]))', ["{} 1 _", '{level="info"} 2 2', '{level="warn"} 2 1']),
        ('sum without (level) (count_over_time({app="a"}[1m]))', ['{app="a"} 4 3']),
        ('sum(rate({app="a"}[30s]))', ["{} 0.0333333 0.0666667"]),
        ('sum(bytes_over_time({app="a"}[1m]))', ["{} 37 32"]),
        ('sum(count_over_time({app="a"} |= "n=6" [1m]))', ["{} 1 1"]),
        ('sum(count_over_time({app="a"}[1m] offset -1m))', ["{} 3 _"]),
        ('sum(sum_over_time({app="a"} | logfmt | unwrap n [1m]))', ["{} 66 300"]),
        ('max_over_time({app="a"} | logfmt | unwrap n [1m]) by (level)', ['{level="info"} 3 119', '{level="warn"} 60 120']),
        ('last_over_time({app="a"} | logfmt | unwrap n [1m]) by ()', ["{} 60 120"]),
        ('sum(sum_over_time({app="b"} | logfmt | unwrap n | __error__="" [1m]))', []),
        ('sum(count_over_time({app="nosuch"}[1m]))', []),
    ],
)
def test_rows_become_series_of_windows(query: str, rows: list[str]) -> None:
    assert text(evaluate(query, A + B, start=60, end=120)) == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('absent_over_time({app="b", env="x"}[1m])', ['{app="b", env="x"} 1 1 1']),
        ('absent_over_time({app="b"}[1m])', ['{app="b"} _ 1 1']),
        ('absent_over_time({app="a"}[1m])', ['{app="a"} _ _ 1']),
        ('absent_over_time({app=~"a|b"}[4m])', []),
    ],
)
def test_absence_is_a_series_where_nothing_is(query: str, rows: list[str]) -> None:
    assert text(evaluate(query, A + B, start=60, end=180)) == rows


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ('{app="a", env="b"}', {"app": "a", "env": "b"}),
        ('{app="a", env!="b", zone=~"c"}', {"app": "a"}),
        ('{app="a", env="b", env!="c"}', {"app": "a"}),
        ('{app="a", env=""}', {"app": "a"}),
    ],
)
def test_an_absent_series_is_called_by_its_equality_matchers(selector: str, labels: dict[str, str]) -> None:
    assert absent_labels(parse_matchers(selector)) == labels_of(labels)


def test_an_error_inside_a_window_fails_the_query() -> None:
    with pytest.raises(PipelineError) as failed:
        evaluate('sum(sum_over_time({app=~"a|b"} | logfmt | unwrap n [1m]))', A + B)
    assert str(failed.value) == (
        "pipeline error: 'SampleExtractionErr' for series: '{__error__=\"SampleExtractionErr\", "
        '__error_details__="strconv.ParseFloat: parsing \\"oops\\": invalid syntax", app="b"}\'.\n'
        'Use a label filter to intentionally skip this error. (e.g | __error__!="SampleExtractionErr").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )


def test_an_error_between_windows_does_no_harm() -> None:
    query = 'sum(sum_over_time({app=~"a|b"} | logfmt | unwrap n [10s]))'
    assert text(evaluate(query, A + B, start=60, end=120)) == ["{} 60 239"]


@pytest.mark.parametrize(
    ("query", "fails"),
    [
        ("sum by (level) (count_over_time({selector} | logfmt [1m]))", False),
        ("count_over_time({selector} | logfmt [1m])", True),
    ],
)
def test_what_a_line_itself_calls_an_error_matters_where_it_becomes_a_label(query: str, fails: bool) -> None:
    entries = [entry("a", 30 * S, "level=info __error__=mine")]
    if fails:
        with pytest.raises(PipelineError, match="pipeline error: 'mine'"):
            evaluate(query.format(selector='{app="a"}'), entries)
    else:
        assert text(evaluate(query.format(selector='{app="a"}'), entries)) == ['{level="info"} 1']


@pytest.mark.parametrize(("value", "sample"), [("1_0", "10"), ("1e1", "10"), ("0x1p4", "16"), ("Inf", "inf")])
def test_samples_are_read_as_go_reads_numbers(value: str, sample: str) -> None:
    got = evaluate('max_over_time({app="a"} | unwrap v [1m]) by ()', [entry("a", 30 * S, "", v=value)])
    assert text(got) == [f"{{}} {sample}"]


OPS = [
    "sum by (g) (count_over_time({selector}[{range_s}s]))",
    "sum by (g) (sum_over_time({selector} | unwrap v [{range_s}s]))",
    "max_over_time({selector} | unwrap v [{range_s}s]) by (g)",
    "first_over_time({selector} | unwrap v [{range_s}s]) by (g)",
]


@given(
    rows=st.lists(st.tuples(st.integers(0, 90), st.sampled_from("xy"), st.integers(0, 9)), max_size=25, unique_by=lambda row: row[0]),
    grid=st.tuples(st.integers(1, 40), st.integers(1, 25), st.integers(1, 4)),
    op=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_any_split_and_order_of_batches_gives_what_plain_loops_give(
    rows: list[tuple[int, str, int]], grid: tuple[int, int, int], op: int, seed: int
) -> None:
    range_s, step, steps = grid
    ends = [20 + i * step for i in range(steps)]
    one = leaf(OPS[op].format(selector='{app="a"}', range_s=range_s), start=ends[0], end=ends[-1], step=step)
    entries = [entry("a", at * S, "", g=group, v=str(value)) for at, group, value in rows]
    random.Random(seed).shuffle(entries)
    for i in range(0, len(entries), 4):
        one.add(batch_of(entries[i : i + 4]))
    got = one.matrix(slice(None))
    expected = {}
    for group, (step_index, end) in itertools.product("xy", enumerate(ends)):
        window = [value for at, g, value in sorted(rows) if g == group and end - range_s < at <= end]
        if window:
            expected[group, step_index] = [len(window), sum(window), max(window), window[0]][op]
    assert {(got.labels[i][0][1], s): got.values[i, s] for i, s in np.argwhere(got.present).tolist()} == expected

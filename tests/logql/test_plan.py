"""What a query reads, and which of its stages matter."""

from __future__ import annotations

import pytest

from lgtm.logql.parser import parse
from lgtm.logql.plan import LeafPlan, leaf_aggregations, plan_leaf, plan_log
from lgtm.logql.syntax import Grouping, LogExpr
from lgtm.model.window import Window


def leaves(query: str) -> list[LeafPlan]:
    expr = parse(query)
    assert not isinstance(expr, LogExpr)
    return [plan_leaf(aggregation, grouping, start_ns=1_000 * 10**9, end_ns=2_000 * 10**9) for aggregation, grouping in leaf_aggregations(expr)]


def leaf(query: str) -> LeafPlan:
    (only,) = leaves(query)
    return only


NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("query", "metadata", "needs_line", "stages"),
    [
        # nothing but the selector
        ('sum(rate({app="a"}[1m]))', NOTHING, False, ""),
        ('sum by (app) (rate({app="a"}[1m]))', {"app"}, False, ""),
        ('rate({app="a"}[1m])', None, False, ""),
        ('sum without (pod) (rate({app="a"}[1m]))', None, False, ""),
        ('absent_over_time({app="a"}[1m])', NOTHING, False, ""),
        ('sum(bytes_over_time({app="a"}[1m]))', NOTHING, True, ""),
        # a grouping that cannot be taken over leaves every label in play
        ('max by (app) (rate({app="a"}[1m]))', None, False, ""),
        ('sum by (app) (sum by (pod) (rate({app="a"}[1m])))', {"pod"}, False, ""),
        ('sum by (app) (avg_over_time({app="a"} | unwrap x [1m]))', None, False, ""),
        ('avg_over_time({app="a"} | unwrap x [1m]) by (app)', {"app", "x"}, False, ""),
        ('sum(sum_over_time({app="a"} | unwrap x | y="z" [1m]))', {"x", "y"}, False, ""),
        # parsers run for the labels behind them only
        ('sum(rate({app="a"} | json [1m]))', NOTHING, False, ""),
        ('sum(rate({app="a"} | json | status>=500 [1m]))', {"status"}, True, "| json | status>=500"),
        ('sum(rate({app="a"} | status>=500 | json [1m]))', {"status"}, False, "| status>=500"),
        ('sum by (level) (rate({app="a"} | logfmt [1m]))', {"level"}, True, "| logfmt"),
        ('sum by (level_extracted) (rate({app="a"} | logfmt [1m]))', {"level", "level_extracted"}, True, "| logfmt"),
        ('sum(rate({app="a"} | unpack [1m]))', NOTHING, False, ""),
        ('sum(bytes_rate({app="a"} | unpack [1m]))', NOTHING, True, "| unpack"),
        # filters on the stored line come first, whatever stands before them
        ('sum(rate({app="a"} | json | status="1" |= "x" [1m]))', {"status"}, True, '|= "x" | json | status="1"'),
        ('sum(rate({app="a"} | decolorize |= "x" [1m]))', NOTHING, True, '| decolorize |= "x"'),
        ('sum(rate({app="a"} |= "x" | unpack |= "x" [1m]))', NOTHING, True, '|= "x" | unpack |= "x"'),
        # what makes a line that nobody reads is left out
        ('sum(rate({app="a"} | decolorize [1m]))', NOTHING, False, ""),
        ('sum(bytes_rate({app="a"} | decolorize [1m]))', NOTHING, True, "| decolorize"),
        ('sum(rate({app="a"} | drop b="1", c | d=~"2" [1m]))', {"b", "d"}, False, '| drop b="1",c | d=~"2"'),
    ],
)
def test_only_what_can_change_the_outcome_is_read(query: str, metadata: set[str] | None, needs_line: bool, stages: str) -> None:
    plan = leaf(query)
    assert plan.reads.metadata == metadata
    assert plan.reads.needs_line == needs_line
    assert " ".join(str(stage) for stage in plan.stages) == stages


def test_a_window_reaches_from_the_first_step_less_range_and_offset_to_the_last_step_less_offset() -> None:
    reads = leaf('rate({app="a"}[1m] offset 5m)').reads
    assert reads.window == Window((1_000 - 60 - 300) * 10**9 + 1, (2_000 - 300) * 10**9 + 1)


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ('{app="a"} |= "x" != "y"', ['|= "x"', '!= "y"']),
        ('{app="a"} | json | level="error" |~ "x"', ['|~ "x"']),
        ('{app="a"} |= "x" | decolorize |= "y"', ['|= "x"']),
        ('{app="a"} | unpack |= "y"', []),
    ],
)
def test_line_filters_on_the_stored_line_may_be_applied_early(query: str, filters: list[str]) -> None:
    expr = parse(query)
    assert isinstance(expr, LogExpr)
    assert [str(each) for each in plan_log(expr, Window(0, 1)).line_filters] == filters


def test_a_log_query_reads_everything() -> None:
    expr = parse('{app="a"} | json')
    assert isinstance(expr, LogExpr)
    reads = plan_log(expr, Window(5, 9))
    assert (reads.window, reads.metadata, reads.needs_line) == (Window(5, 9), None, True)


def test_each_range_aggregation_is_a_leaf_with_the_grouping_it_can_take_over() -> None:
    query = 'sum by (x) (rate({a="1"}[1m])) / on (x) max(count_over_time({a="2"}[1m])) + label_replace(sum(rate({a="3"}[1m])), "x", "y", "", "")'
    assert [(each.aggregation.range.log.matchers[0].value, each.grouping) for each in leaves(query)] == [
        ("1", Grouping(("x",))),
        ("2", None),
        ("3", Grouping(())),
    ]

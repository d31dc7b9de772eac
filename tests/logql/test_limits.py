"""Limits on queries, in the words that clients know."""

from __future__ import annotations

import pytest

from lgtm.logql.limits import QueryLimitReached, check_entries, check_length, check_matchers, check_ranges, check_series
from lgtm.logql.syntax import LogExpr, LogRange, RangeAggregation
from lgtm.model.limits import HOUR_NS, MINUTE_NS, Limits
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.window import Window

APP, ENV = Matcher("app", MatchOp.EQ, "api"), Matcher("env", MatchOp.NE, "dev")


def rate_of(range_ns: int) -> RangeAggregation:
    return RangeAggregation("rate", LogRange(LogExpr((APP,)), range_ns))


def test_what_is_within_every_limit_passes() -> None:
    limits = Limits(max_query_range_ns=HOUR_NS, required_labels=("app",), required_number_label_matchers=2)
    check_series(500, limits)
    check_entries(5_000, limits)
    check_length(Window(0, 721 * HOUR_NS), limits)
    check_ranges([rate_of(HOUR_NS)], limits)
    check_matchers((APP, ENV), limits)


def test_zero_switches_a_limit_off() -> None:
    limits = Limits(max_query_series=0, max_entries_limit_per_query=0, max_query_length_ns=0, max_query_range_ns=0, max_streams_matchers_per_query=0)
    check_series(10**6, limits)
    check_entries(10**6, limits)
    check_length(Window(0, 10**18), limits)
    check_ranges([rate_of(10**18)], limits)
    check_matchers((APP,) * 2_000, limits)


def test_more_series_are_refused() -> None:
    with pytest.raises(QueryLimitReached) as refused:
        check_series(501, Limits())
    assert str(refused.value) == (
        "maximum number of series (500) reached for a single query; consider reducing query cardinality by adding more specific stream selectors, "
        "reducing the time range, or aggregating results with functions like sum(), count() or topk()"
    )


def test_more_entries_are_refused() -> None:
    with pytest.raises(QueryLimitReached) as refused:
        check_entries(5_001, Limits())
    assert str(refused.value) == "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)"


def test_a_longer_query_is_refused() -> None:
    with pytest.raises(QueryLimitReached) as refused:
        check_length(Window(0, 800 * HOUR_NS), Limits())
    assert str(refused.value) == "the query time range exceeds the limit (query length: 800h0m0s, limit: 30d1h)"


def test_a_longer_range_is_refused() -> None:
    with pytest.raises(QueryLimitReached) as refused:
        check_ranges([rate_of(MINUTE_NS), rate_of(2 * HOUR_NS)], Limits(max_query_range_ns=90 * MINUTE_NS))
    assert str(refused.value) == "[interval] value exceeds limit: [2h] > [1h30m]"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_streams_matchers_per_query=1), "max streams matchers per query exceeded, matchers-count > limit (2 > 1)"),
        (
            Limits(required_labels=("app", "cluster", "zone")),
            "stream selector is missing required matchers [cluster, zone], labels present in the query were [app, env]",
        ),
        (
            Limits(required_number_label_matchers=3),
            "stream selector has less label matchers than required: (present: [app, env], number_present: 2, required_number_label_matchers: 3)",
        ),
    ],
)
def test_a_selector_with_too_many_or_too_few_matchers_is_refused(limits: Limits, message: str) -> None:
    with pytest.raises(QueryLimitReached) as refused:
        check_matchers((APP, ENV), limits)
    assert str(refused.value) == message

"""Limits on what a query may ask and answer. All are refused with 400, for asking again later is of no use; the wording is Loki's."""

from __future__ import annotations

from collections.abc import Iterable

from lgtm.errors import BadRequest
from lgtm.logql.syntax import RangeAggregation
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers
from lgtm.model.window import Window
from lgtm.parsing.durations import format_duration
from lgtm.parsing.gonumbers import format_duration as format_go_duration


class QueryLimitReached(BadRequest):
    """The query asks or would answer more than the tenant may have."""


class SeriesLimitReached(QueryLimitReached):
    def __init__(self, series_max: int) -> None:
        super().__init__(series_max)
        self.series_max = series_max

    def __str__(self) -> str:
        return (
            f"maximum number of series ({self.series_max}) reached for a single query; consider reducing query cardinality by adding more specific "
            "stream selectors, reducing the time range, or aggregating results with functions like sum(), count() or topk()"
        )


def check_series(count: int, limits: Limits) -> None:
    """count: distinct series of the answer, over all steps."""
    if 0 < limits.max_query_series < count:
        raise SeriesLimitReached(limits.max_query_series)


def check_entries(limit: int, limits: Limits) -> None:
    """limit: entries that a log query asks for."""
    most = limits.max_entries_limit_per_query
    if 0 < most < limit:
        raise QueryLimitReached(f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {most})")


def check_length(window: Window, limits: Limits) -> None:
    length_ns = window.end_ns - window.start_ns
    if 0 < limits.max_query_length_ns < length_ns:
        asked, most = format_go_duration(length_ns), format_duration(limits.max_query_length_ns)
        raise QueryLimitReached(f"the query time range exceeds the limit (query length: {asked}, limit: {most})")


def check_ranges(aggregations: Iterable[RangeAggregation], limits: Limits) -> None:
    most_ns = limits.max_query_range_ns
    for aggregation in aggregations:
        if 0 < most_ns < aggregation.range.range_ns:
            asked, most = format_duration(aggregation.range.range_ns), format_duration(most_ns)
            raise QueryLimitReached(f"[interval] value exceeds limit: [{asked}] > [{most}]")


def check_matchers(matchers: Matchers, limits: Limits) -> None:
    """The matchers of one selector."""
    names = [matcher.name for matcher in matchers]
    if 0 < limits.max_streams_matchers_per_query < len(names):
        raise QueryLimitReached(
            f"max streams matchers per query exceeded, matchers-count > limit ({len(names)} > {limits.max_streams_matchers_per_query})"
        )
    present, missing = ", ".join(names), [name for name in limits.required_labels if name not in names]
    if missing:
        raise QueryLimitReached(f"stream selector is missing required matchers [{', '.join(missing)}], labels present in the query were [{present}]")
    if len(names) < limits.required_number_label_matchers:
        raise QueryLimitReached(
            f"stream selector has less label matchers than required: (present: [{present}], number_present: {len(names)}, "
            f"required_number_label_matchers: {limits.required_number_label_matchers})"
        )

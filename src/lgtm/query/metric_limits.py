"""What a tenant may ask of metrics."""

from __future__ import annotations

from lgtm.errors import BadRequest
from lgtm.model.limits import Limits
from lgtm.parsing.durations import format_duration
from lgtm.promql.errors import EvaluationError
from lgtm.promql.times import Times

_NS_PER_MS = 1_000_000


class RangeTooLong(BadRequest):
    """A range query reaches over more time than it may."""

    def __init__(self, length_ms: int, most_ns: int) -> None:
        self.length_ms, self.most_ns = length_ms, most_ns

    def __str__(self) -> str:
        asked, most = format_duration(self.length_ms * _NS_PER_MS), format_duration(self.most_ns)
        return f"the total query time range exceeds the limit (query length: {asked}, limit: {most}); it is limits.metrics_max_query_length"


class TooManySeries(EvaluationError):
    """A query reads more series than it may."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        advice = "add label matchers, or raise limits.metrics_max_fetched_series"
        return f"the query exceeded the maximum number of series (limit: {self.most} series); {advice}"


def check_length(times: Times, limits: Limits) -> None:
    """Raises RangeTooLong."""
    length_ms = times.end_ms - times.start_ms
    if 0 < limits.metrics_max_query_length_ns < length_ms * _NS_PER_MS:
        raise RangeTooLong(length_ms, limits.metrics_max_query_length_ns)


def check_series(count: int, limits: Limits) -> None:
    """Raises TooManySeries."""
    if 0 < limits.metrics_max_fetched_series < count:
        raise TooManySeries(limits.metrics_max_fetched_series)


def not_before_ms(start_ms: int, limits: Limits, now_ns: int) -> int:
    """The start, or a later one: what is older than the tenant's lookback is not shown."""
    lookback_ns = limits.metrics_max_query_lookback_ns
    return max(start_ms, (now_ns - lookback_ns) // _NS_PER_MS) if lookback_ns > 0 else start_ms

"""A tenant's limits on what it may ask of metrics; 0 is none."""

from __future__ import annotations

import pytest

from lgtm.model.limits import Limits
from lgtm.promql.times import Times
from lgtm.query.metric_limits import RangeTooLong, TooManySeries, check_length, check_series, not_before_ms

MINUTE_NS = 60 * 10**9


def test_a_range_may_be_as_long_as_the_limit_and_no_longer() -> None:
    limits = Limits(metrics_max_query_length_ns=MINUTE_NS)
    check_length(Times(0, 60_000, 1_000), limits)
    check_length(Times(0, 10**12, 1_000), Limits())
    with pytest.raises(RangeTooLong, match=r"query length: 1m1ms, limit: 1m\)"):
        check_length(Times(0, 60_001, 1_000), limits)


def test_so_many_series_may_be_read_and_no_more() -> None:
    check_series(10, Limits())
    check_series(10, Limits(metrics_max_fetched_series=10))
    with pytest.raises(TooManySeries, match="limit: 10 series"):
        check_series(11, Limits(metrics_max_fetched_series=10))


def test_what_is_too_old_is_not_asked_for() -> None:
    limits = Limits(metrics_max_query_lookback_ns=MINUTE_NS)
    assert not_before_ms(5, limits, 2 * MINUTE_NS) == 60_000
    assert not_before_ms(70_000, limits, 2 * MINUTE_NS) == 70_000
    assert not_before_ms(5, Limits(), 2 * MINUTE_NS) == 5

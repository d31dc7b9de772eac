"""Parameters are read as Prometheus reads them, and refused in its words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.numbers import rfc3339, time_text
from lgtm.api.prometheus.params import (
    TIME_MS_MAX,
    Bounds,
    optional_time,
    parameter,
    query_parameter,
    read_bounds,
    read_count,
    read_limit,
    read_lookback_ms,
    read_selectors,
    read_time,
    read_timeout_s,
    read_times,
)
from lgtm.promql.errors import EvaluationError, ParseError
from lgtm.promql.position import Position
from lgtm.promql.times import Times


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises((InvalidParameter, ParseError)) as refused:
        read()
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("0", 0),
        ("-1", -1_000),
        ("1.5", 1_500),
        ("1.0004", 1_000),
        ("0.0005", 1),
        ("-0.0005", -1),
        ("1e3", 1_000_000),
        ("0x1p-1", 500),
        ("1e300", TIME_MS_MAX),
        ("-1e300", -TIME_MS_MAX),
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T00:00:01.9999Z", 1_999),
        ("1970-01-01T00:00:01,5Z", 1_500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("-292273086-05-16T16:47:06Z", -TIME_MS_MAX),
        ("292277025-08-18T07:12:54.999999999Z", TIME_MS_MAX),
    ],
)
def test_times_are_seconds_or_rfc_3339(text: str, time_ms: int) -> None:
    assert read_time(text) == time_ms


@pytest.mark.parametrize(
    "text", ["", "abc", "1,5", "1970-01-01T00:00:01,Z", "1970-01-01T00,00:01Z", "NaN", "Inf", "1970-01-01", "1970-01-01T00:00:00", "1 "]
)
def test_other_times_are_refused(text: str) -> None:
    assert refusal(lambda: read_time(text)) == f'cannot parse "{text}" to a valid timestamp'


@given(st.integers(-(10**14), 10**14))
def test_a_time_that_was_written_reads_back(time_ms: int) -> None:
    assert read_time(time_text(time_ms)) == time_ms


@given(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)))
def test_a_date_that_was_written_reads_back(moment: dt.datetime) -> None:
    time_ns = (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1) * 1_000
    assert read_time(rfc3339(time_ns)) == time_ns // 1_000_000


def test_what_is_not_given_is_the_default_or_all_times() -> None:
    assert optional_time("time", "", 7) == 7
    assert read_bounds("", "") == Bounds(-TIME_MS_MAX, TIME_MS_MAX)
    assert read_bounds("1", "2") == Bounds(1_000, 2_000)
    assert refusal(lambda: read_bounds("x", "")) == (
        'invalid parameter "start": invalid time value for \'start\': cannot parse "x" to a valid timestamp'
    )


@pytest.mark.parametrize(
    ("start", "end", "step", "times"),
    [
        ("0", "60", "15", Times(0, 60_000, 15_000)),
        ("0", "60", "1m", Times(0, 60_000, 60_000)),
        ("5", "5", "0.0001", Times(5_000, 5_000, 1)),
        ("0", "11000", "1", Times(0, 11_000_000, 1_000)),
    ],
)
def test_a_range_has_a_start_an_end_and_a_step(start: str, end: str, step: str, times: Times) -> None:
    assert read_times(start, end, step, 11_000) == times


@pytest.mark.parametrize(
    ("start", "end", "step", "text"),
    [
        ("", "1", "1", 'invalid parameter "start": cannot parse "" to a valid timestamp'),
        ("1", "", "1", 'invalid parameter "end": cannot parse "" to a valid timestamp'),
        ("2", "1", "1", 'invalid parameter "end": end timestamp must not be before start time'),
        ("1", "2", "", 'invalid parameter "step": cannot parse "" to a valid duration'),
        (
            "1",
            "2",
            "-5m",
            'invalid parameter "step": cannot parse "-5m" to a valid duration',
        ),
        (
            "1",
            "2",
            "-5",
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
        ),
        (
            "0",
            "11001",
            "1",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
        (
            "-1e300",
            "1e300",
            "1",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
    ],
)
def test_what_is_no_range_is_refused(start: str, end: str, step: str, text: str) -> None:
    assert refusal(lambda: read_times(start, end, step, 11_000)) == text


def test_a_timeout_is_a_duration() -> None:
    assert [read_timeout_s(text) for text in ("", "0", "1.5", "2m")] == [None, 0.0, 1.5, 120.0]
    assert refusal(lambda: read_timeout_s("soon")) == 'invalid parameter "timeout": cannot parse "soon" to a valid duration'


def test_a_lookback_that_is_not_positive_counts_as_none() -> None:
    assert [read_lookback_ms(text, 7) for text in ("", "0", "-1", "0.0001", "30", "1m")] == [7, 7, 7, 7, 30_000, 60_000]
    assert refusal(lambda: read_lookback_ms("x", 7)) == 'error parsing lookback delta duration: cannot parse "x" to a valid duration'


def test_a_limit_is_a_whole_number_and_0_is_none() -> None:
    assert [read_limit(text) for text in ("", "0", "5")] == [0, 0, 5]
    assert refusal(lambda: read_limit("-1")) == 'invalid parameter "limit": limit must be non-negative'
    assert refusal(lambda: read_limit("1.5")) == 'invalid parameter "limit": strconv.Atoi: parsing "1.5": invalid syntax'


def test_a_negative_count_is_none() -> None:
    assert [read_count("limit", text) for text in ("", "-1", "0", "5")] == [None, None, 0, 5]
    assert refusal(lambda: read_count("limit", "x")) == "limit must be a number"


@pytest.mark.parametrize("text", ["{}", '{job=""}', '{job=~".*"}', '{a!="b"}'])
def test_a_selector_that_could_match_everything_is_refused(text: str) -> None:
    assert refusal(lambda: read_selectors(["up", text])) == "match[] must contain at least one non-empty matcher"


def test_selectors_are_read_in_order() -> None:
    assert [[str(matcher) for matcher in matchers] for matchers in read_selectors(["up", '{job="a"}'])] == [['__name__="up"'], ['job="a"']]


@pytest.mark.parametrize("error", [ParseError("odd", Position(1, 2)), InvalidParameter("1:2: parse error: odd")])
def test_what_is_wrong_with_a_parameter_names_it(error: Exception) -> None:
    def read() -> None:
        with parameter("query"):
            raise error

    assert refusal(read) == 'invalid parameter "query": 1:2: parse error: odd'


def test_what_cannot_be_a_range_query_is_the_fault_of_the_query() -> None:
    def read() -> None:
        with query_parameter():
            raise EvaluationError("odd")

    assert refusal(read) == 'invalid parameter "query": odd'

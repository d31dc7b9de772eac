"""Parameters are read by Go's rules and refused in Tempo's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lgtm.api.loki.params import InvalidParameter
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.params import (
    STEPS_MAX,
    Ranges,
    read_count,
    read_exemplars,
    read_search_limit,
    read_spans_per_spanset,
    read_step,
    read_steps,
    read_trace_durations,
    read_trace_id,
    read_trace_window,
    read_uint32,
)
from lgtm.clock import NS_PER_S
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN, Window
from lgtm.traceql.steps import Steps

NOW_S = 1_700_000_000
RANGES = Ranges(NOW_S * NS_PER_S, TempoApiConfig())
HOUR_S = 3_600


def refused(text: str, read: Callable[..., object], *arguments: Any) -> None:
    with pytest.raises(InvalidParameter, match=f"^{re.escape(text)}$"):
        read(*arguments)


@given(st.integers(0, 2**128 - 1), st.integers(0, 32))
def test_digits_of_an_id_stand_for_the_last_ones(number: int, zeros: int) -> None:
    text = f"{number:x}"
    padded = text.zfill(min(len(text) + zeros, 32))
    assert read_trace_id(padded) == read_trace_id(padded.upper()) == number.to_bytes(16, "big")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "please provide a traceID"),
        ("12345g", "trace IDs can only contain hex characters: invalid character 'g' at position 6"),
        ("0x1f", "trace IDs can only contain hex characters: invalid character 'x' at position 2"),
        (" ", "trace IDs can only contain hex characters: invalid character ' ' at position 1"),
        ("٣", "trace IDs can only contain hex characters: invalid character '٣' at position 1"),
        ("0" * 33, "trace IDs can't be larger than 128 bits"),
    ],
)
def test_what_is_no_id_is_refused(text: str, told: str) -> None:
    refused(told, read_trace_id, text)


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        ("", "", (TS_NS_MIN, TS_NS_MAX)),
        ("0", "0", (TS_NS_MIN, TS_NS_MAX)),
        ("5", "", (5 * NS_PER_S, TS_NS_MAX)),
        ("", "5", (TS_NS_MIN, 5 * NS_PER_S + 1)),
        ("5", "6", (5 * NS_PER_S, 6 * NS_PER_S + 1)),
        ("-5", "+6", (-5 * NS_PER_S, 6 * NS_PER_S + 1)),
    ],
)
def test_a_trace_may_be_looked_for_at_any_time(start: str, end: str, window: tuple[int, int]) -> None:
    assert read_trace_window(start, end) == Window(*window)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("6", "5", "http parameter start must be before end. received start=6 end=5"),
        ("abc", "5", 'invalid start: strconv.ParseInt: parsing "abc": invalid syntax'),
        ("1", "12.5", 'invalid end: strconv.ParseInt: parsing "12.5": invalid syntax'),
        ("1", "-", 'invalid end: strconv.ParseInt: parsing "-": invalid syntax'),
        ("9223372036854775808", "", 'invalid start: strconv.ParseInt: parsing "9223372036854775808": value out of range'),
    ],
)
def test_a_range_of_a_trace_is_checked(start: str, end: str, told: str) -> None:
    refused(told, read_trace_window, start, end)


@pytest.mark.parametrize(
    ("start", "end", "since", "window_s"),
    [
        ("", "", "", (NOW_S - HOUR_S, NOW_S)),
        ("0", "0", "", (NOW_S - HOUR_S, NOW_S)),
        ("100", "200", "", (100, 200)),
        ("100", "200", "2h", (NOW_S - 2 * HOUR_S, NOW_S)),
        ("", "", "1d", (NOW_S - 24 * HOUR_S, NOW_S)),
    ],
)
def test_the_range_of_a_search_has_both_ends(start: str, end: str, since: str, window_s: tuple[int, int]) -> None:
    expected = Window(window_s[0] * NS_PER_S, window_s[1] * NS_PER_S + 1)
    assert RANGES.search(start, end, since) == expected
    assert RANGES.tags(start if start != "0" else "", end if end != "0" else "", since) == expected


@pytest.mark.parametrize(
    ("start", "end", "since", "told"),
    [
        ("100", "50", "", "http parameter start must be before end. received start=100 end=50"),
        ("100", "100", "", "http parameter start must be before end. received start=100 end=100"),
        ("100", "", "", "http parameter start must be before end. received start=100 end=0"),
        ("", "100", "", "error parsing date range: only one of start and end provided: must provide both or neither"),
        ("0", "604801", "", "range specified by start and end exceeds 168h0m0s. received start=0 end=604801"),
        ("-5", "100", "", 'invalid start: strconv.ParseUint: parsing "-5": invalid syntax'),
        ("4294967296", "5", "", 'invalid start: strconv.ParseUint: parsing "4294967296": value out of range'),
        ("", "", "5", "error parsing date range: could not parse 'since' parameter: not a valid duration string: \"5\""),
        ("", "", "8d", f"range specified by start and end exceeds 168h0m0s. received start={NOW_S - 8 * 86_400} end={NOW_S}"),
    ],
)
def test_the_range_of_a_search_is_checked(start: str, end: str, since: str, told: str) -> None:
    refused(told, RANGES.search, start, end, since)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("100", "50", "range specified by start and end exceeds 168h0m0s. received start=100 end=50"),
        ("100", "", "error parsing date range: only one of start and end provided: must provide both or neither"),
        ("x", "5", "error parsing date range: could not parse 'start' parameter: strconv.ParseInt: parsing \"x\": invalid syntax"),
    ],
)
def test_the_range_of_tags_is_checked(start: str, end: str, told: str) -> None:
    refused(told, RANGES.tags, start, end)


def test_times_of_tags_and_metrics_may_be_written_in_many_ways() -> None:
    for text in ("1700000000", "1700000000000000000", "1700000000.0", "2023-11-14T22:13:20Z"):
        assert RANGES.tags("1699999999", text) == Window((NOW_S - 1) * NS_PER_S, NOW_S * NS_PER_S + 1)
        assert RANGES.metrics("1699999999", text, "") == ((NOW_S - 1) * NS_PER_S, NOW_S * NS_PER_S)


def test_metrics_are_of_the_last_hour_unless_said_otherwise() -> None:
    assert RANGES.metrics("", "", "") == ((NOW_S - HOUR_S) * NS_PER_S, NOW_S * NS_PER_S)
    assert RANGES.metrics("", "", "5m") == ((NOW_S - 300) * NS_PER_S, NOW_S * NS_PER_S)


@pytest.mark.parametrize(
    ("start", "end", "since", "told"),
    [
        ("5", "5", "", "end must be greater than start"),
        ("0", "86401", "", "metrics query time range exceeds the maximum allowed duration of 24h0m0s"),
        ("abc", "5", "", "could not parse 'start' parameter: strconv.ParseInt: parsing \"abc\": invalid syntax"),
        ("1", "5", "abc", "could not parse 'since' parameter: not a valid duration string: \"abc\""),
    ],
)
def test_the_range_of_metrics_is_checked(start: str, end: str, since: str, told: str) -> None:
    refused(told, RANGES.metrics, start, end, since)


def test_a_range_may_be_without_a_limit() -> None:
    ranges = Ranges(0, TempoApiConfig(search_range_s_max=0, metrics_range_s_max=0))
    assert ranges.search("1", "4294967295", "").start_ns == NS_PER_S
    assert ranges.metrics("1", "4294967295", "")[0] == NS_PER_S


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", "1h", "x"]))
def test_any_range_is_read_or_refused(start: str, end: str, since: str) -> None:
    for read in (RANGES.search, RANGES.tags):
        try:
            window = read(start, end, since)
        except InvalidParameter:
            continue
        assert TS_NS_MIN < window.start_ns <= window.end_ns < TS_NS_MAX


@pytest.mark.parametrize(("text", "limit"), [("", 20), ("1", 1), ("262144", 262_144)])
def test_a_search_has_a_limit(text: str, limit: int) -> None:
    assert read_search_limit(text) == limit


def test_a_limit_is_checked() -> None:
    refused("invalid limit: must be a positive number", read_search_limit, "0")
    refused("limit 262145 exceeds max limit 262144", read_search_limit, "262145")
    refused('invalid limit: strconv.ParseUint: parsing "99999999999": value out of range', read_search_limit, "99999999999")


def test_spans_of_a_spanset_are_three_unless_said_otherwise() -> None:
    assert [read_spans_per_spanset(text) for text in ("", "0", "1", "100")] == [3, 3, 1, 100]
    refused("spans per span set exceeds 100. received 101", read_spans_per_spanset, "101")


def test_durations_are_gos() -> None:
    assert read_trace_durations("", "") == (0, 0)
    assert read_trace_durations("1.5s", "1m") == (1_500_000_000, 60_000_000_000)
    assert read_trace_durations("1s", "1s") == (NS_PER_S, NS_PER_S)
    refused("invalid maxDuration: must be greater than minDuration", read_trace_durations, "2s", "1s")
    refused('invalid maxDuration: time: missing unit in duration "5"', read_trace_durations, "", "5")
    refused('invalid minDuration: time: unknown unit "d" in duration "1d"', read_trace_durations, "1d", "")


@pytest.mark.parametrize(
    ("text", "step_ns"), [("15", 15 * NS_PER_S), ("0.5", NS_PER_S // 2), ("1m30s", 90 * NS_PER_S), ("60ms", 60_000_000), ("0", 0)]
)
def test_a_step_is_seconds_or_a_duration(text: str, step_ns: int) -> None:
    assert read_step(text) == step_ns


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("abc", 'cannot parse "abc" to a valid duration'),
        ("1d", 'cannot parse "1d" to a valid duration'),
        ("NaN", 'cannot parse "NaN" to a valid duration'),
        ("1e30", 'cannot parse "1e30" to a valid duration. It overflows int64'),
        ("-1", 'cannot parse "-1": step must be positive'),
        ("-1s", 'cannot parse "-1s": step must be positive'),
    ],
)
def test_what_is_no_step_is_refused(text: str, told: str) -> None:
    refused(told, read_step, text)


@given(st.integers(0, 10**18), st.integers(1, 10**18), st.integers(1, 10**18))
def test_there_are_never_many_more_steps_than_allowed(start_ns: int, length_ns: int, step_ns: int) -> None:
    assume(step_ns >= max(length_ns // STEPS_MAX, 1))
    steps = read_steps(f"{step_ns}ns", start_ns, start_ns + length_ns)
    assert steps.count <= 2 * STEPS_MAX + 2
    assert steps.start_ns < start_ns + 1
    assert steps.end_ns >= start_ns + length_ns


def test_a_step_is_chosen_when_there_is_none() -> None:
    assert read_steps("", 0, HOUR_S * NS_PER_S) == Steps(0, 15 * NS_PER_S, 241)
    refused("step of 0s is too small, minimum step for given range is 60ms", read_steps, "0", 0, 600 * NS_PER_S)


def test_numbers_that_mean_nothing_are_refused_or_ignored() -> None:
    assert read_uint32("x", "", 7) == 7
    assert read_uint32("x", "4294967295") == 2**32 - 1
    refused('invalid x: strconv.ParseUint: parsing "١": invalid syntax', read_uint32, "x", "١")
    refused(f'invalid x: strconv.ParseUint: parsing "{"9" * 5_000}": value out of range', read_uint32, "x", "9" * 5_000)
    assert [read_count(text) for text in ("", "0", "-1", "abc", "١", "5", "9" * 5_000)] == [None, None, None, None, None, 5, None]
    assert [read_exemplars(text) for text in ("", "0", "abc", "5", "101")] == [100, 100, 100, 5, 100]

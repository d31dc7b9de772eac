"""Parameters are read as Go and Loki read them, and refused in their words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.loki.params import (
    TIME_NS_MAX,
    Bounds,
    InvalidParameter,
    check_points,
    read_bounds,
    read_delay_s,
    read_duration,
    read_forward,
    read_interval,
    read_limit,
    read_step,
    read_time,
    read_volume_limit,
)

S = 10**9
NOW = 1_795_485_600 * S


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("", NOW),
        ("1795168800", 1_795_168_800 * S),
        ("1795168800000000001", 1_795_168_800_000_000_001),
        ("1795168800000", 1_795_168_800_000),  # milliseconds are taken for nanoseconds
        ("4000000000", 4_000_000_000 * S),
        ("-5", -5 * S),
        ("1795168800.123456789", 1_795_168_800_123_000_000),
        ("1795168800.9996", 1_795_168_801_000_000_000),
        ("1795168800.0e0", 1_795_168_800 * S),
        ("2026-11-20T10:00:00Z", 1_795_168_800 * S),
        ("2026-11-20T11:00:00.000000001+01:00", 1_795_168_800_000_000_001),
        ("2026-11-20T05:30:00-04:30", 1_795_168_800 * S),
        ("9999999999", TIME_NS_MAX),
        ("0001-01-01T00:00:00Z", -TIME_NS_MAX),
        ("1970-01-01T00:00:01,000000005+00:00", 1_000_000_005),
        ("1.5e300", TIME_NS_MAX),
    ],
)
def test_times_are_seconds_nanoseconds_or_rfc3339(text: str, time_ns: int) -> None:
    assert read_time(text, NOW) == time_ns


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("abc", "invalid syntax"),
        ("2026-11-20", "invalid syntax"),
        ("1.2.3", "invalid syntax"),
        ("1795168800e0", "invalid syntax"),
        ("0x10", "invalid syntax"),
        ("1_000", "invalid syntax"),
        ("١٢", "invalid syntax"),
        ("99999999999999999999", "value out of range"),
        ("9" * 5_000, "value out of range"),
        ("2026-02-30T00:00:00Z", "invalid syntax"),
    ],
)
def test_other_times_are_refused_in_the_words_of_go(text: str, problem: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_time(text, NOW)
    assert str(refused.value) == f'strconv.ParseInt: parsing "{text}": {problem}'


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidParameter):
        assert abs(read_time(text, NOW)) <= TIME_NS_MAX


@pytest.mark.parametrize(
    ("start", "end", "since", "bounds"),
    [
        ("", "", "", Bounds(NOW - 3_600 * S, NOW)),
        ("", "", "1d", Bounds(NOW - 86_400 * S, NOW)),
        ("", "1795168800", "10m", Bounds(1_795_168_200 * S, 1_795_168_800 * S)),
        ("", "1895168800", "1h", Bounds(NOW - 3_600 * S, 1_895_168_800 * S)),  # the end lies ahead: since counts from now
        ("5", "10", "1h", Bounds(5 * S, 10 * S)),
    ],
)
def test_the_range_is_the_last_hour_unless_told(start: str, end: str, since: str, bounds: Bounds) -> None:
    assert read_bounds(start, end, since, NOW) == bounds


@pytest.mark.parametrize(
    ("start", "end", "since", "text"),
    [
        ("abc", "", "", "could not parse 'start' parameter: strconv.ParseInt: parsing \"abc\": invalid syntax"),
        ("", "now-1h", "", "could not parse 'end' parameter: strconv.ParseInt: parsing \"now-1h\": invalid syntax"),
        ("", "", "-1h", "could not parse 'since' parameter: not a valid duration string: \"-1h\""),
        ("5", "", "5", "could not parse 'since' parameter: not a valid duration string: \"5\""),
    ],
)
def test_a_bad_bound_is_named(start: str, end: str, since: str, text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_bounds(start, end, since, NOW)
    assert str(refused.value) == text


def test_a_range_may_be_empty_but_not_negative() -> None:
    Bounds(5, 5).check_order()
    with pytest.raises(InvalidParameter, match="end timestamp must not be before or equal to start time"):
        Bounds(6, 5).check_order()


@pytest.mark.parametrize(
    ("text", "ns"),
    [("300", 300 * S), ("5m", 300 * S), ("300.0", 300 * S), ("0.5e3", 500 * S), ("1h30m", 5_400 * S), ("150000ms", 150 * S), ("NaN", 0), ("-1", -S)],
)
def test_durations_are_seconds_or_as_prometheus_writes_them(text: str, ns: int) -> None:
    assert read_duration(text) == ns


@pytest.mark.parametrize("text", ["abc", "1.5s", "1m30", "m", "5 m", "-1h", ""])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_duration(text)
    assert str(refused.value) == f'cannot parse "{text}" to a valid duration'


@pytest.mark.parametrize("text", ["+Inf", "1e20", "-1e300"])
def test_durations_beyond_int64_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_duration(text)
    assert str(refused.value) == f'cannot parse "{text}" to a valid duration. It overflows int64'


@pytest.mark.parametrize(("length_s", "step_s"), [(0, 1), (249, 1), (500, 2), (1_200, 4), (3_600, 14)])
def test_a_range_has_some_250_steps_unless_told(length_s: int, step_s: int) -> None:
    assert read_step("", Bounds(0, length_s * S)) == step_s * S


@pytest.mark.parametrize("text", ["0", "-1", "NaN"])
def test_a_step_goes_forward(text: str) -> None:
    with pytest.raises(InvalidParameter, match="zero or negative query resolution step widths are not accepted"):
        read_step(text, Bounds(0, S))


def test_a_range_has_at_most_11000_points() -> None:
    check_points(Bounds(0, 11_000 * S), S)
    with pytest.raises(InvalidParameter, match="exceeded maximum resolution of 11,000 points per time series"):
        check_points(Bounds(0, 11_001 * S), S)


def test_an_interval_is_not_negative() -> None:
    assert read_interval("") == read_interval("0") == 0
    assert read_interval("2m30s") == 150 * S
    with pytest.raises(InvalidParameter, match="interval must be >= 0"):
        read_interval("-1")


@pytest.mark.parametrize(("text", "limit"), [("", 100), ("5", 5), ("+7", 7), ("4294967295", 4_294_967_295)])
def test_a_limit_is_a_positive_number(text: str, limit: int) -> None:
    assert read_limit(text) == limit


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0", "limit must be a positive value"),
        ("-1", "limit must be a positive value"),
        ("4294967296", "limit value 4294967296 is out of range [0, 4294967295]"),
        ("99999999999999999999", 'strconv.Atoi: parsing "99999999999999999999": value out of range'),
        ("x", 'strconv.Atoi: parsing "x": invalid syntax'),
        ("1.5", 'strconv.Atoi: parsing "1.5": invalid syntax'),
    ],
)
def test_other_limits_are_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_limit(text)
    assert str(refused.value) == problem


def test_a_volume_limit_of_zero_is_the_default() -> None:
    assert read_volume_limit("0") == read_volume_limit("") == 100
    with pytest.raises(InvalidParameter, match="limit must be a positive value"):
        read_volume_limit("-1")


@pytest.mark.parametrize(("text", "forward"), [("", False), ("backward", False), ("FORWARD", True), ("Forward", True)])
def test_directions_are_read_in_any_case(text: str, forward: bool) -> None:
    assert read_forward(text) is forward


def test_other_directions_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="invalid direction 'sideways'"):
        read_forward("sideways")


def test_a_tail_waits_five_seconds_at_most() -> None:
    assert [read_delay_s(text) for text in ("", "0", "5", "-1")] == [0, 0, 5, 0]
    with pytest.raises(InvalidParameter, match="delay_for can't be greater than 5"):
        read_delay_s("6")

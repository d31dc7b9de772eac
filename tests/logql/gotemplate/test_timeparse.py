from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.golayout import format_time, time_text
from lgtm.logql.gotemplate.gotime import NS_PER_S, Time, days_until
from lgtm.logql.gotemplate.timeparse import parse_time
from lgtm.logql.gotemplate.zones import UTC_ZONE, load_zone


def parsed(layout: str, text: str, zone: str = "UTC") -> str | None:
    time = parse_time(layout, text, load_zone(zone) or UTC_ZONE)
    return None if time is None else time_text(time)


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        ("2006-01-02", "2023-01-15", "2023-01-15 00:00:00 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2023-01-15T16:08:09Z", "2023-01-15 16:08:09 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2023-01-15T16:08:09.5+03:30", "2023-01-15 16:08:09.5 +0330 +0330"),
        ("2006-01-02T15:04:05Z07:00", "2023-01-15T16:08:09+00:00", "2023-01-15 16:08:09 +0000 UTC"),
        ("2006-01-02 15:04:05.000", "2023-01-15 16:08:09.125", "2023-01-15 16:08:09.125 +0000 UTC"),
        ("05.999", "07.12345", "0000-01-01 00:00:07.12345 +0000 UTC"),
        ("05.999", "07", "0000-01-01 00:00:07 +0000 UTC"),
        ("Mon Jan _2 15:04:05 2006", "tue FEB  3 04:05:06 2026", "2026-02-03 04:05:06 +0000 UTC"),
        ("January 2 2006", "February   3   2026", "2026-02-03 00:00:00 +0000 UTC"),
        ("3:04PM", "12:30AM", "0000-01-01 00:30:00 +0000 UTC"),
        ("3:04pm", "1:30pm", "0000-01-01 13:30:00 +0000 UTC"),
        ("06 06", "69 68", "2068-01-01 00:00:00 +0000 UTC"),
        ("06", "69", "1969-01-01 00:00:00 +0000 UTC"),
        ("2006 002", "2024 366", "2024-12-31 00:00:00 +0000 UTC"),
        ("2006 __2", "2023  34", "2023-02-03 00:00:00 +0000 UTC"),
        ("2006 -0700 MST", "2023 -0500 EST", "2023-01-01 00:00:00 -0500 EST"),
        ("2006 MST", "2023 UTC", "2023-01-01 00:00:00 +0000 UTC"),
        ("2006 MST", "2023 CEST", "2023-01-01 00:00:00 +0000 CEST"),
        ("2006 MST", "2023 GMT+3", "2023-01-01 03:00:00 +0300 GMT+3"),
        ("2006 -070000", "2023 +010203", "2023-01-01 00:00:00 +0102 +0102"),
    ],
)
def test_a_text_is_read_by_its_layout(layout: str, text: str, expected: str) -> None:
    assert parsed(layout, text) == expected


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02", "garbage"),
        ("2006-01-02", "2023-01-15T16:08:09Z"),
        ("2006-01-02", "2023-1-15"),
        ("2006-01-02", "2023-13-01"),
        ("2006-01-02", "2023-02-29"),
        ("2006-01-02", "2023-01-00"),
        ("15:04", "24:00"),
        ("15:04", "23:60"),
        ("3PM", "13PM"),
        ("3PM", "1XM"),
        ("Jan", "Foo"),
        ("05.000", "07.12"),
        ("-07:00", "0700"),
        ("-0700", "+2500"),
        ("MST", "lower"),
        ("MST", "ABCD"),
        ("2006 002", "2023 366"),
        ("2006-01-02 002", "2023-01-02 003"),
        ("a b", "ab"),
        ("2006", ""),
    ],
)
def test_what_does_not_fit_is_no_time(layout: str, text: str) -> None:
    assert parsed(layout, text) is None


def test_the_zone_counts_when_the_text_tells_none() -> None:
    assert parsed("2006-01-02 15:04", "2023-07-01 12:00", "America/New_York") == "2023-07-01 12:00:00 -0400 EDT"
    assert parsed("2006 MST", "2023 EST", "America/New_York") == "2023-01-01 00:00:00 -0500 EST"
    assert parsed("2006 -0700", "2023 -0500", "America/New_York") == "2023-01-01 00:00:00 -0500 EST"


@given(
    st.datetimes(min_value=datetime(1, 1, 1)),
    st.integers(0, 999),
    st.sampled_from(["2006-01-02T15:04:05.999999999Z07:00", "Jan _2 2006 03:04:05.000000000PM MST"]),
)
def test_what_is_written_reads_back(instant: datetime, below_us: int, layout: str) -> None:
    days = days_until(instant.year, instant.month, instant.day)
    seconds = days * 86_400 + instant.hour * 3_600 + instant.minute * 60 + instant.second
    time = Time(seconds * NS_PER_S + instant.microsecond * 1_000 + below_us)
    assert parse_time(layout, format_time(time, layout), UTC_ZONE) == time

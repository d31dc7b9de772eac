from __future__ import annotations

import pytest

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.golayout import chunks, format_time, time_text
from lgtm.logql.gotemplate.gotime import NS_PER_S, Time, days_until
from lgtm.logql.gotemplate.limits import LAYOUT_LENGTH_MAX
from lgtm.logql.gotemplate.zones import Zone, load_zone

AFTERNOON = Time((days_until(2026, 2, 3) * 86_400 + 15 * 3_600 + 4 * 60 + 5) * NS_PER_S + 60_700_000)
"""2026-02-03T15:04:05.0607Z, a Tuesday."""


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-02-03T15:04:05Z"),
        ("Mon Jan _2 15:04:05 2006", "Tue Feb  3 15:04:05 2026"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Tuesday, 03-Feb-26 15:04:05 UTC"),
        ("January 2, 2006 at 3:4:5pm", "February 3, 2026 at 3:4:5pm"),
        ("1/2/06 03:04 PM", "2/3/26 03:04 PM"),
        ("002 __2", "034  34"),
        (".000 .000000 ,000", ".060 .060700 ,060"),
        (".999 .999999999 .99", ".06 .0607 .06"),
        ("05.000000000", "05.060700000"),
        ("-0700 -07:00 -07 Z0700 Z07", "+0000 +00:00 +00 Z Z"),
        ("Jane Mond _2006 .0001", "Jane Mond _2026 .0002"),
        ("no elements", "no elements"),
        ("", ""),
    ],
)
def test_a_time_is_written_like_its_layout(layout: str, expected: str) -> None:
    assert format_time(AFTERNOON, layout) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (Zone("", -(3 * 3_600 + 1_800 + 7)), "-0330 -03:30 -03 -033007 -03:30:07 -03:30 -0330"),
        (Zone("XYZ", 3_600), "+0100 +01:00 +01 +010000 +01:00:00 +01:00 XYZ"),
    ],
)
def test_zones_are_written_with_sign_and_as_many_parts_as_the_layout_has(zone: Zone, expected: str) -> None:
    assert format_time(Time(0, zone), "-0700 -07:00 -07 -070000 -07:00:00 Z07:00 MST") == expected


def test_a_zone_of_the_database_knows_summer_time() -> None:
    zone = load_zone("America/New_York")
    assert zone is not None
    assert [format_time(Time(days_until(2026, month, 1) * 86_400 * NS_PER_S, zone), "15 MST -07") for month in (1, 7)] == ["19 EST -05", "20 EDT -04"]


@pytest.mark.parametrize(("year", "expected"), [(1, "0001 01"), (12026, "12026 26"), (-5, "-0005 05")])
def test_years_have_at_least_four_digits(year: int, expected: str) -> None:
    assert format_time(Time(days_until(year, 1, 1) * 86_400 * NS_PER_S), "2006 06") == expected


def test_a_time_prints_without_trailing_zeros() -> None:
    assert (time_text(AFTERNOON), time_text(Time(0))) == ("2026-02-03 15:04:05.0607 +0000 UTC", "1970-01-01 00:00:00 +0000 UTC")


def test_a_layout_is_bounded() -> None:
    with pytest.raises(CallError, match="layout of more than"):
        chunks("2" * (LAYOUT_LENGTH_MAX + 1))

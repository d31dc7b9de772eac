from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.gotemplate.gotime import NS_PER_S, ZERO_TIME, Duration, Month, Time, Weekday, date_of, days_in, days_until


@given(st.dates())
def test_days_count_as_the_calendar_does(day: date) -> None:
    days = (day - date(1970, 1, 1)).days
    assert days_until(day.year, day.month, day.day) == days
    assert date_of(days) == (day.year, day.month, day.day)


@given(st.integers(-(10**9), 10**9))
def test_every_day_has_a_date(days: int) -> None:
    assert days_until(*date_of(days)) == days


@given(st.datetimes(timezones=st.just(UTC)))
def test_civil_time_is_that_of_the_calendar(instant: datetime) -> None:
    ns = int((instant.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * NS_PER_S + instant.microsecond * 1_000
    civil = Time(ns).civil()
    assert (civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second) == instant.timetuple()[:6]
    assert (civil.ns, civil.weekday, civil.year_day) == (instant.microsecond * 1_000, instant.isoweekday() % 7, instant.timetuple().tm_yday)


def test_months_and_days_run_on() -> None:
    assert date_of(days_until(2023, 14, 31)) == (2024, 3, 2)
    assert date_of(days_until(2023, 0, 0)) == (2022, 11, 30)


@pytest.mark.parametrize(("year", "month", "days"), [(2023, 2, 28), (2024, 2, 29), (1900, 2, 28), (2000, 2, 29), (2023, 12, 31)])
def test_months_have_their_days(year: int, month: int, days: int) -> None:
    assert days_in(year, month) == days


def test_the_zero_time_is_the_first_of_the_year_1() -> None:
    assert ZERO_TIME.unix == -62_135_596_800


def test_named_integers_print_their_names() -> None:
    assert [str(value) for value in (Duration(3_723_500_000_000), Month(1), Month(13), Weekday(0), Weekday(7))] == [
        "1h2m3.5s",
        "January",
        "%!Month(13)",
        "Sunday",
        "%!Weekday(7)",
    ]

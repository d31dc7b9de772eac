"""`time.Time` and its relatives: an instant in a zone, durations, months and weekdays. The calendar is Gregorian in all years."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.gotemplate.kinds import GoInt
from lgtm.logql.gotemplate.zones import UTC_ZONE, Zone
from lgtm.parsing.gonumbers import format_duration

NS_PER_S = 1_000_000_000
DAY_S = 86_400
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097
_EPOCH_DAYS = 719_468
"""Days from 0000-03-01 to 1970-01-01."""


class Duration(GoInt):
    """Nanoseconds; prints as `1m30s`."""

    __slots__ = ()
    go_type = "time.Duration"

    def __str__(self) -> str:
        return format_duration(int(self))


class Month(GoInt):
    """From 1."""

    __slots__ = ()
    go_type = "time.Month"

    def __str__(self) -> str:
        return MONTHS[self - 1] if 1 <= self <= 12 else f"%!Month({int(self)})"


class Weekday(GoInt):
    """Sunday is 0."""

    __slots__ = ()
    go_type = "time.Weekday"

    def __str__(self) -> str:
        return WEEKDAYS[self] if 0 <= self <= 6 else f"%!Weekday({int(self)})"


@dataclass(slots=True, frozen=True)
class Civil:
    """What calendar and clock show. year_day from 1; weekday from Sunday = 0."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    ns: int
    weekday: int
    year_day: int
    abbreviation: str
    offset_s: int


@dataclass(slots=True, frozen=True)
class Time:
    """ns: since 1970 in UTC, of any size."""

    ns: int
    zone: Zone = UTC_ZONE

    go_type = "time.Time"

    @property
    def unix(self) -> int:
        return self.ns // NS_PER_S

    def civil(self) -> Civil:
        abbreviation, offset = self.zone.at(self.unix)
        days, second_of_day = divmod(self.unix + offset, DAY_S)
        year, month, day = date_of(days)
        minutes, second = divmod(second_of_day, 60)
        hour, minute = divmod(minutes, 60)
        year_day = days - days_until(year, 1, 1) + 1
        return Civil(year, month, day, hour, minute, second, self.ns % NS_PER_S, (days + 4) % 7, year_day, abbreviation, offset)


def days_until(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01; months and days beyond their ends run on. Method: Hinnant, "chrono-compatible low-level date algorithms"."""
    carried, index = divmod(month - 1, 12)
    year += carried
    shifted = year - (index < 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((index + 10) % 12) + 2) // 5 + day - 1
    return era * _ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _EPOCH_DAYS


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day; the inverse of `days_until`."""
    era, day_of_era = divmod(days + _EPOCH_DAYS, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def days_in(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _DAYS[month - 1]


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


ZERO_TIME = Time(days_until(1, 1, 1) * DAY_S * NS_PER_S)

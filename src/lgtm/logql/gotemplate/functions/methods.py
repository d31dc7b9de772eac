"""Methods of times and durations: `__timestamp__.UTC.Format "15:04"`, `(toDate ...).Weekday`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgtm.logql.gotemplate.functions.signature import Function, by_name
from lgtm.logql.gotemplate.golayout import format_time, time_text
from lgtm.logql.gotemplate.gotime import DAY_S, NS_PER_S, ZERO_TIME, Civil, Duration, Month, Time, Weekday, days_until
from lgtm.logql.gotemplate.kinds import Int64, wrap_int64
from lgtm.parsing.gonumbers import duration_seconds

_DURATION_MAX = 2**63 - 1


def _of_civil(name: str, part: Callable[[Civil], Any]) -> Function:
    return Function(name, (), lambda time: part(time.civil()))


def _of_ns(name: str, unit_ns: int) -> Function:
    return Function(name, (), lambda time: Int64(wrap_int64(time.ns // unit_ns)))


def _count(name: str, unit_ns: int) -> Function:
    """Whole units of a duration, towards zero."""
    return Function(name, (), lambda duration: Int64(abs(duration) // unit_ns * (1 if duration >= 0 else -1)))


def _compared(name: str, holds: Callable[[int, int], Any]) -> Function:
    return Function(name, ("time.Time",), lambda time, other: holds(time.ns, other.ns))


def _sub(time: Time, other: Time) -> Duration:
    return Duration(min(max(time.ns - other.ns, -_DURATION_MAX - 1), _DURATION_MAX))


def _add_date(time: Time, years: int, months: int, days: int) -> Time:
    civil = time.civil()
    date = days_until(civil.year + years, civil.month + months, civil.day + days)
    local_s = date * DAY_S + (civil.hour * 60 + civil.minute) * 60 + civil.second
    return Time(time.zone.unix(local_s) * NS_PER_S + civil.ns, time.zone)


def _truncate(time: Time, unit: Duration) -> Time:
    """Down to a multiple of `unit` since the year 1."""
    return time if unit <= 0 else Time(time.ns - (time.ns - ZERO_TIME.ns) % int(unit), time.zone)


def _round(time: Time, unit: Duration) -> Time:
    """To the nearest multiple of `unit`, halves up."""
    return time if unit <= 0 else _truncate(Time(time.ns + int(unit) // 2 + int(unit) % 2, time.zone), unit) if int(unit) > 1 else time


_TIME = by_name(
    (
        _of_ns("Unix", NS_PER_S),
        _of_ns("UnixMilli", 1_000_000),
        _of_ns("UnixMicro", 1_000),
        _of_ns("UnixNano", 1),
        Function("UTC", (), lambda time: Time(time.ns)),
        Function("Local", (), lambda time: Time(time.ns)),
        Function("Format", ("string",), format_time),
        Function("String", (), time_text),
        Function("IsZero", (), lambda time: time.ns == ZERO_TIME.ns),
        _of_civil("Year", lambda civil: civil.year),
        _of_civil("Month", lambda civil: Month(civil.month)),
        _of_civil("Day", lambda civil: civil.day),
        _of_civil("Hour", lambda civil: civil.hour),
        _of_civil("Minute", lambda civil: civil.minute),
        _of_civil("Second", lambda civil: civil.second),
        _of_civil("Nanosecond", lambda civil: civil.ns),
        _of_civil("YearDay", lambda civil: civil.year_day),
        _of_civil("Weekday", lambda civil: Weekday(civil.weekday)),
        Function("Add", ("time.Duration",), lambda time, duration: Time(time.ns + duration, time.zone)),
        Function("AddDate", ("int", "int", "int"), _add_date),
        Function("Sub", ("time.Time",), _sub),
        Function("Truncate", ("time.Duration",), _truncate),
        Function("Round", ("time.Duration",), _round),
        _compared("After", lambda a, b: a > b),
        _compared("Before", lambda a, b: a < b),
        _compared("Equal", lambda a, b: a == b),
        _compared("Compare", lambda a, b: (a > b) - (a < b)),
    )
)
_DURATION = by_name(
    (
        Function("String", (), str),
        Function("Seconds", (), duration_seconds),
        Function("Minutes", (), lambda duration: duration / (60 * NS_PER_S)),
        Function("Hours", (), lambda duration: duration / (3_600 * NS_PER_S)),
        _count("Milliseconds", 1_000_000),
        _count("Microseconds", 1_000),
        _count("Nanoseconds", 1),
    )
)
_NAME = by_name((Function("String", (), str),))

METHODS: dict[type, dict[str, Function]] = {Time: _TIME, Duration: _DURATION, Month: _NAME, Weekday: _NAME}
"""By the class of the receiver, then by name."""

"""Go's reference layouts: a time is written, or read, as the layout writes `Mon Jan 2 15:04:05 MST 2006`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.gotime import MONTHS, WEEKDAYS, Civil, Time
from lgtm.logql.gotemplate.limits import LAYOUT_LENGTH_MAX

_CHUNK = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|[-Z]07:00:00|[-Z]070000|[-Z]07:00|[-Z]0700|[-Z]07|[.,](?:0+|9+)(?![0-9])"
)


@lru_cache(maxsize=256)
def chunks(layout: str) -> tuple[tuple[str, str], ...]:
    """Pairs of literal text and the element behind it; the last element is "". Raises CallError when the layout is too long."""
    if len(layout) > LAYOUT_LENGTH_MAX:
        raise CallError(f"layout of more than {LAYOUT_LENGTH_MAX} characters")
    found, end = [], 0
    for match in _CHUNK.finditer(layout):
        found.append((layout[end : match.start()], match[0]))
        end = match.end()
    return (*found, (layout[end:], ""))


def format_time(time: Time, layout: str) -> str:
    civil = time.civil()
    return "".join(prefix + (_element(civil, element) if element else "") for prefix, element in chunks(layout))


def time_text(time: Time) -> str:
    """As Go prints a time."""
    return format_time(time, "2006-01-02 15:04:05.999999999 -0700 MST")


def _element(civil: Civil, element: str) -> str:
    if element in _DATE:
        return _DATE[element](civil)
    if element in _CLOCK:
        return _CLOCK[element](civil)
    if element[0] in ".,":
        digits = f"{civil.ns:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
        if element[1] == "9":
            digits = digits.rstrip("0")
        return element[0] + digits if digits else ""
    return _zone(civil, element)


def _year(civil: Civil) -> str:
    return f"{'-' if civil.year < 0 else ''}{abs(civil.year):04d}"


def _hour12(civil: Civil) -> int:
    return civil.hour % 12 or 12


_DATE: dict[str, Callable[[Civil], str]] = {
    "2006": _year,
    "06": lambda c: f"{abs(c.year) % 100:02d}",
    "January": lambda c: MONTHS[c.month - 1],
    "Jan": lambda c: MONTHS[c.month - 1][:3],
    "01": lambda c: f"{c.month:02d}",
    "1": lambda c: str(c.month),
    "Monday": lambda c: WEEKDAYS[c.weekday],
    "Mon": lambda c: WEEKDAYS[c.weekday][:3],
    "02": lambda c: f"{c.day:02d}",
    "_2": lambda c: f"{c.day:2d}",
    "2": lambda c: str(c.day),
    "002": lambda c: f"{c.year_day:03d}",
    "__2": lambda c: f"{c.year_day:3d}",
}
_CLOCK: dict[str, Callable[[Civil], str]] = {
    "15": lambda c: f"{c.hour:02d}",
    "03": lambda c: f"{_hour12(c):02d}",
    "3": lambda c: str(_hour12(c)),
    "04": lambda c: f"{c.minute:02d}",
    "4": lambda c: str(c.minute),
    "05": lambda c: f"{c.second:02d}",
    "5": lambda c: str(c.second),
    "PM": lambda c: "PM" if c.hour >= 12 else "AM",
    "pm": lambda c: "pm" if c.hour >= 12 else "am",
}


def _zone(civil: Civil, element: str) -> str:
    if element == "MST" and civil.abbreviation:
        return civil.abbreviation
    if element[0] == "Z" and civil.offset_s == 0:
        return "Z"
    minutes, seconds = divmod(abs(civil.offset_s), 60)
    hours, minutes = divmod(minutes, 60)
    colon = ":" if ":" in element else ""
    shown = f"{'-' if civil.offset_s < 0 else '+'}{hours:02d}"
    if element == "MST" or len(element) > 3:
        shown += f"{colon}{minutes:02d}"
    if element != "MST" and len(element) > 6:
        shown += f"{colon}{seconds:02d}"
    return shown

"""Reads a time by a Go reference layout, as Go's time.ParseInLocation."""

from __future__ import annotations

import re
from collections.abc import Callable

from lgtm.logql.gotemplate.golayout import chunks
from lgtm.logql.gotemplate.gotime import DAY_S, MONTHS, NS_PER_S, WEEKDAYS, Time, days_in, days_until, is_leap
from lgtm.logql.gotemplate.zones import Zone

_OFFSETS = {
    "07": re.compile(r"([+-])([0-9]{2})()()", re.ASCII),
    "0700": re.compile(r"([+-])([0-9]{2})([0-9]{2})()", re.ASCII),
    "07:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2})()", re.ASCII),
    "070000": re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII),
    "07:00:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII),
}
_ABBREVIATION = re.compile(r"ChST|MeST|GMT(?:[+-][0-9]{1,2})?|[+-][0-9]{2}|[A-Z]+", re.ASCII)
_BLANKS = re.compile(r"( +)")
_FRACTION = re.compile(r"[.,]([0-9]+)", re.ASCII)


class _Mismatch(Exception):
    """The text is not as the layout has it."""


def parse_time(layout: str, text: str, zone: Zone) -> Time | None:
    """zone: where the time is when the text does not tell. None when the text does not fit, or names no time that exists."""
    reader = _Reader(text)
    try:
        for index, (prefix, element) in enumerate(parts := chunks(layout)):
            reader.skip(prefix)
            if element:
                follower = parts[index + 1]
                reader.read(element, follower[1] if not follower[0] else "")
        if reader.rest:
            return None
        return reader.time(zone)
    except _Mismatch:
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self.rest = text
        self.year, self.month, self.day, self.year_day = 0, -1, -1, -1
        self.hour, self.minute, self.second, self.ns = 0, 0, 0, 0
        self.half: str | None = None
        self.is_utc = False
        self.offset: int | None = None
        self.abbreviation = ""

    def skip(self, literal: str) -> None:
        """Blanks of the layout stand for any number of blanks."""
        for part in _BLANKS.split(literal):
            if part.startswith(" "):
                if self.rest and self.rest[0] != " ":
                    raise _Mismatch
                self.rest = self.rest.lstrip(" ")
            elif self.rest.startswith(part):
                self.rest = self.rest[len(part) :]
            else:
                raise _Mismatch

    def take(self, count: int) -> str:
        taken, self.rest = self.rest[:count], self.rest[count:]
        if len(taken) < count:
            raise _Mismatch
        return taken

    def digits(self, least: int, most: int) -> int:
        count = 0
        while count < most and "0" <= self.rest[count : count + 1] <= "9":
            count += 1
        if count < least:
            raise _Mismatch
        return int(self.take(count))

    def within(self, value: int, low: int, high: int) -> int:
        if not low <= value <= high:
            raise _Mismatch
        return value

    def name(self, names: tuple[str, ...]) -> int:
        for index, name in enumerate(names):
            if self.rest[: len(name)].lower() == name.lower():
                self.rest = self.rest[len(name) :]
                return index
        raise _Mismatch

    def read(self, element: str, follower: str) -> None:
        """follower: the element right behind, "" when text stands between."""
        reader = _READERS.get(element)
        if reader is not None:
            reader(self)
            if element in ("5", "05") and not follower.startswith((".", ",")):
                self.fraction()
        elif element == "MST":
            self.zone_name()
        elif element[0] in ".,":
            self.fraction(len(element) - 1 if element[1] == "0" else None)
        else:
            self.zone_offset(element)

    def fraction(self, count: int | None = None) -> None:
        """count: how many digits there must be; None when there may be any number, or no fraction at all."""
        match = _FRACTION.match(self.rest)
        if count is None:
            if match is None:
                return
            count = len(match[1])
        if match is None or len(match[1]) < count or count > 9:
            raise _Mismatch
        self.ns = int(match[1][:count].ljust(9, "0"))
        self.rest = self.rest[count + 1 :]

    def zone_offset(self, element: str) -> None:
        if element[0] == "Z" and self.rest.startswith("Z"):
            self.rest, self.is_utc = self.rest[1:], True
            return
        match = _OFFSETS[element[1:]].match(self.rest)
        if match is None:
            raise _Mismatch
        hours, minutes, seconds = int(match[2]), int(match[3] or 0), int(match[4] or 0)
        self.within(hours, 0, 24), self.within(minutes, 0, 59), self.within(seconds, 0, 59)
        self.offset = (hours * 60 + minutes) * 60 + seconds
        if match[1] == "-":
            self.offset = -self.offset
        self.rest = self.rest[match.end() :]

    def zone_name(self) -> None:
        if self.rest.startswith("UTC"):
            self.rest, self.is_utc = self.rest[3:], True
            return
        match = _ABBREVIATION.match(self.rest)
        if match is None or not _is_abbreviation(match[0]):
            raise _Mismatch
        self.abbreviation = match[0]
        self.rest = self.rest[match.end() :]

    def time(self, zone: Zone) -> Time:
        if self.half == "PM" and self.hour < 12:
            self.hour += 12
        elif self.half == "AM" and self.hour == 12:
            self.hour = 0
        local_s = self.days() * DAY_S + (self.hour * 60 + self.minute) * 60 + self.second
        if self.is_utc:
            return Time(local_s * NS_PER_S + self.ns)
        if self.offset is not None:
            unix_s = local_s - self.offset
            name, offset = zone.at(unix_s)
            fits = offset == self.offset and self.abbreviation in ("", name)
            return Time(unix_s * NS_PER_S + self.ns, zone if fits else Zone(self.abbreviation, self.offset))
        if self.abbreviation:
            return self.named(local_s, zone)
        return Time(zone.unix(local_s) * NS_PER_S + self.ns, zone)

    def named(self, local_s: int, zone: Zone) -> Time:
        """An abbreviation that the zone does not know is a zone of its own, at UTC unless it says `GMT+3`."""
        unix_s = zone.unix(local_s)
        if zone.at(unix_s)[0] == self.abbreviation:
            return Time(unix_s * NS_PER_S + self.ns, zone)
        hours = int(self.abbreviation[3:]) if self.abbreviation.startswith("GMT") and len(self.abbreviation) > 3 else 0
        return Time(local_s * NS_PER_S + self.ns, Zone(self.abbreviation, hours * 3_600))

    def days(self) -> int:
        if self.year_day >= 0:
            days = days_until(self.year, 1, 1) + self.within(self.year_day, 1, 365 + is_leap(self.year)) - 1
            if self.month >= 0 and not days_until(self.year, self.month, 1) <= days < days_until(self.year, self.month + 1, 1):
                raise _Mismatch
            if self.day >= 0 and self.month >= 0 and days_until(self.year, self.month, self.day) != days:
                raise _Mismatch
            return days
        month = max(self.month, 1)
        day = self.day if self.day >= 0 else 1
        return days_until(self.year, month, self.within(day, 1, days_in(self.year, month)))


def _is_abbreviation(name: str) -> bool:
    """Three capitals, four or five that end in T (or WITA), an offset, or one of the odd ones."""
    if not name.isalpha() or name in ("ChST", "MeST", "WITA") or name.startswith("GMT"):
        return name[:3] != "GMT" or len(name) == 3 or -23 <= int(name[3:]) <= 23
    return len(name) == 3 or (len(name) in (4, 5) and name[-1] == "T")


def _two_digit_year(reader: _Reader) -> None:
    year = reader.digits(2, 2)
    reader.year = year + (1900 if year >= 69 else 2000)


def _spaced(reader: _Reader, count: int) -> None:
    for _ in range(count):
        if reader.rest.startswith(" "):
            reader.rest = reader.rest[1:]


def _set_year(reader: _Reader) -> None:
    reader.year = reader.digits(4, 4)


def _set_month(names: tuple[str, ...]) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        reader.month = reader.name(names) + 1

    return read


def _set_number(attribute: str, least: int, most: int, low: int, high: int, *, blanks: int = 0) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        _spaced(reader, blanks)
        setattr(reader, attribute, reader.within(reader.digits(least, most), low, high))

    return read


def _set_half(names: tuple[str, ...]) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        word = reader.take(2)
        if word not in names:
            raise _Mismatch
        reader.half = word.upper()

    return read


def _skip_weekday(names: tuple[str, ...]) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        reader.name(names)

    return read


_READERS: dict[str, Callable[[_Reader], None]] = {
    "2006": _set_year,
    "06": _two_digit_year,
    "January": _set_month(MONTHS),
    "Jan": _set_month(tuple(month[:3] for month in MONTHS)),
    "01": _set_number("month", 2, 2, 1, 12),
    "1": _set_number("month", 1, 2, 1, 12),
    "Monday": _skip_weekday(WEEKDAYS),
    "Mon": _skip_weekday(tuple(day[:3] for day in WEEKDAYS)),
    "02": _set_number("day", 2, 2, 0, 99),
    "2": _set_number("day", 1, 2, 0, 99),
    "_2": _set_number("day", 1, 2, 0, 99, blanks=1),
    "002": _set_number("year_day", 3, 3, 0, 999),
    "__2": _set_number("year_day", 1, 3, 0, 999, blanks=2),
    "15": _set_number("hour", 1, 2, 0, 23),
    "03": _set_number("hour", 2, 2, 0, 12),
    "3": _set_number("hour", 1, 2, 0, 12),
    "04": _set_number("minute", 2, 2, 0, 59),
    "4": _set_number("minute", 1, 2, 0, 59),
    "05": _set_number("second", 2, 2, 0, 59),
    "5": _set_number("second", 1, 2, 0, 59),
    "PM": _set_half(("PM", "AM")),
    "pm": _set_half(("pm", "am")),
}

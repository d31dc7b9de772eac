"""Functions on times: now, to and from text by Go's layouts, and seconds since 1970."""

from __future__ import annotations

from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import ANY, Context, Function, by_name
from lgtm.logql.gotemplate.golayout import format_time
from lgtm.logql.gotemplate.gotime import DAY_S, NS_PER_S, ZERO_TIME, Time
from lgtm.logql.gotemplate.kinds import Int64
from lgtm.logql.gotemplate.literals import quote
from lgtm.logql.gotemplate.timeparse import parse_time
from lgtm.logql.gotemplate.zones import UTC_ZONE, load_zone

_NS_BY_DIGITS = {5: DAY_S * NS_PER_S, 10: NS_PER_S, 13: 1_000_000, 16: 1_000, 19: 1}
_INT64_MAX = 2**63 - 1


def date(context: Context, layout: str, value: Any) -> str:
    """In UTC. An integer counts seconds; any other value that is no time means now."""
    if isinstance(value, Time):
        time = Time(value.ns)
    elif type(value) in (int, Int64):
        time = Time(int(value) * NS_PER_S)
    else:
        time = Time(context.now_ns())
    return format_time(time, layout)


def to_date(layout: str, text: str) -> Time:
    """What does not fit the layout is the year 1."""
    return parse_time(layout, text, UTC_ZONE) or ZERO_TIME


def to_date_in_zone(layout: str, zone: str, text: str) -> Time:
    """A zone that is not known counts as UTC."""
    return parse_time(layout, text, load_zone(zone) or UTC_ZONE) or ZERO_TIME


def unix_to_time(text: str) -> Time:
    """Days, seconds, milliseconds, microseconds or nanoseconds, told by the number of digits."""
    bare = text[1:] if text[:1] in ("+", "-") else text
    if not (bare.isascii() and bare.isdigit()):
        raise CallError(f"unable to parse time '{text}': strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    if len(bare) > 19 or int(bare) > _INT64_MAX:
        raise CallError(f"unable to parse time '{text}': strconv.ParseInt: parsing {quote(text)}: value out of range")
    unit_ns = _NS_BY_DIGITS.get(len(text))
    if unit_ns is None:
        raise CallError(f"unable to parse time '{text}': %!w(<nil>)")
    return Time(int(text) * unit_ns)


FUNCTIONS = by_name(
    (
        Function("__timestamp__", (), lambda context: Time(context.ts_ns), contextual=True),
        Function("now", (), lambda context: Time(context.now_ns()), contextual=True),
        Function("date", ("string", ANY), date, contextual=True),
        Function("toDate", ("string", "string"), to_date),
        Function("toDateInZone", ("string", "string", "string"), to_date_in_zone),
        Function("unixToTime", ("string",), unix_to_time),
        Function("unixEpoch", ("time.Time",), lambda time: str(time.unix)),
        Function("unixEpochMillis", ("time.Time",), lambda time: str(time.ns // 1_000_000)),
        Function("unixEpochNanos", ("time.Time",), lambda time: str(time.ns)),
    )
)

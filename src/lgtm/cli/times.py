"""Times as people write them on a command line, and as we print them."""

from __future__ import annotations

import datetime as dt

from lgtm.clock import NS_PER_S
from lgtm.parsing.durations import parse_duration

_DIGITS_OF_SECONDS = 10
_UNITS = (("s", NS_PER_S), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1))


def parse_time(text: str) -> int:
    """ns since the epoch of `2026-05-28T10:00:00Z`, of a date, of seconds with or without a fraction, or of ns. Local time where no zone is named.

    Raises ValueError.
    """
    if text.isascii() and text.isdigit():
        return int(text) * NS_PER_S if len(text) <= _DIGITS_OF_SECONDS else int(text)
    try:
        return round(float(text) * NS_PER_S)
    except ValueError:
        pass
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2026-05-28T10:00:00Z, 2026-05-28 or 1779962400") from None
    aware = time if time.tzinfo else time.astimezone()
    whole = int(aware.replace(microsecond=0).timestamp())
    return whole * NS_PER_S + aware.microsecond * 1_000


def parse_since(text: str) -> int:
    """ns of `1h30m`. Raises ValueError."""
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m, 2h or 7d") from None


def format_time(ts_ns: int) -> str:
    """RFC 3339 in UTC with as many digits as the time has, as Go's RFC3339Nano. ts_ns: an int64."""
    seconds, ns = divmod(ts_ns, NS_PER_S)
    whole = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    return f"{whole}{fraction}Z"


def short_duration(duration_ns: int) -> str:
    """At most three digits and a unit, such as 1.23ms; from a minute on `2m05s`. duration_ns: not below 0."""
    if duration_ns >= 60 * NS_PER_S:
        minutes, seconds = divmod(duration_ns // NS_PER_S, 60)
        return f"{minutes}m{seconds:02}s"
    # What would be rounded to 1000 of a unit is 1 of the next.
    unit, ns = next(((unit, ns) for unit, ns in _UNITS if 2_000 * duration_ns >= 1_999 * ns), ("", 1))
    value = duration_ns / ns
    digits = f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit

"""Loki's parameters: times, durations, limits and directions, read with the rules and the error texts of Go and Loki.

An empty value counts as none. Times are ns since the epoch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.model.limits import HOUR_NS
from lgtm.parsing.durations import parse_duration
from lgtm.parsing.gonumbers import parse_float
from lgtm.wire.go_text import rfc3339_ns

DEFAULT_LIMIT = 100
DEFAULT_SINCE_NS = HOUR_NS
DEFAULT_STEPS = 250
"""Steps that a range is cut into when the request does not say how long they are."""
POINTS_MAX = 11_000
SECONDS_DIGITS_MAX = 10
"""Whole numbers of up to this many characters are seconds, longer ones nanoseconds."""
TIME_NS_MAX = 9 * 10**18
"""Times are kept within this distance from 1970, some 285 years, so that a step further on is still an int64."""

_UINT32_MAX = 2**32 - 1
_INT64_MAX = 2**63 - 1
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_COMMA = re.compile(r"(:[0-9]{2}),(?=[0-9])", re.ASCII)


class InvalidParameter(BadRequest):
    """A parameter that cannot be read, or parameters that do not go together."""


@dataclass(slots=True, frozen=True)
class Bounds:
    start_ns: int
    end_ns: int

    def check_order(self) -> None:
        if self.end_ns < self.start_ns:
            raise InvalidParameter("end timestamp must not be before or equal to start time")


def read_bounds(start: str, end: str, since: str, now_ns: int) -> Bounds:
    """`end` is now unless given; `start` lies `since` before the end or before now, whichever is earlier, unless given."""
    end_ns = _named_time("end", end, now_ns)
    return Bounds(_named_time("start", start, min(end_ns, now_ns) - _since_ns(since)), end_ns)


def read_time(text: str, default_ns: int) -> int:
    """Raises InvalidParameter with Go's text."""
    if not text:
        return default_ns
    if "." in text:
        try:
            return _bounded(_float_seconds_ns(parse_float(text)))
        except ValueError:
            pass
    try:
        number = _parse_int(text, "ParseInt")
    except InvalidParameter:
        try:
            return _bounded(read_rfc3339(text))
        except ValueError:
            pass
        raise
    return _bounded(number * NS_PER_S if len(text) <= SECONDS_DIGITS_MAX else number)


def read_rfc3339(text: str) -> int:
    """Nanoseconds. Go takes a comma in front of the fraction as well. Raises ValueError."""
    return rfc3339_ns(_COMMA.sub(r"\1.", text))


def read_step(text: str, bounds: Bounds) -> int:
    """Nanoseconds, more than 0."""
    step_ns = read_duration(text) if text else default_step_ns(bounds)
    if step_ns <= 0:
        raise InvalidParameter("zero or negative query resolution step widths are not accepted. Try a positive integer")
    return step_ns


def default_step_ns(bounds: Bounds) -> int:
    return max((bounds.end_ns - bounds.start_ns) // NS_PER_S // DEFAULT_STEPS, 1) * NS_PER_S


def check_points(bounds: Bounds, step_ns: int) -> None:
    if (bounds.end_ns - bounds.start_ns) // step_ns > POINTS_MAX:
        raise InvalidParameter("exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter")


def read_interval(text: str) -> int:
    """Nanoseconds, 0 or more."""
    interval_ns = read_duration(text) if text else 0
    if interval_ns < 0:
        raise InvalidParameter("interval must be >= 0")
    return interval_ns


def read_duration(text: str) -> int:
    """Seconds as a number, or a duration as Prometheus writes it."""
    try:
        seconds = parse_float(text)
    except ValueError:
        try:
            return parse_duration(text)
        except ValueError:
            raise InvalidParameter(f"cannot parse {quote(text)} to a valid duration") from None
    duration = seconds * NS_PER_S
    if abs(duration) > _INT64_MAX:
        raise InvalidParameter(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
    return 0 if math.isnan(duration) else int(duration)


def read_limit(text: str, default: int = DEFAULT_LIMIT) -> int:
    limit = atoi(text) if text else default
    if limit <= 0:
        raise InvalidParameter("limit must be a positive value")
    if limit > _UINT32_MAX:
        raise InvalidParameter(f"limit value {limit} is out of range [0, {_UINT32_MAX}]")
    return limit


def read_volume_limit(text: str) -> int:
    """0 means the default here."""
    return DEFAULT_LIMIT if text and atoi(text) == 0 else read_limit(text)


def read_delay_s(text: str) -> int:
    """Of a tail: how long to wait for entries that come late."""
    delay_s = atoi(text) if text else 0
    if delay_s > DELAY_S_MAX:
        raise InvalidParameter(f"delay_for can't be greater than {DELAY_S_MAX}")
    return max(0, delay_s)


DELAY_S_MAX = 5


def read_forward(text: str) -> bool:
    """Whether the direction is forward; backward is the default."""
    if text and text.upper() not in ("FORWARD", "BACKWARD"):
        raise InvalidParameter(f"invalid direction '{text}'")
    return text.upper() == "FORWARD"


def _named_time(name: str, text: str, default_ns: int) -> int:
    try:
        return read_time(text, default_ns)
    except InvalidParameter as error:
        raise InvalidParameter(f"could not parse '{name}' parameter: {error}") from None


def _since_ns(text: str) -> int:
    if not text:
        return DEFAULT_SINCE_NS
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidParameter(f"could not parse 'since' parameter: {error}") from None


def _float_seconds_ns(value: float) -> int:
    """Rounded to milliseconds, the fraction apart as Go does it."""
    fraction, whole = math.modf(value)
    return int(whole) * NS_PER_S + int(math.copysign(math.floor(abs(fraction) * 1_000 + 0.5), fraction)) * (NS_PER_S // 1_000)


def _bounded(value_ns: int) -> int:
    return min(max(value_ns, -TIME_NS_MAX), TIME_NS_MAX)


def atoi(text: str) -> int:
    """A whole number of 64 bits. Raises InvalidParameter with the text of Go's strconv.Atoi."""
    return _parse_int(text, "Atoi")


def _parse_int(text: str, function: str) -> int:
    """Raises InvalidParameter with the text of Go's strconv."""
    if not _INTEGER.fullmatch(text):
        raise InvalidParameter(f"strconv.{function}: parsing {quote(text)}: invalid syntax")
    if len(text) <= 20 and -_INT64_MAX - 1 <= int(text) <= _INT64_MAX:
        return int(text)
    raise InvalidParameter(f"strconv.{function}: parsing {quote(text)}: value out of range")

"""Tempo's parameters: ids, times, durations and limits, read with the rules and the error texts of Go and Tempo.

An empty value counts as none. Times are ns since the epoch. Where Tempo has a range of whole seconds with both ends included, the window ends 1 ns
behind the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lgtm.api.loki.params import TIME_NS_MAX, InvalidParameter, read_bounds, read_time
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.clock import NS_PER_S
from lgtm.model.labels import quote
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN, Window
from lgtm.parsing import durations, gonumbers
from lgtm.traceql.steps import Steps, default_step_ns

SEARCH_LIMIT = 20
SEARCH_LIMIT_MAX = 262_144
SPANS_PER_SPANSET = 3
SPANS_PER_SPANSET_MAX = 100
EXEMPLARS_MAX = 100
STEPS_MAX = 10_000

_ID_DIGITS = 32
_UINT32_MAX = 2**32 - 1
_INT64_MAX = 2**63 - 1
_HEX = frozenset("0123456789abcdefABCDEF")
_DIGITS = frozenset("0123456789")
_RANGE = "error parsing date range: "
_HALF_A_RANGE = _RANGE + "only one of start and end provided: must provide both or neither"


@dataclass(slots=True, frozen=True)
class Ranges:
    """What a request may ask: the time of the request, and the settings."""

    now_ns: int
    config: TempoApiConfig

    def search(self, start: str, end: str, since: str) -> Window:
        """`since` wins over start and end, which are whole seconds. Without any, what is recent. Raises InvalidParameter."""
        if since:
            return self._since(since)
        start_s, end_s = read_uint32("start", start), read_uint32("end", end)
        if not start and end:
            raise InvalidParameter(_HALF_A_RANGE)
        return self.seconds(start_s, end_s)

    def seconds(self, start_s: int, end_s: int) -> Window:
        """0 and 0 are no range. Raises InvalidParameter."""
        if not start_s and not end_s:
            return self.recent()
        check_order(start_s, end_s)
        self._check_length(start_s, end_s)
        return inclusive(start_s, end_s)

    def tags(self, start: str, end: str, since: str = "") -> Window:
        """As for a search, but times may be written in every way. An end before the start is told as a range that is too long, as Tempo does."""
        if since:
            return self._since(since)
        times_ns = [_range_time(name, text) for name, text in (("start", start), ("end", end))]
        if bool(start) != bool(end):
            raise InvalidParameter(_HALF_A_RANGE)
        if not start:
            return self.recent()
        start_s, end_s = (time_ns // NS_PER_S for time_ns in times_ns)
        self._check_length(start_s, end_s)
        return inclusive(start_s, end_s)

    def recent(self) -> Window:
        return Window(self.now_ns - self.config.recent_s * NS_PER_S, self.now_ns + 1)

    def metrics(self, start: str, end: str, since: str) -> tuple[int, int]:
        """Start and end of a metrics query. Raises InvalidParameter."""
        bounds = read_bounds(start, end, since, self.now_ns)
        self.check_metrics(bounds.start_ns, bounds.end_ns)
        return bounds.start_ns, bounds.end_ns

    def metrics_ns(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """The same of numbers; 0 and 0 are no range."""
        if not start_ns and not end_ns:
            return self.metrics("", "", "")
        start_ns, end_ns = min(start_ns, TIME_NS_MAX), min(end_ns, TIME_NS_MAX)
        self.check_metrics(start_ns, end_ns)
        return start_ns, end_ns

    def check_metrics(self, start_ns: int, end_ns: int) -> None:
        """Raises InvalidParameter."""
        if end_ns <= start_ns:
            raise InvalidParameter("end must be greater than start")
        longest_ns = self.config.metrics_range_s_max * NS_PER_S
        if 0 < longest_ns < end_ns - start_ns:
            raise InvalidParameter(f"metrics query time range exceeds the maximum allowed duration of {gonumbers.format_duration(longest_ns)}")

    def _since(self, text: str) -> Window:
        try:
            since_ns = durations.parse_duration(text)
        except ValueError as error:
            raise InvalidParameter(f"{_RANGE}could not parse 'since' parameter: {error}") from None
        self._check_length((self.now_ns - since_ns) // NS_PER_S, self.now_ns // NS_PER_S)
        return Window(max(self.now_ns - since_ns, -TIME_NS_MAX), self.now_ns + 1)

    def _check_length(self, start_s: int, end_s: int) -> None:
        longest_s = self.config.search_range_s_max
        if end_s < start_s or 0 < longest_s < end_s - start_s:
            longest = gonumbers.format_duration(longest_s * NS_PER_S)
            raise InvalidParameter(f"range specified by start and end exceeds {longest}. received start={start_s} end={end_s}")


def read_trace_id(text: str) -> bytes:
    """16 bytes from up to 32 hex digits, which stand for the last of them. Raises InvalidParameter."""
    if not text:
        raise InvalidParameter("please provide a traceID")
    for position, character in enumerate(text, 1):
        if character not in _HEX:
            raise InvalidParameter(f"trace IDs can only contain hex characters: invalid character '{character}' at position {position}")
    if len(text) > _ID_DIGITS:
        raise InvalidParameter("trace IDs can't be larger than 128 bits")
    return bytes.fromhex(text.zfill(_ID_DIGITS))


def read_trace_window(start: str, end: str) -> Window:
    """Either may be missing, or 0, and leaves its side open. Raises InvalidParameter."""
    start_s, end_s = _int64("start", start), _int64("end", end)
    if start_s and end_s:
        check_order(start_s, end_s)
    return Window(_bounded_ns(start_s) if start_s else TS_NS_MIN, _bounded_ns(end_s) + 1 if end_s else TS_NS_MAX)


def check_order(start_s: int, end_s: int) -> None:
    if end_s <= start_s:
        raise InvalidParameter(f"http parameter start must be before end. received start={start_s} end={end_s}")


def read_search_limit(text: str) -> int:
    limit = read_uint32("limit", text, SEARCH_LIMIT)
    if not limit:
        raise InvalidParameter("invalid limit: must be a positive number")
    return check_search_limit(limit)


def check_search_limit(limit: int) -> int:
    if limit > SEARCH_LIMIT_MAX:
        raise InvalidParameter(f"limit {limit} exceeds max limit {SEARCH_LIMIT_MAX}")
    return limit


def read_spans_per_spanset(text: str) -> int:
    """0 is the default."""
    return check_spans_per_spanset(read_uint32("spss", text))


def check_spans_per_spanset(count: int) -> int:
    if count > SPANS_PER_SPANSET_MAX:
        raise InvalidParameter(f"spans per span set exceeds {SPANS_PER_SPANSET_MAX}. received {count}")
    return count or SPANS_PER_SPANSET


def read_trace_durations(least: str, most: str) -> tuple[int, int]:
    """ns; 0 for no bound. Raises InvalidParameter."""
    least_ns = _go_duration("minDuration", least)
    most_ns = _go_duration("maxDuration", most)
    if 0 < most_ns < least_ns:
        raise InvalidParameter("invalid maxDuration: must be greater than minDuration")
    return least_ns, most_ns


def read_exemplars(text: str) -> int:
    """What is no number is none."""
    return exemplars_of(read_count(text) or 0)


def exemplars_of(count: int) -> int:
    """0 is the default, which is also the most."""
    return min(count or EXEMPLARS_MAX, EXEMPLARS_MAX)


def read_steps(text: str, start_ns: int, end_ns: int) -> Steps:
    """Of a range that is not empty. Raises InvalidParameter."""
    return steps_of(read_step(text) if text else default_step_ns(start_ns, end_ns), start_ns, end_ns)


def steps_of(step_ns: int, start_ns: int, end_ns: int) -> Steps:
    """Raises InvalidParameter for more than STEPS_MAX steps."""
    least_ns = (end_ns - start_ns) // STEPS_MAX
    if step_ns < max(least_ns, 1):
        step, least = gonumbers.format_duration(step_ns), gonumbers.format_duration(least_ns)
        raise InvalidParameter(f"step of {step} is too small, minimum step for given range is {least}")
    return Steps.ranging(start_ns, end_ns, step_ns)


def read_step(text: str) -> int:
    """ns, 0 or more, from seconds or a duration as Go writes it. Raises InvalidParameter."""
    try:
        step_ns = gonumbers.parse_float(text) * NS_PER_S
    except ValueError:
        try:
            step_ns = gonumbers.parse_duration(text)
        except ValueError:
            raise InvalidParameter(f"cannot parse {quote(text)} to a valid duration") from None
    if math.isnan(step_ns):
        raise InvalidParameter(f"cannot parse {quote(text)} to a valid duration")
    if abs(step_ns) > _INT64_MAX:
        raise InvalidParameter(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
    if step_ns < 0:
        raise InvalidParameter(f"cannot parse {quote(text)}: step must be positive")
    return int(step_ns)


def read_uint32(name: str, text: str, default: int = 0) -> int:
    """Raises InvalidParameter with the text of Go's strconv."""
    return _integer(name, text, "ParseUint", 0, _UINT32_MAX) if text else default


def read_count(text: str) -> int | None:
    """Of a parameter that is ignored unless it is a whole number above 0."""
    return int(text) or None if 0 < len(text) <= 9 and _DIGITS.issuperset(text) else None


def inclusive(start_s: int, end_s: int) -> Window:
    return Window(_bounded_ns(start_s), _bounded_ns(end_s) + 1)


def _bounded_ns(seconds: int) -> int:
    return min(max(seconds * NS_PER_S, -TIME_NS_MAX), TIME_NS_MAX)


def _int64(name: str, text: str) -> int:
    return _integer(name, text, "ParseInt", -_INT64_MAX - 1, _INT64_MAX) if text else 0


def _integer(name: str, text: str, function: str, least: int, most: int) -> int:
    digits = text[1:] if least < 0 and text[0] in "+-" else text
    told = f"invalid {name}: strconv.{function}: parsing {quote(text)}: "
    if not digits or not _DIGITS.issuperset(digits):
        raise InvalidParameter(told + "invalid syntax")
    if len(digits) > 20 or not least <= int(text) <= most:
        raise InvalidParameter(told + "value out of range")
    return int(text)


def _range_time(name: str, text: str) -> int:
    try:
        return read_time(text, 0)
    except InvalidParameter as error:
        raise InvalidParameter(f"{_RANGE}could not parse '{name}' parameter: {error}") from None


def _go_duration(name: str, text: str) -> int:
    return _read(name, gonumbers.parse_duration, text) if text else 0


def _read(name: str, parse: Callable[[str], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidParameter(f"invalid {name}: {error}") from None

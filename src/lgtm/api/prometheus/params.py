"""Prometheus' parameters: times, durations, counts and selectors, read with its rules and its error texts. Times are ms since the epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lgtm.api.loki.params import InvalidParameter, atoi, read_duration, read_rfc3339
from lgtm.model.labels import quote
from lgtm.model.matchers import Matchers
from lgtm.parsing.gonumbers import parse_float
from lgtm.promql.errors import EvaluationError, ParseError
from lgtm.promql.parser import parse_selector
from lgtm.promql.times import Times

TIME_MS_MAX = 1 << 53
"""Times are kept within this distance from 1970: numbers of JSON tell all of them apart, and steps further on are still int64."""
_FORMATTED = {"-292273086-05-16T16:47:06Z": -TIME_MS_MAX, "292277025-08-18T07:12:54.999999999Z": TIME_MS_MAX}
"""The first and the last time as Prometheus writes them."""
_NS_PER_MS = 1_000_000


@dataclass(slots=True, frozen=True)
class Bounds:
    """Both ends belong to it."""

    start_ms: int
    end_ms: int


@contextmanager
def parameter(name: str) -> Iterator[None]:
    """What is wrong in here is told as the fault of this parameter."""
    try:
        yield
    except (InvalidParameter, ParseError) as error:
        raise InvalidParameter(f"invalid parameter {quote(name)}: {error}") from error


@contextmanager
def query_parameter() -> Iterator[None]:
    """As `parameter`, and what can be no range query is the fault of the query as well."""
    with parameter("query"):
        try:
            yield
        except EvaluationError as error:
            raise InvalidParameter(str(error)) from error


def read_time(text: str) -> int:
    """Seconds, or RFC 3339. Seconds are rounded to milliseconds, what is finer in a date is cut off."""
    return max(-TIME_MS_MAX, min(TIME_MS_MAX, _time_ms(text)))


def _time_ms(text: str) -> int:
    if text in _FORMATTED:
        return _FORMATTED[text]
    try:
        return _seconds_ms(parse_float(text))
    except (ValueError, OverflowError):
        pass
    try:
        return read_rfc3339(text) // _NS_PER_MS
    except ValueError:
        raise InvalidParameter(f"cannot parse {quote(text)} to a valid timestamp") from None


def _seconds_ms(seconds: float) -> int:
    """The fraction is rounded apart, as Prometheus does it. Raises ValueError and OverflowError for what is no finite number."""
    fraction, whole = math.modf(seconds)
    return int(whole) * 1_000 + int(math.copysign(math.floor(abs(fraction) * 1_000 + 0.5), fraction))


def optional_time(name: str, text: str, default_ms: int) -> int:
    if not text:
        return default_ms
    with parameter(name):
        try:
            return read_time(text)
        except InvalidParameter as error:
            raise InvalidParameter(f"invalid time value for '{name}': {error}") from None


def read_bounds(start: str, end: str) -> Bounds:
    """All times unless given."""
    return Bounds(optional_time("start", start, -TIME_MS_MAX), optional_time("end", end, TIME_MS_MAX))


def read_times(start: str, end: str, step: str, points_max: int) -> Times:
    """Of a range query, all of which have to be given."""
    with parameter("start"):
        start_ms = read_time(start)
    with parameter("end"):
        end_ms = read_time(end)
        if end_ms < start_ms:
            raise InvalidParameter("end timestamp must not be before start time")
    with parameter("step"):
        step_ns = read_duration(step)
        if step_ns <= 0:
            raise InvalidParameter("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end_ms - start_ms) * _NS_PER_MS // step_ns > points_max:
        raise InvalidParameter(f"exceeded maximum resolution of {points_max:,} points per timeseries. Try decreasing the query resolution (?step=XX)")
    return Times(start_ms, end_ms, max(1, step_ns // _NS_PER_MS))


def read_timeout_s(text: str) -> float | None:
    """None unless given."""
    if not text:
        return None
    with parameter("timeout"):
        return read_duration(text) / 1e9


def read_lookback_ms(text: str, default_ms: int) -> int:
    """What is not positive counts as not given."""
    if not text:
        return default_ms
    try:
        return max(0, read_duration(text) // _NS_PER_MS) or default_ms
    except InvalidParameter as error:
        raise InvalidParameter(f"error parsing lookback delta duration: {error}") from error


def read_limit(text: str) -> int:
    """0 for no limit."""
    if not text:
        return 0
    with parameter("limit"):
        limit = atoi(text)
        if limit < 0:
            raise InvalidParameter("limit must be non-negative")
    return limit


def read_count(name: str, text: str) -> int | None:
    """As `/metadata` reads its limits: anything negative, like nothing, is no limit."""
    if not text:
        return None
    try:
        count = atoi(text)
    except InvalidParameter:
        raise InvalidParameter(f"{name} must be a number") from None
    return None if count < 0 else count


def read_selectors(texts: Sequence[str]) -> list[Matchers]:
    """Raises ParseError, or InvalidParameter for a selector that could match every series."""
    selectors = [parse_selector(text) for text in texts]
    if any(all(matcher.matches_empty for matcher in matchers) for matchers in selectors):
        raise InvalidParameter("match[] must contain at least one non-empty matcher")
    return selectors

"""Parts of the date, in UTC, that a number of seconds since the epoch stands for; without an argument, that of the evaluation time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lgtm.promql.calls.elementwise import applied
from lgtm.promql.frame import Frame, Value, vector_of_scalar
from lgtm.promql.syntax import Call
from lgtm.vectors.matrix import F64, I64

_SECONDS_MAX = 1 << 56
_EPOCH_WEEKDAY = 4
"""1 January 1970 was a Thursday; Sunday is 0."""

Seconds = npt.NDArray[np.datetime64]


def _days(seconds: Seconds) -> I64:
    days: I64 = seconds.astype("datetime64[D]").astype(np.int64)
    return days


def _since(seconds: Seconds, unit: str) -> I64:
    """Days since the beginning of the month or year."""
    days: I64 = (seconds.astype("datetime64[D]") - seconds.astype(f"datetime64[{unit}]").astype("datetime64[D]")).astype(np.int64)
    return days


def _days_in_month(seconds: Seconds) -> I64:
    month = seconds.astype("datetime64[M]")
    days: I64 = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    return days


_PARTS: dict[str, Callable[[Seconds], I64]] = {
    "minute": lambda seconds: seconds.astype(np.int64) // 60 % 60,
    "hour": lambda seconds: seconds.astype(np.int64) // 3_600 % 24,
    "day_of_week": lambda seconds: (_days(seconds) + _EPOCH_WEEKDAY) % 7,
    "day_of_month": lambda seconds: _since(seconds, "M") + 1,
    "day_of_year": lambda seconds: _since(seconds, "Y") + 1,
    "days_in_month": _days_in_month,
    "month": lambda seconds: seconds.astype("datetime64[M]").astype(np.int64) % 12 + 1,
    "year": lambda seconds: seconds.astype("datetime64[Y]").astype(np.int64) + 1970,
}


def _part(name: str) -> Callable[[Call, Frame], Value]:
    def of_numbers(values: F64) -> F64:
        known = np.abs(values) < _SECONDS_MAX
        seconds = np.where(known, values, 0.0).astype(np.int64).astype("datetime64[s]")
        return np.where(known, _PARTS[name](seconds), np.nan)

    def handler(call: Call, frame: Frame) -> Value:
        vector = frame.vector(call.args[0]) if call.args else vector_of_scalar(frame.steps_ms / 1_000)
        return applied(of_numbers, vector)

    return handler


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {name: _part(name) for name in _PARTS}

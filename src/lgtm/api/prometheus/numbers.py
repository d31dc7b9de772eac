"""Times and values as Prometheus writes them in JSON: seconds with none or three decimals, and values as text."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

from lgtm.api.number_texts import number_texts
from lgtm.clock import NS_PER_S
from lgtm.vectors.matrix import F64, I64
from lgtm.wire.go_text import float_text

EXPONENT_BELOW, EXPONENT_FROM = 1e-6, 1e21


def time_text(ts_ms: int) -> str:
    """Seconds; decimals are never trimmed."""
    seconds, ms = divmod(abs(ts_ms), 1_000)
    return f"{'-' if ts_ms < 0 else ''}{seconds}{f'.{ms:03}' if ms else ''}"


def time_texts(ts_ms: I64) -> list[str]:
    """Each time is written once: series are mostly sampled together."""
    distinct, codes = np.unique(ts_ms, return_inverse=True)
    texts: list[str] = np.array([time_text(ts) for ts in distinct.tolist()], dtype=object)[codes].tolist()
    return texts


def value_text(value: float) -> str:
    """The shortest decimal, with an exponent of at least two digits below 1e-6 and from 1e21 on: there Python writes as Prometheus does."""
    size = abs(value)
    return repr(value) if 0 < size < EXPONENT_BELOW or EXPONENT_FROM <= size < math.inf else float_text(value)


def value_texts(values: F64) -> list[str]:
    return number_texts(values, value_text)


def rfc3339(time_ns: int | None) -> str:
    """As Go writes a time of UTC, without zeros at the end; None is its zero time."""
    if time_ns is None:
        return "0001-01-01T00:00:00Z"
    seconds, ns = divmod(time_ns, NS_PER_S)
    whole = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ns:09}".rstrip("0").rstrip(".") + "Z" if ns else f"{whole}Z"

"""Numbers and durations as text, read and written as Go's libraries do, whose words users of Loki and Tempo meet.

Every `parse_*` raises ValueError with Go's text.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from lgtm.model.labels import quote

_DIGITS = "[0-9](?:_?[0-9])*"
_FLOAT = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?", re.ASCII)
_HEX_FLOAT = re.compile(r"([+-]?)0[xX]_?([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?[0-9_]+)", re.ASCII)
_SPECIAL_FLOATS = {"inf": math.inf, "infinity": math.inf, "nan": math.nan}

NS_PER_UNIT = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_DURATION_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", re.ASCII)
_DURATION_NS_MAX = 2**63 - 1


def parse_float(text: str) -> float:
    """Go's strconv.ParseFloat: no blanks, underscores only between digits, `Inf`, `Infinity` and `NaN` in any case."""
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
        return value
    bare = text[1:] if text[:1] in ("+", "-") else text
    special = _SPECIAL_FLOATS.get(bare.lower()) if bare.isascii() else None
    if special is not None and not (math.isnan(special) and bare != text):
        return -special if text[0] == "-" else special
    if (match := _HEX_FLOAT.fullmatch(text)) and "__" not in text and (match[2] or match[3]):
        return float.fromhex(text.replace("_", ""))
    raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")


def parse_duration(text: str) -> int:
    """Go's time.ParseDuration in ns: `1h30m`, `-1.5s`, `0`; days are no unit."""
    invalid = f"time: invalid duration {quote(text)}"
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(invalid)
    total = 0
    while rest:
        match = _DURATION_PART.match(rest)
        assert match is not None
        whole, fraction, unit = match[1], match[2] or "", match[3]
        if not whole and len(fraction) < 2:
            raise ValueError(invalid)
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote(text)}")
        if unit not in NS_PER_UNIT:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        if len(whole) > 19:
            raise ValueError(invalid)
        total += int(whole or 0) * NS_PER_UNIT[unit]
        if len(fraction) > 1:
            digits = fraction[1:19]
            total += int(digits) * NS_PER_UNIT[unit] // 10 ** len(digits)
        if total > _DURATION_NS_MAX:
            raise ValueError(invalid)
        rest = rest[match.end() :]
    return -total if negative else total


def duration_seconds(value_ns: int) -> float:
    """As Go's Duration.Seconds rounds: whole seconds and the rest apart."""
    sign = -1 if value_ns < 0 else 1
    whole, rest = divmod(abs(value_ns), NS_PER_UNIT["s"])
    return sign * (whole + rest / 1e9)


def format_float(value: float) -> str:
    """The shortest decimal that reads back as `value`, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text[:-2] if text.endswith(".0") else text


def format_duration(value_ns: int) -> str:
    """Go's Duration.String: `1m30s`, `1.5ms`, `0s`."""
    sign, rest = ("-", -value_ns) if value_ns < 0 else ("", value_ns)
    if rest < NS_PER_UNIT["s"]:
        for unit in ("ms", "µs", "ns"):
            if rest >= NS_PER_UNIT[unit]:
                return f"{sign}{_shortest(rest, NS_PER_UNIT[unit])}{unit}"
        return "0s"
    minutes, rest = divmod(rest, NS_PER_UNIT["m"])
    hours, minutes = divmod(minutes, 60)
    text = f"{_shortest(rest, NS_PER_UNIT['s'])}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else sign + text


def _shortest(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"

"""Texts that mean numbers, read and written as the Go libraries behind Loki do: floats, durations, byte sizes; and label names made valid.

Every `parse_*` raises ValueError with Go's text, which users meet as `__error_details__`.
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

BYTES_PER_UNIT = {"": 1, "b": 1} | {
    name: base**power
    for power, letter in enumerate("kmgtpe", start=1)
    for name, base in ((f"{letter}b", 1000), (letter, 1000), (f"{letter}ib", 1024), (f"{letter}i", 1024))
}
_BYTES = re.compile(r"([0-9.,]*)(.*)", re.DOTALL | re.ASCII)
_BYTES_MAX = 2**64

_INVALID_IN_NAME = re.compile(r"[^A-Za-z0-9_]")


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


def parse_bytes(text: str) -> int:
    """Humanised sizes: `1.5 MB` (1000), `10KiB` (1024), `12`; commas between digits are skipped."""
    match = _BYTES.fullmatch(text)
    assert match is not None
    number, unit = parse_float(match[1].replace(",", "")), match[2].strip().lower()
    if unit not in BYTES_PER_UNIT:
        raise ValueError(f"unhandled size name: {unit}")
    size = number * BYTES_PER_UNIT[unit]
    if size >= _BYTES_MAX:
        raise ValueError(f"too large: {text}")
    return int(size)


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


def format_bytes(value: int) -> str:
    """As Loki prints a size: `20MB`, `1.5kB`; in bytes where that would not read back as the same number."""
    text = f"{value}B"
    if value >= 10:
        power = min(int(math.log(value, 1000) + 1e-12), 6)
        scaled = math.floor(value / 1000**power * 10 + 0.5) / 10
        text = f"{scaled:.0f}{_SIZES[power]}" if scaled >= 10 else f"{scaled:.1f}{_SIZES[power]}"
    return text if parse_bytes(text) == value else f"{value}B"


_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def sanitize_name(name: str) -> str:
    """A key of a line as a label name: trimmed, other characters than `A-Za-z0-9_` as `_`, and `_` before a leading digit. May be empty."""
    name = name.strip(" \t\n\v\f\r\x85\xa0")
    if "0" <= name[:1] <= "9":
        name = "_" + name
    return _INVALID_IN_NAME.sub("_", name)


def _shortest(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"

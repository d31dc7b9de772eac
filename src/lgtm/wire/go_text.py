"""Numbers and times as Go writes and reads them, where its text is part of a format."""

from __future__ import annotations

import datetime as dt
import math
import re

from lgtm.clock import NS_PER_S

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def float_text(value: float) -> str:
    """As encoding/json writes a float64: shortest digits, exponents only below 1e-6 and from 1e21. NaN, +Inf and -Inf by name."""
    text = repr(value)
    if "e" not in text and "n" not in text:
        return text.removesuffix(".0")
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits, exponent = _shortest(abs(value))
    sign = "-" if value < 0 else ""
    if not 1e-6 <= abs(value) < 1e21:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}{'.' + fraction if fraction else ''}"


def general_text(value: float) -> str:
    """As strconv's format 'g' with the fewest digits: exponents below 1e-4 and from 1e6 on."""
    text = float_text(value)
    if value == 0 or not math.isfinite(value):
        return text
    digits, exponent = _shortest(abs(value))
    if -4 <= exponent < 6:
        return text
    sign = "-" if value < 0 else ""
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def rfc3339_ns(text: str) -> int:
    """Nanoseconds since the epoch. Raises ValueError."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:64]!r} is not an RFC 3339 time")
    date, clock, fraction, zone = match.groups()
    moment = dt.datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    seconds = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1)
    return seconds * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def _shortest(value: float) -> tuple[str, int]:
    """Significant digits without trailing zeros, and the exponent of the first."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0")
    leading = len(digits) - len(digits.lstrip("0"))
    return digits.lstrip("0"), int(exponent or 0) + len(whole) - 1 - leading

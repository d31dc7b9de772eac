"""Durations as Prometheus writes them: whole numbers with units from years to milliseconds, largest first, such as `1h30m`."""

from __future__ import annotations

import re

from lgtm.clock import NS_PER_S
from lgtm.model.labels import quote

_MS = NS_PER_S // 1_000
NS_PER_UNIT = {
    "y": 365 * 86_400 * NS_PER_S,
    "w": 7 * 86_400 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "m": 60 * NS_PER_S,
    "s": NS_PER_S,
    "ms": _MS,
}
"""Largest first, which is also the order they are written in."""

_ONLY_WHOLE = ("y", "w")
"""Units that are written only when nothing smaller remains: ten days are `10d`, not `1w3d`."""

_ORDER = list(NS_PER_UNIT)
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_UNIT = re.compile(r"[^0-9]+", re.ASCII)
DURATION_NS_MAX = 2**63 - 1
_DIGITS_MAX = 20


def parse_duration(text: str) -> int:
    """Nanoseconds. Raises ValueError with Prometheus' text."""
    if text == "0":
        return 0
    if not text:
        raise ValueError("empty duration string")
    total, rank, offset = 0, -1, 0
    while offset < len(text):
        number = _NUMBER.match(text, offset)
        unit = _UNIT.match(text, number.end()) if number else None
        if number is None or unit is None or len(number[0]) > _DIGITS_MAX or int(number[0]) > DURATION_NS_MAX:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        if unit[0] not in NS_PER_UNIT:
            raise ValueError(f"unknown unit {quote(unit[0])} in duration {quote(text)}")
        if _ORDER.index(unit[0]) <= rank:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        rank, offset = _ORDER.index(unit[0]), unit.end()
        total += int(number[0]) * NS_PER_UNIT[unit[0]]
        if total > DURATION_NS_MAX:
            raise ValueError("duration out of range")
    return total


def format_duration(duration_ns: int) -> str:
    """The shortest text that `parse_duration` reads back, to the millisecond."""
    parts, rest = [], duration_ns
    for unit, size in NS_PER_UNIT.items():
        if rest < size or (unit in _ONLY_WHOLE and rest % size):
            continue
        count, rest = divmod(rest, size)
        parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"

"""Texts that are special to lines of logs: byte sizes as the library behind Loki reads and writes them, and label names made valid."""

from __future__ import annotations

import math
import re

from lgtm.parsing.gonumbers import parse_float

BYTES_PER_UNIT = {"": 1, "b": 1} | {
    name: base**power
    for power, letter in enumerate("kmgtpe", start=1)
    for name, base in ((f"{letter}b", 1000), (letter, 1000), (f"{letter}ib", 1024), (f"{letter}i", 1024))
}
_BYTES = re.compile(r"([0-9.,]*)(.*)", re.DOTALL | re.ASCII)
_BYTES_MAX = 2**64

_INVALID_IN_NAME = re.compile(r"[^A-Za-z0-9_]")


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

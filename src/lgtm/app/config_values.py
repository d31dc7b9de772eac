"""How values of the configuration are written, and read back: `parse` reads the text of what `as_yaml` writes.

What a field is follows from its type and name: `*_ns` is a duration, a whole number with `bytes` or `size` in its name a size.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from lgtm.model.secret import Secret
from lgtm.parsing.durations import format_duration, parse_duration

NS_SUFFIX = "_ns"
_UNITS = {"": 1, "B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
_SIZE_WORDS = {"bytes", "size"}


class Kind(enum.Enum):
    """The value is what the documentation calls it."""

    SWITCH = "true or false"
    INTEGER = "whole number"
    NUMBER = "number"
    SECONDS = "seconds"
    WHOLE_SECONDS = "whole seconds"
    MILLISECONDS = "milliseconds"
    DURATION = "duration"
    SIZE = "size"
    TEXT = "text"
    LIST = "list of texts"
    SECRET = "secret"


def kind_of(name: str, annotation: object) -> Kind:
    """The kind of a field. Raises TypeError for a type that cannot be written in a configuration."""
    words = set(name.split("_"))
    if annotation is int and name.endswith(NS_SUFFIX):
        return Kind.DURATION
    if annotation is int and words & _SIZE_WORDS:
        return Kind.SIZE
    if words & {"s", "ms"} and (annotation is float or annotation is int):
        whole = Kind.WHOLE_SECONDS if annotation is int else Kind.SECONDS
        return Kind.MILLISECONDS if "ms" in words else whole
    kinds: dict[object, Kind] = {
        bool: Kind.SWITCH,
        int: Kind.INTEGER,
        float: Kind.NUMBER,
        str: Kind.TEXT,
        tuple[str, ...]: Kind.LIST,
        Secret: Kind.SECRET,
    }
    if annotation not in kinds:
        raise TypeError(f"{name}: {annotation} cannot be configured")
    return kinds[annotation]


def parse(kind: Kind, value: str | Sequence[str]) -> Any:
    """The value of a field of this kind. A list may also be one text with commas. Raises ValueError saying what was expected."""
    if kind is Kind.LIST:
        return _parse_list(value)
    if not isinstance(value, str):
        raise ValueError(f"takes one value ({kind.value}), not a list")
    return _PARSERS[kind](value)


def as_yaml(kind: Kind, value: Any) -> bool | int | float | str | list[str]:
    """What stands in the file for this value; a secret is not shown."""
    match kind:
        case Kind.DURATION:
            return format_duration(value)
        case Kind.SIZE:
            return format_size(value)
        case Kind.LIST:
            return list(value)
        case Kind.SECRET:
            return str(value)
        case _:
            return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_size(text: str) -> int:
    """Bytes of `512`, `256KB`, `1.5GiB`. KB and KiB are both 1,024 bytes, as in Loki. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 512, 256KB or 1GiB")
    size = float(match[1]) * _UNITS[match[2].upper()] if "." in match[1] else int(match[1]) * _UNITS[match[2].upper()]
    return int(size)


def format_size(size: int) -> str:
    for letter, unit in reversed(_UNITS.items()):
        if unit > 1 and size and size % unit == 0:
            return f"{size // unit}{letter}iB"
    return str(size)


def _parse_switch(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return word in _TRUE


def _parse_integer(text: str) -> int:
    if not re.fullmatch("[0-9][0-9_]{0,18}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _parse_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"{text!r} is not a number from 0 up")
    return number


def _parse_duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m, 2h or 7d") from error


def _parse_list(value: str | Sequence[str]) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    return tuple(item.strip() for item in items if item.strip())


_PARSERS: dict[Kind, Callable[[str], Any]] = {
    Kind.SWITCH: _parse_switch,
    Kind.INTEGER: _parse_integer,
    Kind.NUMBER: _parse_number,
    Kind.SECONDS: _parse_number,
    Kind.WHOLE_SECONDS: _parse_integer,
    Kind.MILLISECONDS: _parse_number,
    Kind.DURATION: _parse_duration,
    Kind.SIZE: parse_size,
    Kind.TEXT: str,
    Kind.SECRET: Secret,
}

"""What a value looks like, in the words of `detected_fields`, and whether values are ids that tell nothing about a label."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lgtm.logql.values import parse_bytes
from lgtm.parsing.gonumbers import parse_duration, parse_float

_INT = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_INT64_MAX = 2**63 - 1
_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", re.ASCII)


def value_type(value: str) -> str:
    """int, float, boolean, duration, bytes or string: the first that the value can be."""
    if _is_int(value):
        return "int"
    if _reads(parse_float, value):
        return "float"
    if value in _BOOLEANS:
        return "boolean"
    if _reads(parse_duration, value):
        return "duration"
    return "bytes" if _reads(parse_bytes, value) else "string"


def are_ids(values: Iterable[str]) -> bool:
    """Whether all are numbers or UUIDs; `0` and `1` alone are a choice, no ids."""
    distinct = set(values)
    return not distinct <= {"0", "1"} and all(_UUID.fullmatch(value) or _reads(parse_float, value) for value in distinct)


def _is_int(value: str) -> bool:
    return bool(_INT.fullmatch(value)) and -_INT64_MAX - 1 <= int(value) <= _INT64_MAX


def _reads(parser: Callable[[str], object], value: str) -> bool:
    try:
        parser(value)
    except ValueError:
        return False
    return True

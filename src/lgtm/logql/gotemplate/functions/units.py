"""Sizes and durations as people write them, to numbers."""

from __future__ import annotations

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import Function, by_name
from lgtm.logql.values import parse_bytes
from lgtm.parsing.gonumbers import duration_seconds, parse_duration


def size(text: str) -> float:
    try:
        return float(parse_bytes(text))
    except ValueError as error:
        raise CallError(str(error)) from error


def seconds(text: str) -> float:
    try:
        return duration_seconds(parse_duration(text))
    except ValueError as error:
        raise CallError(str(error)) from error


FUNCTIONS = by_name(
    (
        Function("bytes", ("string",), size),
        Function("duration", ("string",), seconds),
        Function("duration_seconds", ("string",), seconds),
    )
)

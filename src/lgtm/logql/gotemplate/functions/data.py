"""The line itself, JSON to values, and a value for what is empty."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from lgtm.logql.gotemplate.functions.signature import ANY, Function, by_name
from lgtm.logql.gotemplate.kinds import is_true, valid_text

_SURROGATES = re.compile(r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is out of range")
    return value


_DECODER = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_no_number)


def from_json(text: str) -> Any:
    """Numbers are floats. What is no JSON is nil."""
    text = valid_text(text)
    if "\\ud" in text or "\\uD" in text:
        # Half a surrogate pair is no character; Go reads it as U+FFFD.
        text = _SURROGATES.sub(lambda match: r"\ufffd" if match[1] else match[0], text)
    try:
        return _DECODER.decode(text.strip(" \t\r\n"))
    except (ValueError, RecursionError):
        return None


def default(value: Any, *given: Any) -> Any:
    return given[0] if given and is_true(given[0]) else value


FUNCTIONS = by_name(
    (
        Function("__line__", (), lambda context: context.line, contextual=True),
        Function("fromJson", ("string",), from_json),
        Function("default", (ANY, ANY), default, variadic=True),
    )
)

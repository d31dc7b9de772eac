"""Numbers of a scraped page: many texts at once, with what Go's parser takes and Python's does not, and the other way round."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from lgtm.model.labels import quote
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition import F64, NAN
from lgtm.wire.go_text import general_text

_PLAIN_BYTES = b"0123456789.eE+-"
_FLOAT = re.compile(rb"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+")
_SPECIAL = re.compile(rb"[+-]?inf(?:inity)?|nan", re.IGNORECASE)


def parse_values(texts: Sequence[bytes]) -> F64:
    """One value each. Raises MalformedBody for the first that is no number; NaNs have the bits that Prometheus gives them."""
    try:
        values = np.array([float(text) for text in texts], np.float64)
    except ValueError:
        values = np.array([parse_value(text) for text in texts], np.float64)
    # Python takes `1_000`, ` 1`, `-nan` and 1e999: whoever has bytes for such a thing is looked at once more.
    if b"".join(texts).translate(None, _PLAIN_BYTES):
        for text in texts:
            if text.translate(None, _PLAIN_BYTES):
                parse_value(text)
    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd):
        for row in odd.tolist():
            parse_value(texts[row])
        values[np.isnan(values)] = NAN[0]
    return values


def parse_value(text: bytes) -> float:
    """Raises MalformedBody with the text of Go's strconv.ParseFloat."""
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise MalformedBody(f"strconv.ParseFloat: parsing {_shown(text)}: value out of range")
        return value
    if _SPECIAL.fullmatch(text):
        return float(text)
    raise MalformedBody(f"strconv.ParseFloat: parsing {_shown(text)}: invalid syntax")


def parse_integer(text: bytes) -> int:
    """A 64-bit number. Raises MalformedBody."""
    digits = text[1:] if text[:1] == b"-" else text
    if not digits.isdigit() or len(digits) > 19 or not -(2**63) <= int(text) < 2**63:
        raise MalformedBody(f"strconv.ParseInt: parsing {_shown(text)}: invalid syntax")
    return int(text)


def normal_float(text: str) -> str:
    """The value of a label `le` or `quantile` as OpenMetrics writes it: `1` is `1.0`. What is no number stays as it is."""
    try:
        value = parse_value(text.encode())
    except MalformedBody:
        return text
    return float_label(value)


def float_label(value: float) -> str:
    """As OpenMetrics writes a bound: with a point or an exponent."""
    shown = general_text(value)
    return shown if "." in shown or "e" in shown or not math.isfinite(value) else f"{shown}.0"


def _shown(text: bytes) -> str:
    return quote(text[:64].decode("utf-8", "surrogateescape"))

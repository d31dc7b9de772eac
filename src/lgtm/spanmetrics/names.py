"""Names of labels, and of kinds and statuses of spans as label values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lgtm.wire.go_text import float_text

SERVICE, SPAN_NAME, SPAN_KIND, STATUS_CODE, STATUS_MESSAGE = "service", "span_name", "span_kind", "status_code", "status_message"
JOB, INSTANCE = "job", "instance"
INTRINSIC = frozenset((SERVICE, SPAN_NAME, SPAN_KIND, STATUS_CODE, STATUS_MESSAGE, JOB, INSTANCE))
"""Labels that dimensions must not stand for."""
RESERVED_OF_TARGET_INFO = frozenset((JOB, INSTANCE))

UNSPECIFIED, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(6)
ERROR = 2
_KINDS = {n: f"SPAN_KIND_{name}" for n, name in enumerate(("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"))}
_STATUSES = {n: f"STATUS_CODE_{name}" for n, name in enumerate(("UNSET", "OK", "ERROR"))}
LEAST = -128
"""The int8 whose name comes first in the lists below."""
KIND_NAMES = [_KINDS.get(n, str(n)) for n in range(LEAST, 128)]
STATUS_NAMES = [_STATUSES.get(n, str(n)) for n in range(LEAST, 128)]
"""Numbers that OTLP gives no name are their own."""

LABEL_NAME_BYTES_MAX = 1_024
LABEL_VALUE_BYTES_MAX = 2_048


class LabelNamesCollide(ValueError):
    """Two dimensions of a configuration would be one label."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"two dimensions have the label name {self.name}"


def sanitize(name: str) -> str:
    """Every character but letters, digits and `_` of ASCII turned into `_`."""
    return "".join(c if (c.isascii() and c.isalnum()) or c == "_" else "_" for c in name)


def label_name(attribute: str, reserved: frozenset[str] = INTRINSIC) -> str:
    """The label of an attribute; one that would stand for a reserved label begins with `__`."""
    name = cut(sanitize(attribute), LABEL_NAME_BYTES_MAX)
    return f"__{name}" if name in reserved else name


def check_distinct(names: Iterable[str]) -> None:
    """Raises LabelNamesCollide."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LabelNamesCollide(name)
        seen.add(name)


def cut(text: str, bytes_max: int) -> str:
    """The longest beginning of the text that has so few bytes in UTF-8."""
    if 4 * len(text) <= bytes_max:
        return text
    raw = text.encode("utf-8", "surrogatepass")
    return text if len(raw) <= bytes_max else raw[:bytes_max].decode("utf-8", "ignore")


def plain_float(value: float) -> str:
    """Shortest digits, never an exponent; NaN, +Inf and -Inf by name."""
    return np.format_float_positional(value, trim="-") if np.isfinite(value) else float_text(value)

"""Go's types as Python values. Templates depend on them: `int` and `int64` print alike but do not fit the same parameter.

string                    str; a byte that is no UTF-8 is a lone surrogate (as `surrogateescape` makes it)
bool, float64, complex128 bool, float, complex
int                       int; other integers are `GoInt`s: int64, uint8, time.Duration, time.Month, time.Weekday
map[string]string         LabelMap, the labels of a row
map[string]interface {}   dict, and []interface {} list: what fromJson makes
time.Time                 gotime.Time
nil                       None for an absent value, NIL for an empty place in a map or list: Go words their errors apart
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

_INT64_MAX = 2**63 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")


class GoInt(int):
    """An integer of another type than `int`."""

    __slots__ = ()
    go_type: ClassVar[str]


class Int64(GoInt):
    __slots__ = ()
    go_type = "int64"


class Uint8(GoInt):
    """What indexing a string gives."""

    __slots__ = ()
    go_type = "uint8"


class Nil:
    """An `interface {}` that holds nothing, before something looks inside."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NIL"


NIL: Final = Nil()


class LabelMap:
    """`map[string]string`; an absent name reads as ""."""

    __slots__ = ("labels",)

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def items(self) -> list[tuple[str, str]]:
        return sorted(self.labels.items())


_TYPE_NAMES = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    complex: "complex128",
    LabelMap: "map[string]string",
    dict: "map[string]interface {}",
    list: "[]interface {}",
    Nil: "interface {}",
    type(None): "<nil>",
}


def type_name(value: Any) -> str:
    """As reflect prints the type of `value`."""
    cls = type(value)
    name = _TYPE_NAMES.get(cls)
    return name if name is not None else str(cls.go_type)


def is_true(value: Any) -> bool:
    """Whether `value` is not the zero of its type; a time always is."""
    if value is None or value is NIL:
        return False
    if isinstance(value, (str, int, float, complex, list, dict, LabelMap)):
        return bool(value)
    return True


def wrap_int64(value: int) -> int:
    """Arithmetic that overflows wraps around."""
    if -_INT64_MAX - 1 <= value <= _INT64_MAX:
        return value
    return (value + _INT64_MAX + 1) % 2**64 - _INT64_MAX - 1


def to_bytes(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(to_bytes(text))


def valid_text(text: str) -> str:
    """`text` with U+FFFD for every run of bytes that is no UTF-8: what may leave this package."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return to_bytes(text).decode("utf-8", "replace")

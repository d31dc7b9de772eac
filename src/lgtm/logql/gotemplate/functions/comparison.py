"""`eq ne lt le gt ge`: values of one basic kind compare, whatever their exact type; those of two kinds are an error."""

from __future__ import annotations

from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import VALUE, Function, by_name
from lgtm.logql.gotemplate.gotime import Time
from lgtm.logql.gotemplate.kinds import NIL, Uint8, to_bytes, type_name
from lgtm.logql.gotemplate.printing import text

_INVALID = "invalid type for comparison"
_INTEGERS = ("int", "uint")


def _basic_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Uint8):
        return "uint"
    for cls, kind in ((int, "int"), (float, "float"), (complex, "complex")):
        if isinstance(value, cls):
            return kind
    return None


def eq(first: Any, *others: Any) -> bool:
    """Whether `first` equals one of the others."""
    if not others:
        raise CallError("missing argument for comparison")
    return any(_equal(_inside(first), _inside(other)) for other in others)


def _inside(value: Any) -> Any:
    return None if value is NIL else value


def _equal(first: Any, other: Any) -> bool:
    kind, other_kind = _basic_kind(first), _basic_kind(other)
    if kind != other_kind:
        if kind in _INTEGERS and other_kind in _INTEGERS:
            return bool(first == other)
        if first is not None and other is not None:
            raise _incompatible(first, other)
        return False
    if kind is not None:
        return bool(first == other)
    if first is None or other is None:
        return first is other
    for value in (first, other):
        if not isinstance(value, Time):
            raise CallError(f"non-comparable type {text(value)}: {type_name(value)}")
    return bool(first == other)


def ne(first: Any, other: Any) -> bool:
    return not eq(first, other)


def lt(first: Any, other: Any) -> bool:
    first, other = _inside(first), _inside(other)
    kind, other_kind = _basic_kind(first), _basic_kind(other)
    if kind is None or other_kind is None:
        raise CallError(_INVALID)
    if kind != other_kind and not (kind in _INTEGERS and other_kind in _INTEGERS):
        raise _incompatible(first, other)
    if kind in ("bool", "complex"):
        raise CallError(_INVALID)
    if kind == "string":
        return to_bytes(first) < to_bytes(other)
    return bool(first < other)


def le(first: Any, other: Any) -> bool:
    return lt(first, other) or eq(first, other)


def gt(first: Any, other: Any) -> bool:
    return not le(first, other)


def ge(first: Any, other: Any) -> bool:
    return not lt(first, other)


def _incompatible(first: Any, other: Any) -> CallError:
    return CallError(f"incompatible types for comparison: {type_name(first)} and {type_name(other)}")


FUNCTIONS = by_name(
    (
        Function("eq", (VALUE, VALUE), eq, variadic=True),
        Function("ne", (VALUE, VALUE), ne),
        Function("lt", (VALUE, VALUE), lt),
        Function("le", (VALUE, VALUE), le),
        Function("gt", (VALUE, VALUE), gt),
        Function("ge", (VALUE, VALUE), ge),
    )
)

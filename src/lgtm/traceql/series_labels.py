"""Labels of series whose values have types, as the text labels that `vectors` works with.

A value is written with a letter for its type in front, so that 1, 1.0, "1" and true stay different, and read back for the answer.
"""

from __future__ import annotations

from lgtm.model.labels import Labels
from lgtm.traceql.columns import Scalar

TypedLabels = tuple[tuple[str, Scalar], ...]

NAME = "__name__"


def encode(value: Scalar) -> str:
    match value:
        case bool():
            return f"b{int(value)}"
        case int():
            return f"i{value}"
        case float():
            return f"f{value!r}"
        case _:
            return f"s{value}"


def decode(text: str) -> Scalar:
    match text[0]:
        case "b":
            return text == "b1"
        case "i":
            return int(text[1:])
        case "f":
            return float(text[1:])
        case _:
            return text[1:]


def encode_labels(labels: TypedLabels) -> Labels:
    return tuple((name, encode(value)) for name, value in labels)


def decode_labels(labels: Labels) -> TypedLabels:
    return tuple((name, decode(value)) for name, value in labels)


def named(function: str) -> Labels:
    """Of the one series of a function without groups."""
    return ((NAME, encode(function)),)


def name_of(labels: Labels) -> str | None:
    """The function's name, when that is all that the labels say."""
    return str(decode(labels[0][1])) if len(labels) == 1 and labels[0][0] == NAME else None


def order(labels: Labels) -> tuple[int, Labels]:
    """Sorts fewer labels first, then by key and value."""
    return len(labels), labels

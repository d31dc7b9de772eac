"""The types of values in TraceQL, the words for them, and which operators they allow.

Integers, floats and durations compare and calculate with each other; a duration counts as nanoseconds.
"""

from __future__ import annotations

import enum


class Type(enum.Enum):
    """ANY: that of an attribute, known only span by span."""

    ANY = "any"
    NIL = "nil"
    INT = "int"
    FLOAT = "float"
    STRING = "string"
    BOOL = "bool"
    DURATION = "duration"
    STATUS = "status"
    KIND = "kind"


NUMBERS = frozenset({Type.INT, Type.FLOAT, Type.DURATION})

STATUSES = ("unset", "ok", "error")
"""By OTLP's number."""
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
"""By OTLP's number."""

ARITHMETIC = frozenset("+-*/%^")
EQUALITY = frozenset({"=", "!="})
ORDER = frozenset({"<", "<=", ">", ">="})
REGEX = frozenset({"=~", "!~"})
LOGICAL = frozenset({"&&", "||"})

_ALLOWED: dict[frozenset[str], frozenset[Type]] = {
    ARITHMETIC: NUMBERS,
    ORDER: NUMBERS | {Type.STRING},
    REGEX: frozenset({Type.STRING}),
    LOGICAL: frozenset({Type.BOOL}),
}
_ALLOWED_UNARY = {"-": NUMBERS, "!": frozenset({Type.BOOL})}


def comparable(left: Type, right: Type) -> bool:
    """Whether values of the two types can meet in an operation at all."""
    return left == right or Type.ANY in (left, right) or (left in NUMBERS and right in NUMBERS)


def allows(operator: str, of: Type) -> bool:
    """Whether a binary operator is defined for operands of the type. Equality is for all."""
    if of is Type.ANY:
        return True
    return next((of in types for operators, types in _ALLOWED.items() if operator in operators), True)


def allows_unary(operator: str, of: Type) -> bool:
    return of is Type.ANY or of in _ALLOWED_UNARY[operator]


def is_boolean(operator: str) -> bool:
    """Whether the operator answers true or false."""
    return operator not in ARITHMETIC

"""Expressions over the fields of a span: the part of the syntax tree that stands between braces.

`str` of a node is its text in canonical form, which parses to an equal node.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lgtm.model.labels import quote
from lgtm.parsing.gonumbers import format_duration, format_float
from lgtm.traceql.lexer import INT_MIN, needs_quotes
from lgtm.traceql.types import KINDS, STATUSES, Type, is_boolean

Value = str | int | float | bool | None

SCOPES = ("span", "resource", "event", "link", "instrumentation")


@dataclass(slots=True, frozen=True)
class Static:
    """status and kind: OTLP's number; duration: ns."""

    type: Type
    value: Value

    def __str__(self) -> str:
        match self.type:
            case Type.STRING:
                text = str(self.value)
                return f"`{text}`" if "`" not in text else quote(text)
            case Type.BOOL:
                return "true" if self.value else "false"
            case Type.DURATION:
                return format_duration(int(self.value or 0))
            case Type.STATUS:
                return STATUSES[int(self.value or 0)]
            case Type.KIND:
                return KINDS[int(self.value or 0)]
            case Type.FLOAT:
                return _float_text(float(self.value or 0))
            case Type.NIL:
                return "nil"
            case _:
                return "minInt" if self.value == INT_MIN else str(self.value)


def _float_text(value: float) -> str:
    """Go's shortest form, with an exponent where the number is very large or small, and always recognisable as a float."""
    exponent = math.frexp(value)[1]
    if value and math.isfinite(value) and not _PLAIN_EXPONENTS[0] < exponent < _PLAIN_EXPONENTS[1]:
        mantissa, _, power = f"{value!r}".replace("E", "e").partition("e")
        if power:
            return f"{mantissa.removesuffix('.0')}e{power}"
    text = format_float(value)
    return text if "." in text or text[-1].isalpha() else f"{text}.0"


_PLAIN_EXPONENTS = (-13, 70)
"""Powers of two between which no float is written with an exponent: 0.0001 and 1e21."""


TRUE = Static(Type.BOOL, True)
FALSE = Static(Type.BOOL, False)
NIL = Static(Type.NIL, None)


@dataclass(slots=True, frozen=True)
class Attribute:
    """scope: one of SCOPES, or empty for whichever has it. parent: of the parent span, which parses and is then refused."""

    scope: str
    name: str
    parent: bool = False

    def __str__(self) -> str:
        name = '"' + self.name.replace("\\", "\\\\").replace('"', '\\"') + '"' if needs_quotes(self.name) else self.name
        return f"{self._prefix}.{name}"

    @property
    def _prefix(self) -> str:
        if not self.parent:
            return self.scope
        return f"parent.{self.scope}" if self.scope else "parent"

    @property
    def type(self) -> Type:
        return Type.ANY


INTRINSICS = {
    "duration": Type.DURATION,
    "name": Type.STRING,
    "status": Type.STATUS,
    "statusMessage": Type.STRING,
    "kind": Type.KIND,
    "span:id": Type.STRING,
    "span:parentID": Type.STRING,
    "span:childCount": Type.INT,
    "traceDuration": Type.DURATION,
    "rootName": Type.STRING,
    "rootServiceName": Type.STRING,
    "trace:id": Type.STRING,
    "event:name": Type.STRING,
    "event:timeSinceStart": Type.DURATION,
    "link:traceID": Type.STRING,
    "link:spanID": Type.STRING,
    "instrumentation:name": Type.STRING,
    "instrumentation:version": Type.STRING,
    "nestedSetLeft": Type.INT,
    "nestedSetRight": Type.INT,
    "nestedSetParent": Type.INT,
    "parent": Type.NIL,
}
SCOPED = {
    "span:duration": "duration",
    "span:name": "name",
    "span:status": "status",
    "span:statusMessage": "statusMessage",
    "span:kind": "kind",
    "trace:duration": "traceDuration",
    "trace:rootName": "rootName",
    "trace:rootService": "rootServiceName",
}
"""Spelling with a scope → the canonical one."""


@dataclass(slots=True, frozen=True)
class Intrinsic:
    """name: a key of INTRINSICS."""

    name: str

    def __post_init__(self) -> None:
        assert self.name in INTRINSICS, self.name

    def __str__(self) -> str:
        return self.name

    @property
    def type(self) -> Type:
        return INTRINSICS[self.name]


Field = Attribute | Intrinsic


@dataclass(slots=True, frozen=True)
class Unary:
    operator: str
    operand: FieldExpr

    def __str__(self) -> str:
        return f"{self.operator}{_inner(self.operand)}"


@dataclass(slots=True, frozen=True)
class Binary:
    operator: str
    left: FieldExpr
    right: FieldExpr

    def __str__(self) -> str:
        return f"{_inner(self.left)} {self.operator} {_inner(self.right)}"


@dataclass(slots=True, frozen=True)
class Exists:
    """`operand != nil`, or `= nil` when it has to be absent."""

    operand: FieldExpr
    absent: bool

    def __str__(self) -> str:
        return f"{_inner(self.operand)} {'=' if self.absent else '!='} nil"


FieldExpr = Static | Attribute | Intrinsic | Unary | Binary | Exists


def _inner(expr: FieldExpr) -> str:
    return str(expr) if isinstance(expr, Static | Attribute | Intrinsic) else f"({expr})"


def type_of(expr: FieldExpr) -> Type:
    """The type as far as the text tells it."""
    match expr:
        case Static() | Attribute() | Intrinsic():
            return expr.type
        case Unary():
            return type_of(expr.operand)
        case Exists():
            return Type.BOOL
        case Binary():
            if is_boolean(expr.operator):
                return Type.BOOL
            left = type_of(expr.left)
            return type_of(expr.right) if left is Type.ANY else left

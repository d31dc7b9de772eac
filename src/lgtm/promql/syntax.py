"""The syntax tree of a query. Nodes are values; each knows the position where its text begins."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lgtm.model.matchers import Matchers
from lgtm.promql.functions import Function, Kind
from lgtm.promql.position import Position


class Card(enum.StrEnum):
    """How many series of the left side may meet how many of the right."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(slots=True, frozen=True)
class Matching:
    """labels: what `on` (else `ignoring`) names. include: labels that group_left or group_right copies from the one side.

    fill_left, fill_right: the value that stands for a missing series of that side.
    """

    card: Card = Card.ONE_TO_ONE
    labels: tuple[str, ...] = ()
    on: bool = False
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


@dataclass(slots=True, frozen=True)
class DurationExpr:
    """Arithmetic on durations in seconds. op: + - * / % ^ with one side (a sign) or two, `step`, `range`, `min_of`, `max_of`."""

    op: str
    left: Duration | None
    right: Duration | None
    position: Position
    wrapped: bool = False
    """Whether it stands in parentheses."""


@dataclass(slots=True, frozen=True)
class Number:
    """duration: whether it was written with units, such as `1h30m`; the value then is in seconds."""

    value: float
    position: Position
    duration: bool = False


Duration = Number | DurationExpr


@dataclass(slots=True, frozen=True)
class String:
    value: str
    position: Position


@dataclass(slots=True, frozen=True, kw_only=True)
class Modifiers:
    """`offset` and `@`. offset_expr and edge are resolved into the others when the query's times are known (prepare.py).

    edge: "start" or "end" of the query.
    """

    offset_ms: int = 0
    offset_expr: DurationExpr | None = None
    at_ms: int | None = None
    edge: str | None = None


@dataclass(slots=True, frozen=True)
class VectorSelector:
    name: str
    """As written in front of the braces, or "" when it is only among the matchers."""
    matchers: Matchers
    position: Position
    modifiers: Modifiers = field(default_factory=Modifiers)
    anchored: bool = False
    smoothed: bool = False
    selection: int = -1
    """Which of the plan's selections has its samples; known once the query is prepared."""
    detects_resets: bool = False
    """Whether only counts and sums of its histograms matter, whose resets are then told from their predecessors and not from hints."""


@dataclass(slots=True, frozen=True)
class MatrixSelector:
    selector: VectorSelector
    range_ms: int
    range_expr: DurationExpr | None
    position: Position


@dataclass(slots=True, frozen=True)
class Subquery:
    """step_ms: 0 for the default."""

    expr: Expr
    range_ms: int
    range_expr: DurationExpr | None
    step_ms: int
    step_expr: DurationExpr | None
    position: Position
    modifiers: Modifiers = field(default_factory=Modifiers)


@dataclass(slots=True, frozen=True)
class Call:
    function: Function
    args: tuple[Expr, ...]
    position: Position


@dataclass(slots=True, frozen=True)
class Aggregate:
    op: str
    expr: Expr
    param: Expr | None
    grouping: tuple[str, ...]
    without: bool
    position: Position


@dataclass(slots=True, frozen=True)
class Binary:
    """matching: None unless both sides are instant vectors."""

    op: str
    left: Expr
    right: Expr
    matching: Matching | None
    return_bool: bool
    op_position: Position

    @property
    def position(self) -> Position:
        return self.left.position


@dataclass(slots=True, frozen=True)
class Unary:
    op: str
    expr: Expr
    position: Position


@dataclass(slots=True, frozen=True)
class Paren:
    expr: Expr
    position: Position


@dataclass(slots=True, frozen=True)
class StepInvariant:
    """What has the same value at every step; it is evaluated once. Only in prepared expressions."""

    expr: Expr

    @property
    def position(self) -> Position:
        return self.expr.position


Expr = Number | String | VectorSelector | MatrixSelector | Subquery | Call | Aggregate | Binary | Unary | Paren | StepInvariant

SET_OPERATORS = ("and", "or", "unless")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
TRIMS = ("</", ">/")
AGGREGATIONS = (
    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio"
)  # fmt: skip
WITH_PARAMETER = ("topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio")
EXPERIMENTAL_AGGREGATIONS = ("limitk", "limit_ratio")


def kind_of(expr: Expr) -> Kind:
    """The type of the expression's value."""
    match expr:
        case Number():
            return Kind.SCALAR
        case String():
            return Kind.STRING
        case MatrixSelector() | Subquery():
            return Kind.MATRIX
        case Call():
            return expr.function.returns
        case Binary():
            scalars = kind_of(expr.left) is Kind.SCALAR and kind_of(expr.right) is Kind.SCALAR
            return Kind.SCALAR if scalars else Kind.VECTOR
        case Unary() | Paren() | StepInvariant():
            return kind_of(expr.expr)
        case _:
            return Kind.VECTOR


def unwrapped(expr: Expr) -> Expr:
    """Without the parentheses around it."""
    while isinstance(expr, Paren | StepInvariant):
        expr = expr.expr
    return expr


def children_of(expr: Expr) -> tuple[Expr, ...]:
    """The parts in the order of their text."""
    match expr:
        case Call():
            return expr.args
        case Aggregate():
            return (expr.expr,) if expr.param is None else (expr.expr, expr.param)
        case Binary():
            return (expr.left, expr.right)
        case Unary() | Paren() | Subquery() | StepInvariant():
            return (expr.expr,)
        case MatrixSelector():
            return (expr.selector,)
        case _:
            return ()


def map_children(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same node over changed children; leaves stay as they are."""
    match expr:
        case Call():
            return replace(expr, args=tuple(change(arg) for arg in expr.args))
        case Aggregate():
            return replace(expr, expr=change(expr.expr), param=None if expr.param is None else change(expr.param))
        case Binary():
            return replace(expr, left=change(expr.left), right=change(expr.right))
        case Unary() | Paren() | Subquery():
            return replace(expr, expr=change(expr.expr))
        case _:
            return expr

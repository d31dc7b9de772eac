"""The syntax tree of LogQL. `str` of an expression is its canonical text on one line, which parses to an equal expression."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.stages import Stage, Unwrap
from lgtm.model.labels import quote
from lgtm.model.matchers import Matcher
from lgtm.parsing.durations import format_duration as format_range
from lgtm.parsing.gonumbers import format_duration, format_float


@dataclass(slots=True, frozen=True)
class LogExpr:
    """`{app="api"} |= "error" | json`: the entries of some streams, and what happens to each."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()

    def __str__(self) -> str:
        matchers = "{" + ", ".join(str(matcher) for matcher in self.matchers) + "}"
        return " ".join([matchers, *(str(stage) for stage in self.stages)])


@dataclass(slots=True, frozen=True)
class LogRange:
    """`{app="api"} | json | unwrap size [5m] offset 1h`. A negative offset looks ahead."""

    log: LogExpr
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None

    def __str__(self) -> str:
        return f"{self.log}{f' {self.unwrap}' if self.unwrap else ''}{self.window}"

    @property
    def window(self) -> str:
        """`[5m] offset 1h0m0s`."""
        return f"[{format_range(self.range_ns)}]" + (f" offset {format_duration(self.offset_ns)}" if self.offset_ns else "")


@dataclass(slots=True, frozen=True)
class Grouping:
    """`by (names)`, or `without (names)`; `by ()` makes one group."""

    names: tuple[str, ...]
    without: bool = False

    def __str__(self) -> str:
        return f"{'without' if self.without else 'by'} ({','.join(self.names)})"


@dataclass(slots=True, frozen=True)
class RangeAggregation:
    """`rate({app="api"}[5m])`. parameter: the quantile of quantile_over_time, which alone has one."""

    op: str
    range: LogRange
    parameter: float | None = None
    grouping: Grouping | None = None

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"{format_float(self.parameter)},"
        return f"{self.op}({parameter}{self.range})" + (f" {self.grouping}" if self.grouping else "")


@dataclass(slots=True, frozen=True)
class VectorAggregation:
    """`sum by (app) (rate({app="api"}[5m]))`. parameter: how many, of topk, bottomk and approx_topk."""

    op: str
    expr: MetricExpr
    parameter: int | None = None
    grouping: Grouping | None = None

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"{self.parameter},"
        return self.head + f"({parameter}{self.expr})"

    @property
    def head(self) -> str:
        """`sum by (app)`, what stands in front of the bracket."""
        return f"{self.op} {self.grouping}" if self.grouping else self.op


@dataclass(slots=True, frozen=True)
class VectorMatching:
    """Which samples of the two sides belong together: `on (labels) group_left (include)`. on False means `ignoring`.

    card: `one-to-one`, `many-to-one` (group_left) or `one-to-many` (group_right).
    """

    on: bool
    labels: tuple[str, ...]
    card: str = "one-to-one"
    include: tuple[str, ...] = ()

    def __str__(self) -> str:
        side = {"many-to-one": "group_left", "one-to-many": "group_right"}.get(self.card)
        group = f" {side} ({','.join(self.include)})" if side else ""
        return f"{'on' if self.on else 'ignoring'} ({','.join(self.labels)}){group}"


@dataclass(slots=True, frozen=True)
class BinaryOperation:
    """op: `or and unless == != < <= > >= + - * / % ^`. return_bool only has a meaning for comparisons."""

    op: str
    left: MetricExpr
    right: MetricExpr
    return_bool: bool = False
    matching: VectorMatching | None = None

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"

    @property
    def operator(self) -> str:
        """`/ on (app) group_left (env)`, the operator with its modifiers."""
        return " ".join([self.op, *(["bool"] if self.return_bool else []), *([str(self.matching)] if self.matching else [])])


@dataclass(slots=True, frozen=True)
class Literal:
    """A number by itself."""

    value: float

    def __str__(self) -> str:
        return format_number(self.value)


@dataclass(slots=True, frozen=True)
class VectorLiteral:
    """`vector(1)`: one sample without labels at each step."""

    value: float

    def __str__(self) -> str:
        text = f"{self.value:.6f}"
        return f"vector({text if float(text) == self.value else format_float(self.value)})"


@dataclass(slots=True, frozen=True)
class LabelReplace:
    """`label_replace(expr, "dst", "replacement", "src", "regex")`."""

    expr: MetricExpr
    dst: str
    replacement: str
    src: str
    regex: str

    def __str__(self) -> str:
        return f"label_replace({self.expr},{','.join(quote(text) for text in self.texts)})"

    @property
    def texts(self) -> tuple[str, str, str, str]:
        return self.dst, self.replacement, self.src, self.regex


MetricExpr = RangeAggregation | VectorAggregation | BinaryOperation | Literal | VectorLiteral | LabelReplace
Expr = LogExpr | MetricExpr


def operands(expr: Expr) -> tuple[MetricExpr, ...]:
    """The expressions directly below."""
    match expr:
        case BinaryOperation(left=left, right=right):
            return (left, right)
        case VectorAggregation(expr=inner) | LabelReplace(expr=inner):
            return (inner,)
        case _:
            return ()


def format_number(value: float) -> str:
    """As Go's %v: the shortest digits, with an exponent below 1e-4 and from 1e21 on."""
    if value == 0 or value != value or value in (float("inf"), float("-inf")) or 1e-4 <= abs(value) < 1e21:
        return format_float(value)
    return repr(value)

"""The syntax tree of TraceQL: spansets, pipelines, metrics. `str` of a node is its text in canonical form, which parses to an equal node."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.parsing.gonumbers import format_float
from lgtm.traceql.field_syntax import Field, FieldExpr, Static, Value
from lgtm.traceql.types import Type


@dataclass(slots=True, frozen=True)
class SpansetFilter:
    expr: FieldExpr

    def __str__(self) -> str:
        return f"{{ {self.expr} }}"


@dataclass(slots=True, frozen=True)
class SpansetOperation:
    operator: str
    left: SpansetExpr
    right: SpansetExpr

    def __str__(self) -> str:
        return f"({self.left}) {self.operator} ({self.right})"


@dataclass(slots=True, frozen=True)
class Group:
    expr: FieldExpr

    def __str__(self) -> str:
        return f"by({self.expr})"


@dataclass(slots=True, frozen=True)
class Coalesce:
    def __str__(self) -> str:
        return "coalesce()"


@dataclass(slots=True, frozen=True)
class Select:
    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return f"select({', '.join(map(str, self.fields))})"


@dataclass(slots=True, frozen=True)
class Aggregate:
    """expr: None for count."""

    operator: str
    expr: FieldExpr | None = None

    def __str__(self) -> str:
        return f"{self.operator}({'' if self.expr is None else self.expr})"


@dataclass(slots=True, frozen=True)
class ScalarOperation:
    operator: str
    left: ScalarExpr
    right: ScalarExpr

    def __str__(self) -> str:
        return f"({self.left}) {self.operator} ({self.right})"


@dataclass(slots=True, frozen=True)
class ScalarPipe:
    """The number that a pipeline ends in, as an operand."""

    pipeline: Pipeline
    aggregate: Aggregate

    def __str__(self) -> str:
        return f"{self.pipeline} | {self.aggregate}"


ScalarExpr = Static | Aggregate | ScalarOperation | ScalarPipe


@dataclass(slots=True, frozen=True)
class ScalarFilter:
    operator: str
    left: ScalarExpr
    right: ScalarExpr

    def __str__(self) -> str:
        return f"{_operand(self.left)} {self.operator} {_operand(self.right)}"


def _operand(expr: ScalarExpr) -> str:
    return str(expr) if isinstance(expr, Static | Aggregate) else f"({expr})"


Stage = SpansetFilter | SpansetOperation | Group | Coalesce | Select | ScalarFilter


@dataclass(slots=True, frozen=True)
class Pipeline:
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.stages))


SpansetExpr = SpansetFilter | SpansetOperation | Pipeline


@dataclass(slots=True, frozen=True)
class Over:
    """A function over time, such as `rate() by(name)`. field: None for what counts spans. quantiles: of quantile_over_time."""

    function: str
    field: Field | None = None
    by: tuple[Field, ...] = ()
    quantiles: tuple[float, ...] = ()

    def __str__(self) -> str:
        arguments = [*([str(self.field)] if self.field else []), *map(format_float, self.quantiles)]
        by = f" by({', '.join(map(str, self.by))})" if self.by else ""
        return f"{self.function}({', '.join(arguments)}){by}"


COMPARE_VALUES = 10


@dataclass(slots=True, frozen=True)
class Compare:
    """selection: the spans set apart from the rest. window: their start within (start, end] ns; None for any."""

    selection: SpansetFilter
    values_max: int = COMPARE_VALUES
    window: tuple[int, int] | None = None

    def __str__(self) -> str:
        window = "" if self.window is None else f", {self.window[0]}, {self.window[1]}"
        return f"compare({self.selection}, {self.values_max}{window})"


@dataclass(slots=True, frozen=True)
class MetricsQuery:
    pipeline: Pipeline
    function: Over | Compare

    def __str__(self) -> str:
        return f"{self.pipeline} | {self.function}"


@dataclass(slots=True, frozen=True)
class MetricsOperation:
    """At least one side is a query."""

    operator: str
    left: MetricsExpr | Static
    right: MetricsExpr | Static

    def __str__(self) -> str:
        return f"{_side(self.left)} {self.operator} {_side(self.right)}"


@dataclass(slots=True, frozen=True)
class TopK:
    """operator: topk or bottomk."""

    expr: MetricsExpr
    operator: str
    limit: int

    def __str__(self) -> str:
        return f"{_staged(self.expr)} | {self.operator}({self.limit})"


@dataclass(slots=True, frozen=True)
class MetricsFilter:
    expr: MetricsExpr
    operator: str
    value: Static

    def __str__(self) -> str:
        return f"{_staged(self.expr)} {self.operator} {self.value}"


MetricsExpr = MetricsQuery | MetricsOperation | TopK | MetricsFilter


def _side(side: MetricsExpr | Static) -> str:
    return str(side) if isinstance(side, Static) else f"({side})"


def _staged(expr: MetricsExpr) -> str:
    return f"({expr})" if isinstance(expr, MetricsOperation) else str(expr)


Root = Pipeline | ScalarFilter | MetricsQuery | MetricsOperation | TopK | MetricsFilter


@dataclass(slots=True, frozen=True)
class Query:
    """hints: name and value; what is unknown or has an unfit type is ignored by whoever reads them."""

    root: Root
    hints: tuple[tuple[str, Static], ...] = ()

    def __str__(self) -> str:
        hints = f" with({', '.join(f'{name}={value}' for name, value in self.hints)})" if self.hints else ""
        return f"{self.root}{hints}"

    def hint(self, name: str, of: Type) -> Value:
        """The last value given of that type, else None."""
        return next((static.value for key, static in reversed(self.hints) if key == name and static.type is of), None)


def queries(root: Root | Static) -> list[MetricsQuery]:
    """Those that a metric is calculated from, as they stand in the text; none in a search."""
    match root:
        case MetricsQuery():
            return [root]
        case MetricsOperation():
            return [*queries(root.left), *queries(root.right)]
        case TopK() | MetricsFilter():
            return queries(root.expr)
        case _:
            return []

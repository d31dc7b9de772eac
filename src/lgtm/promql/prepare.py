"""A parsed query made ready for its times: durations worked out, `@ start()` and `@ end()` known, reads numbered, constant parts marked.

The outcome says which samples are needed. Who has them calls `evaluate`, which waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lgtm.model.matchers import Matchers
from lgtm.promql.errors import EvaluationError
from lgtm.promql.functions import Kind
from lgtm.promql.resolve import Resolver
from lgtm.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Expr,
    MatrixSelector,
    Number,
    StepInvariant,
    String,
    Subquery,
    VectorSelector,
    children_of,
    kind_of,
    map_children,
)
from lgtm.promql.times import Times, subquery_times

LOOKBACK_MS = 5 * 60_000
SUBQUERY_STEP_MS = 60_000

_DEPENDS_ON_TIME = frozenset(
    [
        "days_in_month",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "hour",
        "minute",
        "month",
        "year",
        "predict_linear",
        "time",
        "timestamp",
        "start",
        "end",
        "step",
        "range",
    ]
)
"""Functions whose value changes with the evaluation time even where their arguments do not."""
_ONLY_COUNTS = ("histogram_count", "histogram_sum", "histogram_avg")
_NEEDS_BUCKETS = ("histogram_quantile", "histogram_quantiles", "histogram_fraction", "histogram_stddev", "histogram_stdvar")


@dataclass(slots=True, frozen=True)
class Selection:
    """Samples of the series that match, later than start_ms and not later than end_ms."""

    matchers: Matchers
    start_ms: int
    end_ms: int


@dataclass(slots=True, frozen=True)
class Prepared:
    """selections: what must be read; `evaluate` takes the answers in the same order."""

    expr: Expr
    times: Times
    lookback_ms: int
    subquery_step_ms: int
    selections: tuple[Selection, ...]


def prepare(expr: Expr, times: Times, *, lookback_ms: int = LOOKBACK_MS, subquery_step_ms: int = SUBQUERY_STEP_MS) -> Prepared:
    """Raises ParseError for durations that come out wrong at these times."""
    resolved = Resolver(times).resolve(expr)
    reads = _Reads(lookback_ms, subquery_step_ms)
    numbered = reads.number(resolved, times, only_counts=False)
    return Prepared(_mark_invariant(numbered), times, lookback_ms, subquery_step_ms, tuple(reads.selections))


class _Reads:
    """Numbers the selectors and collects the windows they read."""

    def __init__(self, lookback_ms: int, subquery_step_ms: int) -> None:
        self._lookback_ms, self._subquery_step_ms = lookback_ms, subquery_step_ms
        self.selections: list[Selection] = []

    def number(self, expr: Expr, times: Times, *, only_counts: bool) -> Expr:
        match expr:
            case VectorSelector():
                return self._selector(expr, times, self._lookback_ms, only_counts=only_counts)
            case MatrixSelector():
                return replace(expr, selector=self._selector(expr.selector, times, expr.range_ms, only_counts=only_counts))
            case Subquery():
                return replace(expr, expr=self.number(expr.expr, subquery_window(expr, times, self._subquery_step_ms), only_counts=False))
            case Call(function=function):
                counts = function.name in _ONLY_COUNTS or (only_counts and function.name not in _NEEDS_BUCKETS)
                return replace(expr, args=tuple(self.number(arg, times, only_counts=counts) for arg in expr.args))
            case Binary(op=op):
                counts = only_counts and op not in ("==", "!=", "</", ">/")
                left = self.number(expr.left, times, only_counts=counts)
                return replace(expr, left=left, right=self.number(expr.right, times, only_counts=counts))
            case Aggregate():
                counts = only_counts and expr.op != "count_values"
                return map_children(expr, lambda child: self.number(child, times, only_counts=counts))
            case _:
                return map_children(expr, lambda child: self.number(child, times, only_counts=only_counts))

    def _selector(self, selector: VectorSelector, times: Times, reach_ms: int, *, only_counts: bool) -> VectorSelector:
        modifiers = selector.modifiers
        first, last = (times.start_ms, times.end_ms) if modifiers.at_ms is None else (modifiers.at_ms, modifiers.at_ms)
        start_ms, end_ms = first - modifiers.offset_ms - reach_ms, last - modifiers.offset_ms
        if selector.anchored or selector.smoothed:
            # A sample exactly at the left end counts here.
            start_ms -= self._lookback_ms + 1
        if selector.smoothed:
            end_ms += self._lookback_ms
        if only_counts:
            start_ms -= self._lookback_ms
        selection = Selection(selector.matchers, start_ms, end_ms)
        if selection not in self.selections:
            self.selections.append(selection)
        return replace(selector, selection=self.selections.index(selection), detects_resets=only_counts)


def subquery_window(expr: Subquery, times: Times, default_step_ms: int) -> Times:
    """The times at which the inside of the subquery is evaluated, for all steps of the outside."""
    at_ms = expr.modifiers.at_ms
    first, last = (times.start_ms, times.end_ms) if at_ms is None else (at_ms, at_ms)
    step_ms = expr.step_ms or default_step_ms
    return subquery_times(first, last, range_ms=expr.range_ms, offset_ms=expr.modifiers.offset_ms, step_ms=step_ms)


def is_invariant(expr: Expr) -> bool:
    """Whether the expression has one value for all steps."""
    match expr:
        case Number() | String():
            return True
        case VectorSelector():
            return expr.modifiers.at_ms is not None
        case MatrixSelector():
            return expr.selector.modifiers.at_ms is not None
        case Subquery():
            return expr.modifiers.at_ms is not None
        case Call(function=function) if function.name in _DEPENDS_ON_TIME:
            return False
        case _:
            return all(is_invariant(child) for child in children_of(expr))


def _mark_invariant(expr: Expr) -> Expr:
    if isinstance(expr, Number | String):
        return expr
    if is_invariant(expr) and not isinstance(expr, MatrixSelector | Subquery):
        return StepInvariant(expr)
    return map_children(expr, _mark_invariant)


def require_range_kind(expr: Expr) -> None:
    """Raises EvaluationError for what has no value at every step: a range vector or a string."""
    kind = kind_of(expr)
    if kind not in (Kind.SCALAR, Kind.VECTOR):
        raise EvaluationError(f'invalid expression type "{kind.documented}" for range query, must be Scalar or instant Vector')

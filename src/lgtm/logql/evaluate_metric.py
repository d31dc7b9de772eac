"""Metric queries: batches of rows in, a matrix out.

The leaves of the expression (its range aggregations) take rows as they are read. Once all are there, the expression is evaluated over whole
matrices, a run of steps at a time so that memory stays bounded however many series and steps meet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lgtm.errors import BadRequest
from lgtm.logql.leaf import Leaf
from lgtm.logql.limits import check_ranges, check_series
from lgtm.logql.plan import NO_LABELS, folds_into, leaf_aggregations, own_grouping, plan_leaf
from lgtm.logql.syntax import (
    BinaryOperation,
    Grouping,
    LabelReplace,
    Literal,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
    VectorLiteral,
    operands,
)
from lgtm.model.limits import Limits
from lgtm.vectors.aggregate import AGGREGATIONS, aggregate
from lgtm.vectors.arithmetic import ARITHMETIC, COMPARISONS, SET_OPERATORS, nan_where_divisor_is_zero
from lgtm.vectors.match import Matching, combine, combine_sets, operate
from lgtm.vectors.matrix import I64, Matrix, join_steps
from lgtm.vectors.relabel import label_replace
from lgtm.vectors.topk import choose_k, sort_by_value
from lgtm.vectors.windows import step_times

CELLS_MAX = 1 << 22
"""Series × steps that are evaluated at a time: 32 MiB for each matrix of the expression."""

OPERATORS = {**ARITHMETIC, "/": nan_where_divisor_is_zero(ARITHMETIC["/"]), "%": nan_where_divisor_is_zero(ARITHMETIC["%"])}
SORTS = ("sort", "sort_desc")

_LeafKey = tuple[RangeAggregation, Grouping | None]


class InstantOnly(BadRequest):
    def __str__(self) -> str:
        return "count min sketches are only supported on instant queries"


class MetricQuery:
    """One evaluation of a metric expression at the steps start, start + step, … ≤ end; an instant query has one, at start = end.

    Feed each leaf the rows of its `reads`, then take `result`.
    """

    def __init__(self, expr: MetricExpr, *, start_ns: int, end_ns: int, step_ns: int, limits: Limits, instant: bool = False) -> None:
        """Raises BadRequest kinds for what can never be answered."""
        self._expr, self._limits, self._instant = expr, limits, instant
        self._steps_ns = step_times(start_ns, end_ns, step_ns)
        if not instant and any(around.op == "approx_topk" for around in vector_aggregations(expr)):
            raise InstantOnly
        found = list(leaf_aggregations(expr))
        check_ranges((aggregation for aggregation, _ in found), limits)
        first_ns, last_ns = int(self._steps_ns[0]), int(self._steps_ns[-1])
        # A leaf that is written twice, as in `x / on(app) x`, is read once.
        self._leaves: dict[_LeafKey, Leaf] = {
            (aggregation, grouping): Leaf(plan_leaf(aggregation, grouping, start_ns=first_ns, end_ns=last_ns), self._steps_ns)
            for aggregation, grouping in dict.fromkeys(found)
        }

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(self._leaves.values())

    def result(self) -> Matrix:
        """Series that have a value somewhere, by labels; those of an instant query that sorts, by value. Raises BadRequest kinds."""
        parts: list[Matrix] = []
        for steps in self._runs_of_steps():
            parts.append(_Evaluation(self._leaves, self._steps_ns, steps).vector(self._expr).without_absent())
            check_series(len(parts[-1]), self._limits)
        joined = join_steps(parts)
        check_series(len(joined), self._limits)
        sorts = self._instant and any(around.op in SORTS for around in vector_aggregations(self._expr))
        return joined if sorts else joined.sorted_by_labels()

    def _runs_of_steps(self) -> Iterator[slice]:
        series = max((leaf.series_count for leaf in self._leaves.values()), default=1)
        run = max(1, CELLS_MAX // max(1, series))
        for start in range(0, len(self._steps_ns), run):
            yield slice(start, start + run)


def vector_aggregations(expr: MetricExpr) -> Iterator[VectorAggregation]:
    pending: list[MetricExpr] = [expr]
    while pending:
        current = pending.pop()
        if isinstance(current, VectorAggregation):
            yield current
        pending += operands(current)


class _Evaluation:
    """The expression at one run of steps. Numbers stay numbers until a vector is asked for."""

    def __init__(self, leaves: dict[_LeafKey, Leaf], steps_ns: I64, steps: slice) -> None:
        self._leaves, self._steps, self._steps_ns = leaves, steps, steps_ns[steps]

    def vector(self, expr: MetricExpr) -> Matrix:
        value = self._value(expr)
        return value if isinstance(value, Matrix) else Matrix.constant(value, self._steps_ns)

    def _value(self, expr: MetricExpr) -> Matrix | float:
        match expr:
            case Literal(value=value):
                return value
            case VectorLiteral(value=value):
                return Matrix.constant(value, self._steps_ns)
            case RangeAggregation():
                return self._leaves[expr, own_grouping(expr)].matrix(self._steps)
            case VectorAggregation():
                return self._aggregate(expr)
            case LabelReplace():
                inner = self.vector(expr.expr)
                return label_replace(inner, dst=expr.dst, replacement=expr.replacement, src=expr.src, regex=expr.regex)
            case BinaryOperation():
                return self._operate(expr)

    def _aggregate(self, expr: VectorAggregation) -> Matrix:
        grouping = expr.grouping or NO_LABELS
        if isinstance(expr.expr, RangeAggregation) and folds_into(expr, expr.expr):
            return self._leaves[expr.expr, grouping].matrix(self._steps)
        inner = self.vector(expr.expr)
        if expr.op in AGGREGATIONS:
            return aggregate(expr.op, inner, grouping.names, without=grouping.without)
        if expr.op in SORTS:
            return sort_by_value(inner, descending=expr.op == "sort_desc")
        assert expr.parameter is not None
        # Ties go to the first series, so that an answer does not depend on the order in which rows were read.
        largest, k = expr.op != "bottomk", int(expr.parameter)
        return choose_k(inner.sorted_by_labels(), k, grouping.names, without=grouping.without, largest=largest)

    def _operate(self, expr: BinaryOperation) -> Matrix | float:
        left, right = self._value(expr.left), self._value(expr.right)
        if isinstance(left, Matrix) and isinstance(right, Matrix):
            matching = _matching(expr)
            if expr.op in SET_OPERATORS:
                return combine_sets(expr.op, left, right, matching)
            return combine(expr.op, left, right, matching, arithmetic=OPERATORS, return_bool=expr.return_bool)
        return _with_number(expr, left, right)


def _with_number(expr: BinaryOperation, left: Matrix | float, right: Matrix | float) -> Matrix | float:
    """A comparison with a number keeps the vector's values, whichever side it is on; one of two numbers is 0 or 1."""
    numbers = not isinstance(left, Matrix) and not isinstance(right, Matrix)
    lefts, rights = (np.asarray(side.values if isinstance(side, Matrix) else side, dtype=np.float64) for side in (left, right))
    values, kept = operate(expr.op, lefts, rights, arithmetic=OPERATORS, return_bool=expr.return_bool or numbers)
    if isinstance(left, Matrix):
        return left.with_values(values, left.present & kept).without_absent()
    if isinstance(right, Matrix):
        filters = expr.op in COMPARISONS and not expr.return_bool
        return right.with_values(right.values if filters else values, right.present & kept).without_absent()
    return float(values)


def _matching(expr: BinaryOperation) -> Matching:
    written = expr.matching
    return Matching() if written is None else Matching(written.on, written.labels, written.card, written.include)

"""A metrics query over tables of whole traces: feed it spans, take series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import Column
from lgtm.traceql.compare import Comparison
from lgtm.traceql.errors import NotMetrics
from lgtm.traceql.exemplars import Exemplar, Exemplars
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.over_time import BUCKET, COUNTING, QUANTILE, OverTime, span_numbers
from lgtm.traceql.pipeline import run
from lgtm.traceql.plan import NOTHING, conditions
from lgtm.traceql.second_stage import Answer, apply
from lgtm.traceql.series_labels import TypedLabels, decode_labels, order
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Compare, MetricsExpr, MetricsFilter, MetricsOperation, MetricsQuery, Pipeline, Query, ScalarFilter, TopK, queries
from lgtm.traceql.types import Type
from lgtm.traceql.uses import uses
from lgtm.vectors.matrix import F64, Bool

EXEMPLARS_MAX = 100


@dataclass(slots=True, frozen=True, eq=False)
class Series:
    """values, present: one element a step. Exemplars have values."""

    labels: TypedLabels
    values: F64
    present: Bool
    exemplars: tuple[Exemplar, ...]


class Metrics:
    """exemplars: how many to answer at most; the hint of the query wins. Raises NotMetrics.

    `add` takes each trace once and whole, in any order. Which spans count is decided by their start: `steps` need no trace that begins behind
    `steps.end_ns`, and none whose spans all start before `steps.start_ns`.
    """

    def __init__(self, query: Query, steps: Steps, *, exemplars: int = 0) -> None:
        if isinstance(query.root, Pipeline | ScalarFilter):
            raise NotMetrics
        self._root: MetricsExpr = query.root
        self._matches_nothing = conditions(query) == NOTHING
        self._exemplars_max = min(_wanted_exemplars(query, exemplars), EXEMPLARS_MAX)
        self._leaves = {id(leaf): _Leaf(leaf, steps, self._exemplars_max) for leaf in queries(query.root)}

    def add(self, table: SpanTable) -> None:
        """Raises ManySpansets."""
        if len(table):
            for leaf in self._leaves.values():
                leaf.add(table)

    def results(self) -> list[Series]:
        """Fewer labels first, then by key and value. If no span matched, counting answers 0, unless none could."""
        if self._matches_nothing:
            return []
        answer = self._evaluate(self._root)
        matrix = answer.matrix
        found = []
        left = self._exemplars_max
        for row in sorted(range(len(matrix)), key=lambda row: order(matrix.labels[row])):
            exemplars = _with_values(answer.exemplars.get(matrix.labels[row], []), matrix.values[row], matrix.present[row])[:left]
            left -= len(exemplars)
            found.append(Series(decode_labels(matrix.labels[row]), matrix.values[row], matrix.present[row], tuple(exemplars)))
        return found

    def _evaluate(self, expr: MetricsExpr | Static) -> Answer:
        match expr:
            case MetricsQuery():
                return self._leaves[id(expr)].answer()
            case MetricsOperation():
                return apply(expr, *(side if isinstance(side, Static) else self._evaluate(side) for side in (expr.left, expr.right)))
            case TopK() | MetricsFilter():
                return apply(expr, self._evaluate(expr.expr))
            case _:
                raise AssertionError("a number alone is no query")


class _Leaf:
    def __init__(self, query: MetricsQuery, steps: Steps, exemplars: int) -> None:
        self._query, self._steps = query, steps
        self._function = Comparison(query.function, steps) if isinstance(query.function, Compare) else OverTime(query.function, steps)
        self._exemplars = Exemplars(tuple(uses(query)), exemplars)

    def add(self, table: SpanTable) -> None:
        rows = run(table, self._query.pipeline).rows
        step = self._steps.index(table.start_ns[rows])
        rows, step = rows[step >= 0], step[step >= 0]
        if isinstance(self._function, Comparison):
            self._function.add(table, rows, step)
            return
        labels, groups = self._function.add(table, rows, step)
        self._exemplars.add(table, labels, groups, rows, step, self._numbers(table))

    def _numbers(self, table: SpanTable) -> Column | None:
        function = self._query.function
        if isinstance(function, Compare) or function.function in COUNTING or not self._exemplars.most:
            return None
        assert function.field is not None
        return span_numbers(table, function.field)

    def answer(self) -> Answer:
        matrix = self._function.matrix()
        found = {labels: self._exemplars.of(_group(labels)) for labels in matrix.labels}
        return Answer(matrix, found)


def _group(labels: Labels) -> Labels:
    """Of a quantile or a bucket: the labels of the group that it is of."""
    return labels[:-1] if labels and labels[-1][0] in (BUCKET, QUANTILE) else labels


def _wanted_exemplars(query: Query, asked: int) -> int:
    if query.hint("exemplars", Type.BOOL) is False:
        return 0
    hinted = query.hint("exemplars", Type.INT)
    return asked if hinted is None else max(int(hinted), 0)


def _with_values(exemplars: list[Exemplar], values: F64, present: Bool) -> list[Exemplar]:
    """Those whose step has a sample."""
    return [
        replace(exemplar, value=float(values[exemplar.step])) if exemplar.value is None else exemplar
        for exemplar in exemplars
        if present[exemplar.step] and np.isfinite(values[exemplar.step])
    ]

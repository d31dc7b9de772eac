"""Functions over time: spans that matched, folded into series × steps, table after table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels
from lgtm.traceql import buckets
from lgtm.traceql.columns import I64, Column
from lgtm.traceql.field_syntax import Field, Intrinsic
from lgtm.traceql.fields import field_columns
from lgtm.traceql.grid import Grid
from lgtm.traceql.grouping import combine_numbers, single_valued
from lgtm.traceql.groups import group_spans
from lgtm.traceql.reduce import joined_numbers
from lgtm.traceql.series_labels import decode, encode, named
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Over
from lgtm.traceql.types import Type
from lgtm.vectors.matrix import F64, Matrix

COUNTING = frozenset({"rate", "count_over_time"})
DISTRIBUTING = frozenset({"quantile_over_time", "histogram_over_time"})
BUCKET, QUANTILE = "__bucket", "p"
_DURATION = Intrinsic("duration")
_FOLDS = {"min_over_time": "min", "max_over_time": "max", "sum_over_time": "sum", "avg_over_time": "sum"}


class OverTime:
    """One function of a query. `add` takes spans that start within the steps."""

    def __init__(self, function: Over, steps: Steps) -> None:
        self._function, self._steps = function, steps
        self._grid = Grid(steps.count, _FOLDS.get(function.function, "sum"))
        self._seconds = False

    def add(self, table: SpanTable, rows: I64, step: I64) -> tuple[list[Labels], I64]:
        """rows: the spans; step: the interval of each. Answers the labels of groups and the group of each span, -1 where it counts nowhere."""
        groups, labels = group_spans(table, self._function.by, rows)
        if not self._function.by and self._function.function not in DISTRIBUTING:
            labels = [named(self._function.function)]
        if self._function.function in COUNTING:
            self._grid.add(labels, groups, step)
            return labels, groups
        assert self._function.field is not None
        if self._function.function in DISTRIBUTING:
            held = self._add_distribution(table, self._function.field, rows, step, groups, labels)
        else:
            numbers = span_numbers(table, self._function.field).take(rows)
            held = numbers.held
            self._grid.add(labels, groups[held], step[held], numbers.values[held].astype(np.float64))
        return labels, np.where(held, groups, -1)

    def _add_distribution(
        self, table: SpanTable, field: Field, rows: I64, step: I64, groups: I64, labels: list[Labels]
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        columns = tuple(column for column in single_valued(field_columns(table, field)) if column.type in (Type.INT, Type.DURATION))
        self._seconds |= any(column.type is Type.DURATION for column in columns)
        numbers = joined_numbers(columns, len(table)).take(rows)
        held = numbers.held & (numbers.values >= buckets.VALUE_MIN)
        exponent = buckets.exponents(numbers.values[held])
        if len(exponent):
            cells, first = combine_numbers([groups[held], exponent])
            parts = zip(groups[held][first].tolist(), exponent[first].tolist(), strict=True)
            self._grid.add([(*labels[group], (BUCKET, encode(number))) for group, number in parts], cells, step[held])
        return held

    def matrix(self) -> Matrix:
        moments_ns, function = self._steps.moments_ns, self._function.function
        if function == "histogram_over_time":
            return self._histogram()
        if function == "quantile_over_time":
            return self._quantiles()
        if function in COUNTING:
            if not self._function.by and not self._grid.labels:
                return Matrix([named(function)], moments_ns, np.zeros((1, self._steps.count)), np.ones((1, self._steps.count), dtype=bool))
            per = self._steps.step_ns / NS_PER_S if function == "rate" else 1.0
            return self._grid.matrix(moments_ns, self._grid.counts / per, everywhere=True)
        values = self._grid.values
        if function == "avg_over_time":
            values = values / np.maximum(self._grid.counts, 1)
        return self._grid.matrix(moments_ns, values, everywhere=False).without_absent()

    def _histogram(self) -> Matrix:
        labels: list[Labels] = []
        for each in self._grid.labels:
            edge = buckets.bound(np.array(decode(each[-1][1])), seconds=self._seconds)
            labels.append((*each[:-1], (BUCKET, encode(float(edge)))))
        counts = self._grid.counts
        return Matrix(labels, self._steps.moments_ns, counts, np.ones(counts.shape, dtype=bool))

    def _quantiles(self) -> Matrix:
        by_group: dict[Labels, F64] = {}
        for each, counts in zip(self._grid.labels, self._grid.counts, strict=True):
            table = by_group.setdefault(each[:-1], np.zeros((buckets.EXPONENTS, self._steps.count)))
            table[int(decode(each[-1][1]))] += counts
        labels: list[Labels] = []
        values: list[F64] = []
        for group, table in by_group.items():
            for q in self._function.quantiles:
                labels.append((*group, (QUANTILE, encode(q))))
                values.append(buckets.quantile(table, q, seconds=self._seconds))
        return _rows(labels, self._steps.moments_ns, values)


def span_numbers(table: SpanTable, field: Field) -> Column:
    """The number of each span that has one. How long a span took is told in seconds, other durations in nanoseconds."""
    numbers = joined_numbers(single_valued(field_columns(table, field)), len(table))
    if field == _DURATION:
        return Column(Type.FLOAT, numbers.values / NS_PER_S, numbers.present)
    return numbers


def _rows(labels: list[Labels], moments_ns: I64, values: Sequence[F64]) -> Matrix:
    if not labels:
        return Matrix.empty(moments_ns)
    table = np.stack(values)
    return Matrix(labels, moments_ns, table, np.ones(table.shape, dtype=bool))

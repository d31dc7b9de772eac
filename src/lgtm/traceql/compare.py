"""compare(): how often each value of each field occurs among the spans of a selection and among the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import I64, Bool, Columns
from lgtm.traceql.evaluate import truth
from lgtm.traceql.field_syntax import Attribute, Intrinsic
from lgtm.traceql.fields import field_columns
from lgtm.traceql.grid import Grid
from lgtm.traceql.grouping import NO_VALUE, number_distinct, number_values
from lgtm.traceql.groups import label_values
from lgtm.traceql.series_labels import encode
from lgtm.traceql.shown import NIL_TEXT
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Compare
from lgtm.vectors.matrix import Matrix

INTRINSICS = ("name", "kind", "status", "statusMessage", "rootName", "rootServiceName", "instrumentation:name", "instrumentation:version")
SCOPES = frozenset({"span", "resource"})
SERVICE_NAME = Attribute("resource", "service.name")
META = "__meta_type"
SIDES = ("baseline", "selection")
ERROR = "__meta_error"
TOO_MANY = "__too_many_values__"
VALUES_MAX = 10_000
"""Different values of one field that are counted; a field with more is answered with an error in the place of its values."""


class Comparison:
    def __init__(self, function: Compare, steps: Steps) -> None:
        self._function, self._steps = function, steps
        self._values = tuple(defaultdict[str, Grid](lambda: Grid(steps.count)) for _ in SIDES)
        self._totals = tuple(Grid(steps.count) for _ in SIDES)

    def add(self, table: SpanTable, rows: I64, step: I64) -> None:
        """rows: the spans that matched and start within the steps; step: the interval of each."""
        selected = self._selected(table)[rows]
        for name, columns in _fields(table):
            numbers = number_values(columns, rows)
            for side, mask in enumerate((~selected, selected)):
                held = mask & (numbers != NO_VALUE)
                if held.any():
                    self._add_side(side, name, columns, numbers[held], rows[held], step[held])

    def _add_side(self, side: int, name: str, columns: Columns, numbers: I64, rows: I64, step: I64) -> None:
        total: Labels = ((META, encode(f"{SIDES[side]}_total")), (name, encode(NIL_TEXT)))
        self._totals[side].add([total], np.zeros(len(rows), dtype=np.int64), step)
        grid = self._values[side][name]
        if len(grid.labels) > VALUES_MAX:
            return
        inverse, first = number_distinct(numbers)
        if len(first) > VALUES_MAX:
            first = first[: VALUES_MAX + 1]
            inverse, step = np.arange(len(first)), step[first]
        side_label = (META, encode(SIDES[side]))
        labels: list[Labels] = [(side_label, (name, value or "")) for value in label_values(columns, rows[first])]
        grid.add(labels, inverse, step)

    def _selected(self, table: SpanTable) -> Bool:
        selected = truth(table, self._function.selection.expr)
        if self._function.window is not None:
            start_ns, end_ns = self._function.window
            selected &= (table.start_ns > start_ns) & (table.start_ns <= end_ns)
        return selected

    def matrix(self) -> Matrix:
        """Of each field the most frequent values on either side, and how many spans have the field."""
        parts = [self._totals[side].matrix(self._steps.moments_ns, self._totals[side].counts, everywhere=True) for side in range(len(SIDES))]
        parts += [self._most_frequent(grid) for grids in self._values for grid in grids.values()]
        labels = [each for part in parts for each in part.labels]
        values = np.concatenate([part.values for part in parts])
        return Matrix(labels, self._steps.moments_ns, values, np.ones(values.shape, dtype=bool))

    def _most_frequent(self, grid: Grid) -> Matrix:
        labels, counts = grid.labels, grid.counts
        moments_ns = self._steps.moments_ns
        if len(labels) > VALUES_MAX:
            (meta, (name, _)) = labels[0]
            refused: Labels = (meta, (ERROR, encode(TOO_MANY)), (name, encode(NIL_TEXT)))
            return Matrix([refused], moments_ns, np.zeros((1, self._steps.count)), np.ones((1, self._steps.count), dtype=bool))
        frequent = np.argsort(-counts.sum(axis=1), kind="stable")[: self._function.values_max]
        return grid.matrix(moments_ns, counts, everywhere=True).take(frequent)


def _fields(table: SpanTable) -> Iterator[tuple[str, Columns]]:
    """Every field that is compared and its columns; lists are left out."""
    for name in INTRINSICS:
        yield name, field_columns(table, Intrinsic(name))
    yield str(SERVICE_NAME), field_columns(table, SERVICE_NAME)
    for (scope, key), columns in table.attributes.items():
        if scope in SCOPES:
            yield str(Attribute(scope, key)), tuple(column for column in columns if column.offsets is None)

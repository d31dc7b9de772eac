"""What the evaluation of a node may ask of its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lgtm.promql.annotations import Annotations
from lgtm.promql.columns import Selected
from lgtm.promql.features import Features
from lgtm.promql.prepare import Prepared
from lgtm.promql.statistics import SampleStatistics
from lgtm.promql.syntax import Expr
from lgtm.promql.times import Times
from lgtm.promql.value import Ranges, Vector
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import F64, I64

Value = Vector | F64 | str
"""An instant vector, a scalar (one number per step), or a string."""


@dataclass(slots=True, frozen=True, eq=False)
class Frame:
    """The steps a node is evaluated at, and how its children are."""

    query: Prepared
    selected: tuple[Selected, ...]
    features: Features
    annotations: Annotations
    steps_ms: I64
    evaluate: Callable[[Expr, Frame], Value]
    evaluate_ranges: Callable[[Expr, Frame], Ranges]
    statistics: SampleStatistics
    level: Times
    """All times of the query, or of the subquery inside of which this is."""
    place: slice | None
    """Which of the query's own steps these are; None inside of a subquery."""

    @property
    def steps(self) -> int:
        return len(self.steps_ms)

    @property
    def is_part(self) -> bool:
        """Whether the steps are only some of their level."""
        return self.steps < self.level.count

    @property
    def is_range_query(self) -> bool:
        return self.query.times.step_ms > 0

    def at(self, place: slice) -> Frame:
        """Of the query's own steps these."""
        return replace(self, steps_ms=self.steps_ms[place], place=place)

    def vector(self, expr: Expr) -> Vector:
        value = self.evaluate(expr, self)
        if isinstance(value, Vector):
            return value
        assert isinstance(value, np.ndarray)
        return vector_of_scalar(value)

    def scalar(self, expr: Expr) -> F64:
        """One number per step."""
        value = self.evaluate(expr, self)
        assert isinstance(value, np.ndarray)
        return value

    def string(self, expr: Expr) -> str:
        value = self.evaluate(expr, self)
        assert isinstance(value, str)
        return value

    def ranges(self, expr: Expr) -> Ranges:
        return self.evaluate_ranges(expr, self)


def vector_of_scalar(value: F64) -> Vector:
    return Vector.of_floats(LabelTable.unlabelled(), value[None, :])

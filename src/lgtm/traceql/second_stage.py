"""What is done with series once all spans are counted: topk and bottomk, filters by value, arithmetic between queries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels
from lgtm.traceql.exemplars import Exemplar
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.series_labels import name_of, named
from lgtm.traceql.syntax import MetricsFilter, MetricsOperation, TopK
from lgtm.traceql.types import Type
from lgtm.vectors.arithmetic import ARITHMETIC, COMPARISONS, nan_where_divisor_is_zero
from lgtm.vectors.match import Matching, combine, operate
from lgtm.vectors.matrix import Matrix
from lgtm.vectors.topk import choose_k

_ARITHMETIC = ARITHMETIC | {"/": nan_where_divisor_is_zero(ARITHMETIC["/"])}


@dataclass(slots=True, frozen=True, eq=False)
class Answer:
    """exemplars: by the labels of their series."""

    matrix: Matrix
    exemplars: dict[Labels, list[Exemplar]] = field(default_factory=dict)


def apply(stage: TopK | MetricsFilter | MetricsOperation, *inputs: Answer | Static) -> Answer:
    match stage:
        case TopK():
            (answer,) = inputs
            assert isinstance(answer, Answer)
            return Answer(_top(stage, answer.matrix), answer.exemplars)
        case MetricsFilter():
            (answer,) = inputs
            assert isinstance(answer, Answer)
            return Answer(_filtered(stage, answer.matrix), answer.exemplars)
        case MetricsOperation():
            left, right = inputs
            return Answer(_without_nan(_calculated(stage.operator, left, right)))


def _top(stage: TopK, matrix: Matrix) -> Matrix:
    """At each step on its own. Among equals topk prefers the labels that sort first, and bottomk those that sort last."""
    largest = stage.operator == "topk"
    rows = sorted(range(len(matrix)), key=matrix.labels.__getitem__, reverse=not largest)
    return choose_k(matrix.take(rows), stage.limit, (), without=False, largest=largest)


def _filtered(stage: MetricsFilter, matrix: Matrix) -> Matrix:
    symbol = "==" if stage.operator == "=" else stage.operator
    kept = COMPARISONS[symbol](matrix.values, number(stage.value))
    return matrix.with_values(matrix.values, matrix.present & kept).without_absent()


def number(static: Static) -> float:
    """Durations are told in seconds, as the metrics are."""
    assert isinstance(static.value, int | float)
    return static.value / NS_PER_S if static.type is Type.DURATION else float(static.value)


def _calculated(operator: str, left: Answer | Static, right: Answer | Static) -> Matrix:
    if isinstance(left, Static) or isinstance(right, Static):
        return _with_number(operator, left, right)
    a, b = _bare(left.matrix), _bare(right.matrix)
    if _is_single(a) == _is_single(b):
        matching = Matching()
    else:
        # One side has no labels: each series of the other meets it.
        matching = Matching(on=True, card="one-to-many" if _is_single(a) else "many-to-one")
    found = combine(operator, a, b, matching, arithmetic=_ARITHMETIC)
    names = [name_of(side.matrix.labels[0]) if side.matrix.labels else None for side in (left, right)]
    name = named(f"({names[0]} {operator} {names[1]})")
    return Matrix([labels or name for labels in found.labels], found.steps_ns, found.values, found.present)


def _with_number(operator: str, left: Answer | Static, right: Answer | Static) -> Matrix:
    answer = right if isinstance(left, Static) else left
    assert isinstance(answer, Answer)
    sides = [number(side) if isinstance(side, Static) else side.matrix.values for side in (left, right)]
    values, _ = operate(operator, np.asarray(sides[0]), np.asarray(sides[1]), arithmetic=_ARITHMETIC)
    return answer.matrix.with_values(values)


def _bare(matrix: Matrix) -> Matrix:
    """Without the name that a function without groups has for its label."""
    return Matrix([() if name_of(labels) else labels for labels in matrix.labels], matrix.steps_ns, matrix.values, matrix.present)


def _is_single(matrix: Matrix) -> bool:
    return matrix.labels == [()]


def _without_nan(matrix: Matrix) -> Matrix:
    return matrix.with_values(matrix.values, matrix.present & ~np.isnan(matrix.values)).without_absent()

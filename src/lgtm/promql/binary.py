"""Binary operations: which series of the two sides meet, and what labels their results have.

Series meet when their *signatures* agree: the labels named by `on`, or all but the name and those named by `ignoring`. One-to-one: at each step a
signature has at most one series on either side. group_left: several on the left (the many side) share one on the right; group_right mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.model.labels import format_labels
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.operators import Operation, Side, of_numbers, operate
from lgtm.promql.syntax import COMPARISONS, SET_OPERATORS, Binary, Card, Matching
from lgtm.promql.value import NAME, Vector, joined, merged
from lgtm.vectors.label_table import LabelTable, concatenate
from lgtm.vectors.matrix import F64, I64, Bool

_NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"
_NOT_EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"


def binary(expr: Binary, frame: Frame) -> Value:
    left, right = frame.evaluate(expr.left, frame), frame.evaluate(expr.right, frame)
    filters = expr.op in COMPARISONS and not expr.return_bool
    if isinstance(left, Vector) and isinstance(right, Vector):
        assert expr.matching is not None
        if expr.op in SET_OPERATORS:
            return _combine_sets(expr.op, left, right, expr.matching)
        return _Pairing(Operation(expr.op, expr.position, "left" if filters else None), expr.matching, frame).combine(left, right)
    assert not isinstance(left, str)
    assert not isinstance(right, str)
    if isinstance(left, Vector):
        assert not isinstance(right, Vector)
        return _with_scalar(Operation(expr.op, expr.position, "left" if filters else None), left, right, frame, swapped=False)
    if isinstance(right, Vector):
        return _with_scalar(Operation(expr.op, expr.position, "right" if filters else None), right, left, frame, swapped=True)
    everywhere = np.ones(frame.steps, dtype=bool)
    return of_numbers(Operation(expr.op, expr.position, None), left, right, everywhere)[0]


def _with_scalar(operation: Operation, vector: Vector, scalar: F64, frame: Frame, *, swapped: bool) -> Vector:
    """A comparison that filters keeps the vector's values, on whichever side it stands."""
    shape = vector.values.shape
    own = Side(vector.values, vector.floats, vector.histograms)
    other = Side(np.broadcast_to(scalar, shape), np.ones(shape, dtype=bool), None)
    outcome = operate(operation, other if swapped else own, own if swapped else other, frame)
    unnamed = np.ones(len(vector), dtype=bool) if operation.drops_names else vector.unnamed
    return Vector(vector.labels, outcome.values, outcome.floats, outcome.histograms, unnamed).tidy()


# --- matching ---


def signatures(left: LabelTable, right: LabelTable, matching: Matching) -> tuple[I64, I64, int]:
    """A number for the signature of each series of both sides, and how many there are."""
    both = concatenate([signature_labels(left, matching), signature_labels(right, matching)])
    codes, first = both.number()
    return codes[: len(left)], codes[len(left) :], len(first)


def signature_labels(labels: LabelTable, matching: Matching) -> LabelTable:
    return labels.keep(matching.labels) if matching.on else labels.drop((*matching.labels, NAME))


def any_of(held: Bool, codes: I64, count: int) -> Bool:
    """Where some series of each code has a sample, codes × steps."""
    result = np.zeros((count, held.shape[1]), dtype=bool)
    if len(codes):
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        result[present] = np.logical_or.reduceat(held[order], starts, axis=0)
    return result


def _combine_sets(op: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    left_codes, right_codes, count = signatures(left.labels, right.labels, matching)
    if op == "or":
        fresh = ~any_of(left.present, left_codes, count)[right_codes]
        return merged(joined([left, right.only(fresh).without_empty_series()]))
    met = any_of(right.present, right_codes, count)[left_codes]
    return left.only(met if op == "and" else ~met).tidy()


@dataclass(slots=True, frozen=True, eq=False)
class _Block:
    """Pairs of series that are combined alike: their sides, where both have a sample, and what labels come out."""

    many: Vector
    one: Vector
    held: Bool
    labels: LabelTable


class _Pairing:
    def __init__(self, operation: Operation, matching: Matching, frame: Frame) -> None:
        self._operation, self._matching, self._frame = operation, matching, frame
        self._swapped = matching.card is Card.ONE_TO_MANY

    def combine(self, left: Vector, right: Vector) -> Vector:
        """Raises EvaluationError where pairs are not unique as the matching demands."""
        many, one = (right, left) if self._swapped else (left, right)
        many_codes, one_codes, count = signatures(many.labels, one.labels, self._matching)
        # Where there is nothing to meet, it does not matter who could not be told apart.
        met = np.asarray(many.present.any(axis=0)) | (self._fills(many_side=True) is not None)
        self._refuse_duplicates(one, one_codes, met)
        many_rows, one_rows = _pairs(many_codes, one_codes, count)
        block = self._block(many.take(many_rows), one.take(one_rows))
        if self._matching.card is Card.ONE_TO_ONE:
            _refuse_shared(one_codes[one_rows], block.held)
        blocks = [block, *self._filled(many, one, many_codes, one_codes, count)]
        return merged(joined([self._operate(block) for block in blocks]), _NOT_UNIQUE).tidy()

    def _block(self, many: Vector, one: Vector) -> _Block:
        return _Block(many, one, many.present & one.present, self._labels(many.labels, one.labels))

    def _labels(self, many: LabelTable, one: LabelTable) -> LabelTable:
        matching = self._matching
        if matching.card is Card.ONE_TO_ONE:
            return many.keep(matching.labels) if matching.on else many.drop(matching.labels)
        for name in matching.include:
            many = many.with_column(name, one.column(name))
        return many

    def _operate(self, block: _Block) -> Vector:
        many, one = (self._side(vector, block.held) for vector in (block.many, block.one))
        outcome = operate(self._operation, one if self._swapped else many, many if self._swapped else one, self._frame)
        unnamed = np.ones(len(block.labels), dtype=bool) if self._operation.drops_names else block.many.unnamed
        return Vector(block.labels, outcome.values, outcome.floats, outcome.histograms, unnamed).tidy()

    def _side(self, vector: Vector, held: Bool) -> Side:
        kept = vector.only(held)
        return Side(kept.values, kept.floats, kept.histograms)

    # --- fill ---

    def _fills(self, *, many_side: bool) -> float | None:
        """fill_left is for the many side even with group_right, as Prometheus has it."""
        return self._matching.fill_left if many_side else self._matching.fill_right

    def _filled(self, many: Vector, one: Vector, many_codes: I64, one_codes: I64, count: int) -> list[_Block]:
        """Series that meet none at a step meet a constant there, where the matching says so."""
        blocks = []
        if (value := self._fills(many_side=False)) is not None:
            lonely = many.only(~any_of(one.present, one_codes, count)[many_codes]).without_empty_series()
            blocks.append(self._block(lonely, self._constant(lonely, value)))
        if (value := self._fills(many_side=True)) is not None:
            lonely = one.only(~any_of(many.present, many_codes, count)[one_codes]).without_empty_series()
            blocks.append(self._block(self._constant(lonely, value), lonely))
        return blocks

    def _constant(self, like: Vector, value: float) -> Vector:
        return Vector.of_floats(signature_labels(like.labels, self._matching), np.full(like.values.shape, value))

    # --- uniqueness ---

    def _refuse_duplicates(self, one: Vector, codes: I64, met: Bool) -> None:
        """met: the steps at which it matters."""
        if len(np.unique(codes)) == len(codes):
            return
        order = np.argsort(codes, kind="stable")
        distinct, starts = np.unique(codes[order], return_index=True)
        held = np.add.reduceat(one.present[order].astype(np.int64), starts, axis=0)
        wrong = np.argwhere((held > 1) & met)
        if not len(wrong):
            return
        place, step = wrong[np.argmin(wrong[:, 1])]
        rows = np.flatnonzero((codes == distinct[place]) & one.present[:, step])
        table = one.labels.take(rows)
        shown = [format_labels(table.row(row)) for row in (0, 1)]
        group = format_labels(signature_labels(one.labels.take(rows[:1]), self._matching).row(0))
        side = "left" if self._swapped else "right"
        raise EvaluationError(
            f"found duplicate series for the match group {group} on the {side} hand-side of the operation: [{shown[0]}, {shown[1]}]"
            ";many-to-many matching not allowed: matching labels must be unique on one side"
        )


def _pairs(many_codes: I64, one_codes: I64, count: int) -> tuple[I64, I64]:
    """Every series of the many side with each of the one side that it may meet at some step; in practice one."""
    order = np.argsort(one_codes, kind="stable")
    sizes = np.bincount(one_codes, minlength=count)
    starts = np.cumsum(sizes) - sizes
    meets = sizes[many_codes]
    many_rows = np.repeat(np.arange(len(many_codes)), meets)
    within = np.arange(len(many_rows)) - np.repeat(np.cumsum(meets) - meets, meets)
    return many_rows, order[starts[many_codes[many_rows]] + within]


def _refuse_shared(codes: I64, held: Bool) -> None:
    """One-to-one: two of the left side must not meet the same at one step."""
    if len(np.unique(codes)) == len(codes):
        return
    order = np.argsort(codes, kind="stable")
    _, starts = np.unique(codes[order], return_index=True)
    if (np.add.reduceat(held[order].astype(np.int64), starts, axis=0) > 1).any():
        raise EvaluationError(_NOT_EXPLICIT)

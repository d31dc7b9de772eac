"""What an operator does to two samples: numbers in whole arrays, histograms one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lgtm.promql import annotations as texts
from lgtm.promql.columns import Objects
from lgtm.promql.frame import Frame
from lgtm.promql.histogram import Histogram, IncompatibleSchemas, ResetHint, hints_collide
from lgtm.promql.position import Position
from lgtm.promql.syntax import ARITHMETIC, COMPARISONS
from lgtm.promql.trim import trim_above, trim_below
from lgtm.promql.value import is_some
from lgtm.vectors.arithmetic import ARITHMETIC as NUMBERS
from lgtm.vectors.arithmetic import COMPARISONS as COMPARED
from lgtm.vectors.matrix import F64, Bool

OF_NUMBERS: dict[str, Callable[[Any, Any], F64]] = {**NUMBERS, "atan2": np.arctan2}


@dataclass(slots=True, frozen=True, eq=False)
class Side:
    """One operand of every pair, pairs × steps."""

    values: F64
    floats: Bool
    histograms: Objects | None


@dataclass(slots=True, frozen=True, eq=False)
class Outcome:
    values: F64
    floats: Bool
    histograms: Objects | None


@dataclass(slots=True, frozen=True)
class Operation:
    """op on two sides. keep: which of them ("left" or "right") a comparison answers that filters; None: it answers 0 and 1."""

    op: str
    position: Position
    keep: str | None

    @property
    def drops_names(self) -> bool:
        return self.op in ARITHMETIC or (self.op in COMPARISONS and self.keep is None)


def operate(operation: Operation, left: Side, right: Side, frame: Frame) -> Outcome:
    """Samples that have no result are absent, with an info where their kinds do not go together."""
    both = left.floats & right.floats
    values, floats = of_numbers(operation, left.values, right.values, both)
    if operation.op in ("</", ">/"):
        if both.any():
            frame.annotations.inform(texts.incompatible_types(operation.op, "float", "float"), operation.position)
        floats = np.zeros_like(both)
    if left.histograms is None and right.histograms is None:
        return Outcome(values, floats, None)
    return _with_histograms(operation, left, right, Outcome(np.array(values), np.array(floats), None), frame)


def of_numbers(operation: Operation, left: F64, right: F64, both: Bool) -> tuple[F64, Bool]:
    with np.errstate(all="ignore"):
        if operation.op in OF_NUMBERS:
            return OF_NUMBERS[operation.op](left, right), both
        if operation.op not in COMPARED:
            return left, both
        true = COMPARED[operation.op](left, right)
    if operation.keep is None:
        return np.where(true, 1.0, 0.0), both
    kept = np.broadcast_to(left if operation.keep == "left" else right, true.shape)
    return kept, both & true


def _with_histograms(operation: Operation, left: Side, right: Side, outcome: Outcome, frame: Frame) -> Outcome:
    shape = outcome.floats.shape
    histograms = np.full(shape, None, dtype=object)
    nothing = np.full(shape, None, dtype=object)
    lefts, rights = (nothing if side.histograms is None else side.histograms for side in (left, right))
    of_left, of_right = is_some(lefts), is_some(rights)
    for row, step in np.argwhere((of_left & (of_right | right.floats)) | (of_right & left.floats)).tolist():
        one: Histogram | float = lefts[row, step] if of_left[row, step] else float(left.values[row, step])
        other: Histogram | float = rights[row, step] if of_right[row, step] else float(right.values[row, step])
        result = _pair(operation, one, other, frame)
        if isinstance(result, Histogram):
            histograms[row, step] = result
        elif result is not None:
            outcome.values[row, step], outcome.floats[row, step] = result, True
    return Outcome(outcome.values, outcome.floats, histograms)


def _pair(operation: Operation, one: Histogram | float, other: Histogram | float, frame: Frame) -> Histogram | float | None:
    op = operation.op
    if isinstance(one, Histogram) and isinstance(other, Histogram):
        if op in ("+", "-"):
            return _add(operation, one, other, frame)
        if op in ("==", "!="):
            true = one.equals(other) == (op == "==")
            if operation.keep is None:
                return 1.0 if true else 0.0
            return (one if operation.keep == "left" else other) if true else None
    elif isinstance(one, Histogram) and isinstance(other, float):
        if op == "*":
            return one.times(other)
        if op == "/":
            return one.divided_by(other)
        if op in ("</", ">/"):
            return trim_above(one, other) if op == "</" else trim_below(one, other)
    elif isinstance(one, float) and isinstance(other, Histogram) and op == "*":
        return other.times(one)
    kinds = ["histogram" if isinstance(side, Histogram) else "float" for side in (one, other)]
    frame.annotations.inform(texts.incompatible_types(op, *kinds), operation.position)
    return None


def _add(operation: Operation, one: Histogram, other: Histogram, frame: Frame) -> Histogram | None:
    name = "addition" if operation.op == "+" else "subtraction"
    try:
        result = one.plus(other, 1.0 if operation.op == "+" else -1.0)
    except IncompatibleSchemas:
        frame.annotations.warn(texts.incompatible_layouts(operation.op), operation.position)
        return None
    if hints_collide(one.hint, other.hint):
        frame.annotations.warn(texts.resets_collide(name), operation.position)
    if one.bounds != other.bounds:
        frame.annotations.inform(texts.bounds_reconciled(name), operation.position)
    return (result if operation.op == "+" else result.with_hint(ResetHint.GAUGE)).compact()

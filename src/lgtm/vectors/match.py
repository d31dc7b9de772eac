"""Binary operations between two matrices: which series meet which, and what labels come out.

Series meet when their *signatures* agree: all labels, only those named by `on`, or all but those named by `ignoring`. One-to-one: at each step
a signature has at most one series on either side. Many-to-one (group_left): several on the left share one on the right; one-to-many mirrored.
The rules and the wording of the errors are Prometheus's and Loki's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lgtm.errors import BadRequest
from lgtm.model.labels import Labels
from lgtm.vectors.arithmetic import ARITHMETIC, COMPARISONS, Arithmetic
from lgtm.vectors.matrix import F64, I64, Bool, Matrix, merge_equal_labels, number_label_sets, reduce_rows

CARDS = ("one-to-one", "many-to-one", "one-to-many")


class MatchingError(BadRequest):
    """Series of the two sides do not pair as the operation demands."""


@dataclass(slots=True, frozen=True)
class Matching:
    """labels: what `on` (else `ignoring`) names. card: one of CARDS. include: labels of the one side that group_left or group_right adds."""

    on: bool = False
    labels: tuple[str, ...] = ()
    card: str = "one-to-one"
    include: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.card in CARDS

    def signature(self, labels: Labels) -> Labels:
        return tuple(pair for pair in labels if (pair[0] in self.labels) == self.on)


@dataclass(slots=True, frozen=True, eq=False)
class _OneSide:
    """The side that must be unique: one row per signature and set of included labels. `by_signature` lists the rows of each signature."""

    by_signature: dict[Labels, list[int]]
    included: list[Labels]
    values: F64
    present: Bool


def combine(
    op: str, left: Matrix, right: Matrix, matching: Matching, *, arithmetic: Mapping[str, Arithmetic] = ARITHMETIC, return_bool: bool = False
) -> Matrix:
    """Arithmetic or comparison of the series that meet. A comparison filters and keeps the left value, or gives 0 and 1 with return_bool.

    Raises MatchingError where pairs are not unique as `matching.card` demands.
    """
    swapped = matching.card == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    unique = _one_side(one, matching, "left" if swapped else "right")
    pairs_many, pairs_one = _pairs(many, unique, matching)
    present = many.present[pairs_many] & unique.present[pairs_one]
    if matching.card == "one-to-one":
        _refuse_shared(pairs_one, present, len(unique.included))
    labels = [_result_labels(many.labels[m], unique.included[o], matching) for m, o in zip(pairs_many.tolist(), pairs_one.tolist(), strict=True)]
    clash = MatchingError("multiple matches for labels: grouping labels must ensure unique matches")
    of_many = merge_equal_labels(labels, left.steps_ns, many.values[pairs_many], present, clash)
    of_one = merge_equal_labels(labels, left.steps_ns, unique.values[pairs_one], present, clash)
    lefts, rights = (of_one, of_many) if swapped else (of_many, of_one)
    values, kept = operate(op, lefts.values, rights.values, arithmetic=arithmetic, return_bool=return_bool)
    return of_many.with_values(values, of_many.present & kept).without_absent()


def operate(op: str, left: F64, right: F64, *, arithmetic: Mapping[str, Arithmetic] = ARITHMETIC, return_bool: bool = False) -> tuple[F64, Bool]:
    """The values, and which of them stay. A comparison without return_bool answers the left values and drops those it is false for."""
    with np.errstate(all="ignore"):
        if op in arithmetic:
            values = np.asarray(arithmetic[op](left, right), dtype=np.float64)
            return values, np.ones(values.shape, dtype=bool)
        true = COMPARISONS[op](left, right)
    if return_bool:
        return true.astype(np.float64), np.ones(true.shape, dtype=bool)
    return np.broadcast_to(left, true.shape), true


def combine_sets(op: str, left: Matrix, right: Matrix, matching: Matching) -> Matrix:
    """`and` keeps the left series that meet one on the right, `unless` those that do not, `or` adds the right series that meet none."""
    codes, signatures = number_label_sets([matching.signature(labels) for labels in [*left.labels, *right.labels]])
    left_codes, right_codes = codes[: len(left)], codes[len(left) :]
    if op == "or":
        fresh = right.present & ~_any_present(left, left_codes, len(signatures))[right_codes]
        values, present = np.concatenate([left.values, right.values]), np.concatenate([left.present, fresh])
        return merge_equal_labels([*left.labels, *right.labels], left.steps_ns, values, present).without_absent()
    met = _any_present(right, right_codes, len(signatures))[left_codes]
    return left.with_values(left.values, left.present & (met if op == "and" else ~met)).without_absent()


def _any_present(side: Matrix, codes: I64, signatures: int) -> Bool:
    met = np.zeros((signatures, len(side.steps_ns)), dtype=bool)
    np.logical_or.at(met, codes, side.present)
    return met


def _one_side(one: Matrix, matching: Matching, name: str) -> _OneSide:
    """Raises MatchingError when two series of a signature have a value at one step, whether or not anything meets them."""
    signatures = [matching.signature(labels) for labels in one.labels]
    codes, _ = number_label_sets(signatures)
    clash = MatchingError(
        f"found duplicate series on the {name} hand-side;many-to-many matching not allowed: matching labels must be unique on one side"
    )
    _refuse_shared(codes, one.present, int(codes.max(initial=-1)) + 1, clash)
    included: list[Labels] = [tuple(pair for pair in labels if pair[0] in matching.include) for labels in one.labels]
    rows, distinct = number_label_sets([_both(signature, added) for signature, added in zip(signatures, included, strict=True)])
    first = np.full(len(distinct), -1, dtype=np.int64)
    first[rows[::-1]] = np.arange(len(rows))[::-1]
    by_signature: dict[Labels, list[int]] = {}
    for row, series in enumerate(first.tolist()):
        by_signature.setdefault(signatures[series], []).append(row)
    values = reduce_rows(np.add, np.where(one.present, one.values, 0.0), rows, len(distinct))
    present = reduce_rows(np.logical_or, one.present, rows, len(distinct))
    return _OneSide(by_signature, [included[series] for series in first.tolist()], values, present)


def _both(signature: Labels, included: Labels) -> Labels:
    """One key for two label sets; NUL cannot be a label name."""
    return (*signature, ("\0", ""), *included)


def _pairs(many: Matrix, unique: _OneSide, matching: Matching) -> tuple[I64, I64]:
    """Every row of the many side with each row of the one side that it may meet at some step; in practice one."""
    pairs = [(m, o) for m, labels in enumerate(many.labels) for o in unique.by_signature.get(matching.signature(labels), ())]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _refuse_shared(codes: I64, present: Bool, count: int, clash: MatchingError | None = None) -> None:
    if len(np.unique(codes)) < len(codes):
        held = np.zeros((count, present.shape[1]), dtype=np.int64)
        np.add.at(held, codes, present)
        if (held > 1).any():
            raise clash or MatchingError("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")


def _result_labels(many: Labels, included: Labels, matching: Matching) -> Labels:
    if matching.card == "one-to-one":
        return matching.signature(many)
    if not matching.include:
        return many
    return tuple(sorted([*(pair for pair in many if pair[0] not in matching.include), *included]))

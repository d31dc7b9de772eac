"""Comparing columns with literals and with each other, one truth a row.

A row without a value, or with one of another type, meets no condition, not even `!=`. A list meets one when any member does, also `!=`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.traceql.columns import I64, Bool, Column, Columns
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.types import NUMBERS, REGEX, Type, comparable

_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_TEXTUAL = {"=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def compare_literal(columns: Columns, symbol: str, literal: Static, *, stored_type: bool, rows: int) -> Bool:
    """stored_type: whether a number meets only values stored with its own type, as those of attributes do: 42 does not find 42.0."""
    found = np.zeros(rows, dtype=bool)
    for column in columns:
        if _meets(column.type, literal.type, stored_type=stored_type):
            truth = _with_literal(column, symbol, literal)
            found |= column.held & (truth if column.offsets is None else any_member(truth, column.offsets))
    return found


def compare_columns(lefts: Columns, symbol: str, rights: Columns, rows: int) -> Bool:
    """Values of two fields; numbers of different types mix."""
    found = np.zeros(rows, dtype=bool)
    for left in lefts:
        for right in rights:
            if comparable(left.type, right.type) and (left.offsets is None or right.offsets is None):
                found |= _pair(left, symbol, right)
    return found


def _meets(column: Type, literal: Type, *, stored_type: bool) -> bool:
    if not stored_type or literal is Type.DURATION:
        return comparable(column, literal)
    return column is literal or (literal is Type.INT and column is Type.DURATION)


def any_member(truth: Bool, offsets: I64) -> Bool:
    """One truth a member of lists to one a list."""
    before = np.concatenate(([0], np.cumsum(truth)))
    return np.asarray(before[offsets[1:]] > before[offsets[:-1]])


def _with_literal(column: Column, symbol: str, literal: Static) -> Bool:
    if column.type is not Type.STRING:
        return np.asarray(_NUMERIC[symbol](column.values, literal.value), dtype=bool)
    text = cast(str, literal.value)
    if symbol in REGEX:
        truth = pc.match_substring_regex(column.words, f"\\A(?s:{text})\\z")
        by_word = np.asarray(pc.invert(truth) if symbol == "!~" else truth)
    else:
        by_word = np.asarray(_TEXTUAL[symbol](column.words, pa.scalar(text)))
    return by_word[column.values]


def _pair(left: Column, symbol: str, right: Column) -> Bool:
    many = left if left.offsets is not None else right
    if many.offsets is None:
        return _values(left, symbol, right) & left.held & right.held
    counts = np.diff(many.offsets)
    a, b = (_spread(side, counts) for side in (left, right))
    both = left.held & right.held
    return both & any_member(_values(a, symbol, b), many.offsets)


def _spread(side: Column, counts: Any) -> Column:
    """The members of a list, or the value of a row as often as the other side has members."""
    if side.offsets is not None:
        return Column(side.type, side.values, None, side.words)
    return Column(side.type, np.repeat(side.values, counts), None, side.words)


def _values(left: Column, symbol: str, right: Column) -> Bool:
    if left.type is Type.STRING:
        return np.asarray(_TEXTUAL[symbol](left.texts, right.texts))
    assert left.type in NUMBERS or symbol in ("=", "!=")
    return np.asarray(_NUMERIC[symbol](left.values, right.values), dtype=bool)

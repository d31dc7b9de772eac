"""Comparing columns with literals and with each other, one truth a row.

A row without a value, or with one of another type, meets no condition, not even `!=`. A list meets one when any member does; `!=` and `!~`
when no member has what is excluded, except for lists of events and links, where one that differs is enough.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.traceql.columns import Bool, Column, Columns
from lgtm.traceql.syntax import Static
from lgtm.traceql.types import NUMBERS, REGEX, Type, comparable

_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_TEXTUAL = {"=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}
_POSITIVE = {"!=": "=", "!~": "=~"}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def compare_literal(columns: Columns, symbol: str, literal: Static, *, stored_type: bool, rows: int) -> Bool:
    """stored_type: whether a number meets only values stored with its own type, as those of attributes do: 42 does not find 42.0."""
    found = np.zeros(rows, dtype=bool)
    for column in columns:
        if _meets(column.type, literal.type, stored_type=stored_type):
            found |= _by_row(column, symbol, lambda part, of=symbol: _with_literal(part, of, literal))
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


def _by_row(column: Column, symbol: str, compare: Callable[..., Bool]) -> Bool:
    """`compare(column)` answers one truth a value; lists are folded to one truth a row."""
    if column.offsets is None:
        truth = compare(column)
        return truth if column.present is None else truth & column.present
    if symbol in _POSITIVE and not column.any_of:
        return column.held & ~_any_member(column, compare(column, _POSITIVE[symbol]))
    return _any_member(column, compare(column)) & column.held


def _any_member(column: Column, truth: Bool) -> Bool:
    assert column.offsets is not None
    before = np.concatenate(([0], np.cumsum(truth)))
    return np.asarray(before[column.offsets[1:]] > before[column.offsets[:-1]])


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
    if symbol in _POSITIVE and not many.any_of:
        return both & ~_any_member(many, _values(a, _POSITIVE[symbol], b))
    return both & _any_member(many, _values(a, symbol, b))


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

"""Numbers for values, so that rows can be grouped by what a field says: equal values get equal numbers, whatever their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgtm.traceql.columns import I64, Column, Columns

NO_VALUE = -1


def single_valued(columns: Columns) -> Columns:
    """Lists by their first member: a group has one value."""
    return tuple(column if column.offsets is None else _first_members(column) for column in columns)


def _first_members(column: Column) -> Column:
    assert column.offsets is not None
    if not len(column.values):
        return Column(column.type, np.zeros(len(column), dtype=column.values.dtype), np.zeros(len(column), dtype=bool), column.words)
    first = np.minimum(column.offsets[:-1], len(column.values) - 1)
    return replace(column, values=column.values[first], present=np.diff(column.offsets) > 0, offsets=None, any_of=False)


def number_values(columns: Columns, rows: I64) -> I64:
    """A number for the value of each of `rows`, NO_VALUE where there is none. columns: one value a row."""
    numbers = np.full(len(rows), NO_VALUE)
    used = 0
    for column in columns:
        held = column.held[rows]
        distinct, inverse = np.unique(column.values[rows][held], return_inverse=True)
        numbers[held] = used + inverse
        used += len(distinct)
    return numbers


def combine_numbers(parts: Sequence[I64]) -> tuple[I64, I64]:
    """Numbers of combinations in the order in which they first occur, and where each occurs first."""
    combined = parts[0].astype(np.int64)
    for part in parts[1:]:
        _, combined = np.unique(combined, return_inverse=True)
        combined = combined * (int(part.max(initial=0)) + 2) + part + 1
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse], first[order]

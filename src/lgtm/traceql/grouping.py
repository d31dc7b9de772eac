"""Numbers for values, so that rows can be grouped by what a field says: equal values get equal numbers, whatever their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgtm.traceql.columns import I64, Column, Columns

NO_VALUE = -1


def single_valued(columns: Columns) -> Columns:
    """A span with several events or links stands for the first of them: a group has one value. Lists of its own are a value."""
    return tuple(_first_members(column) if column.of_children else column for column in columns)


def _first_members(column: Column) -> Column:
    assert column.offsets is not None
    if not len(column.values):
        return Column(column.type, np.zeros(len(column), dtype=column.values.dtype), np.zeros(len(column), dtype=bool), column.words)
    first = np.minimum(column.offsets[:-1], len(column.values) - 1)
    return replace(column, values=column.values[first], present=np.diff(column.offsets) > 0, offsets=None, of_children=False)


def number_values(columns: Columns, rows: I64) -> I64:
    """A number for the value of each of `rows`, NO_VALUE where there is none."""
    numbers = np.full(len(rows), NO_VALUE)
    used = 0
    for column in columns:
        held = column.held[rows]
        if held.any():
            found = _number_held(column.take(rows[held]))
            numbers[held] = used + found
            used += int(found.max()) + 1
    return numbers


def _number_held(column: Column) -> I64:
    """Of a column whose rows all have a value."""
    _, members = np.unique(column.values, return_inverse=True)
    if column.offsets is None:
        return members.astype(np.int64)
    lengths = np.diff(column.offsets)
    positions = [np.where(at < lengths, members[np.minimum(column.offsets[:-1] + at, len(members) - 1)], NO_VALUE) for at in range(lengths.max())]
    return combine_numbers([lengths, *positions])[0]


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

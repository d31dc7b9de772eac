"""Numbers for values, so that rows can be grouped by what a field says: equal values get equal numbers, whatever their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgtm.traceql.columns import I64, Column, Columns

NO_VALUE = -1
_DENSE_SLACK = 4
"""Numbers are told apart by a table as long as their range while that is at most so many times their count; beyond it they are sorted."""


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
    if column.words is not None:
        # Equal words may stand twice among the words, where columns were joined.
        words = column.words.dictionary_encode()
        members = np.asarray(words.indices).astype(np.int64)[column.values]
    else:
        members = np.unique(column.values, return_inverse=True)[1].astype(np.int64)
    if column.offsets is None:
        return members
    lengths = np.diff(column.offsets)
    positions = [np.where(at < lengths, members[np.minimum(column.offsets[:-1] + at, len(members) - 1)], NO_VALUE) for at in range(lengths.max())]
    return combine_numbers([lengths, *positions])[0]


def combine_numbers(parts: Sequence[I64]) -> tuple[I64, I64]:
    """Numbers of combinations in the order in which they first occur, and where each occurs first. parts: numbers from NO_VALUE upwards."""
    combined, first = number_distinct(parts[0] - NO_VALUE)
    for part in parts[1:]:
        width = int(part.max(initial=0)) - NO_VALUE + 1
        combined, first = number_distinct(combined * width + part - NO_VALUE)
    return combined, first


def number_distinct(values: I64) -> tuple[I64, I64]:
    """values: not negative. A number for each, in the order in which they first occur, and where each occurs first."""
    size = int(values.max(initial=0)) + 1
    if size <= _DENSE_SLACK * len(values):
        place = np.full(size, -1)
        place[values[::-1]] = np.arange(len(values))[::-1]
        first = np.sort(place[place >= 0])
        place[values[first]] = np.arange(len(first))
        return place[values], first
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse], first[order]

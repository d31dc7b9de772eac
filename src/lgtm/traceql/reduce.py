"""Aggregates: one number for each spanset."""

from __future__ import annotations

import numpy as np

from lgtm.traceql.columns import I64, AnyArray, Bool, Column, Columns, held_by_any
from lgtm.traceql.evaluate import values
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.spansets import Spansets
from lgtm.traceql.syntax import Aggregate
from lgtm.traceql.types import NUMBERS, Type


def reduce_sets(table: SpanTable, aggregate: Aggregate, sets: Spansets) -> Columns:
    """One row a set; absent where no span of the set has a number.

    A set of integers has an integer, but for an average; with one float among them it has a float.
    """
    if aggregate.expr is None:
        return (Column(Type.INT, np.diff(sets.offsets)),)
    columns = values(table, aggregate.expr)
    parts = [column for column in columns if column.type in NUMBERS and column.offsets is None]
    whole = [column for column in parts if column.type is not Type.FLOAT]
    if len(whole) == len(parts):
        return (_reduced(aggregate.operator, joined_numbers(columns, len(table)), sets),)
    floats = _reduced(aggregate.operator, joined_numbers(columns, len(table)), sets)
    with_float = _count(held_by_any([column for column in parts if column.type is Type.FLOAT], len(table)), sets) > 0
    integers = _reduced(aggregate.operator, joined_numbers(tuple(whole), len(table)), sets)
    return floats.where(with_float), integers.where(~with_float)


def _reduced(operator: str, numbers: Column, sets: Spansets) -> Column:
    held = numbers.held
    counts = _count(held, sets)
    found = _reduce(operator, numbers.values[sets.rows], held[sets.rows], sets.offsets, counts)
    averaged = operator == "avg" and numbers.type is Type.INT
    return Column(Type.FLOAT if averaged else numbers.type, found, counts > 0)


def _count(held: Bool, sets: Spansets) -> I64:
    """How many spans of each set are so."""
    return np.add.reduceat(held[sets.rows].astype(np.int64), sets.offsets[:-1]) if len(sets) else np.empty(0, dtype=np.int64)


def joined_numbers(columns: Columns, rows: int) -> Column:
    """The numbers of all types as one column: integers unless there are floats. Lists have no part."""
    parts = [column for column in columns if column.type in NUMBERS and column.offsets is None]
    if len(parts) == 1:
        return parts[0]
    floats = any(column.type is Type.FLOAT for column in parts)
    found = np.zeros(rows, dtype=np.float64 if floats else np.int64)
    present = np.zeros(rows, dtype=bool)
    for column in parts:
        held = column.held
        found[held], present = column.values[held], present | held
    of = Type.FLOAT if floats else Type.DURATION if any(column.type is Type.DURATION for column in parts) else Type.INT
    return Column(of, found, present)


def _reduce(operator: str, numbers: AnyArray, held: Bool, offsets: I64, counts: I64) -> AnyArray:
    if not len(counts):
        return numbers[:0]
    starts = offsets[:-1]
    whole = numbers.dtype == np.int64
    if operator in ("min", "max"):
        least, most = (np.iinfo(np.int64).min, np.iinfo(np.int64).max) if whole else (-np.inf, np.inf)
        fill, ufunc = (most, np.minimum) if operator == "min" else (least, np.maximum)
        return np.asarray(ufunc.reduceat(np.where(held, numbers, fill), starts))
    total = np.add.reduceat(np.where(held, numbers, 0), starts)
    return np.asarray(total / np.maximum(counts, 1) if operator == "avg" else total)

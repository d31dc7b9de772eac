"""Arrow arrays over numpy columns, without a copy and without Arrow's kernels, whose fixed cost would outweigh a request of a hundred rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.wire.fields import Ints
from lgtm.wire.protobuf import Buffer
from lgtm.wire.text import utf8

Flags = npt.NDArray[np.bool_]

CELLS_AT_ONCE = 4 * 1024 * 1024
"""Cells of sparse columns that are laid out together, which bounds what is needed beside the columns themselves."""


def numbers(values: npt.NDArray[Any], kind: pa.DataType, given: Flags | None = None) -> pa.Array:
    """Of a type of fixed width, from as many values of that width. given: where the array is not null; everywhere if None."""
    if given is None:
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)], 0)
    return pa.Array.from_buffers(kind, len(values), [_validity(given), pa.py_buffer(values)], len(given) - np.count_nonzero(given))


class Pool:
    """Texts (or, without `check`, binary values) of many columns of a request, copied out of it together: one call instead of one a column."""

    def __init__(self, kind: pa.DataType) -> None:
        """kind: string or binary."""
        self.kind = kind
        self.count = 0
        self._places: list[tuple[Ints, Ints]] = []
        self._whats: list[tuple[int, Callable[[int], str]]] = []
        self.offsets = np.zeros(1, np.int32)
        self.data = pa.py_buffer(b"")

    def add(self, start: Ints, end: Ints, what: Callable[[int], str]) -> Slice:
        """The contents [start[i], end[i]); what: names value i of them in errors."""
        first = self.count
        self.count += len(start)
        self._places.append((start, end))
        self._whats.append((first, what))
        return Slice(self, first, self.count)

    def read(self, buffer: Buffer) -> None:
        """Once, after the last `add`. Raises MalformedBody for what is not UTF-8."""
        if not self.count:
            return
        start, end = (np.concatenate(places) for places in zip(*self._places, strict=True))
        values = buffer.binary(start, end)
        if pa.types.is_string(self.kind):
            values = utf8(values, self._what)
        _, offsets, self.data = values.buffers()
        self.offsets = np.frombuffer(offsets, np.int32)

    def _what(self, index: int) -> str:
        first, what = next(pair for pair in reversed(self._whats) if pair[0] <= index)
        return what(index - first)


@dataclass(slots=True, frozen=True)
class Slice:
    """Values [first, end) of a pool."""

    pool: Pool
    first: int
    end: int

    def array(self, *, empty_is_null: bool = False) -> pa.Array:
        offsets = self.pool.offsets[self.first : self.end + 1]
        data = self.pool.data.slice(offsets[0], offsets[-1] - offsets[0])
        validity, nulls = None, 0
        if empty_is_null:
            given = offsets[1:] > offsets[:-1]
            validity, nulls = _validity(given), int(len(given) - np.count_nonzero(given))
        return pa.Array.from_buffers(self.pool.kind, self.end - self.first, [validity, pa.py_buffer(offsets - offsets[0]), data], nulls)


Values = npt.NDArray[Any] | Slice
"""Of numbers and booleans an array, of strings and binary values where they lie."""


class Lists:
    """One list a row, of lengths[row] elements, null where that is none; `of` makes arrays of such lists that share their layout."""

    def __init__(self, lengths: Ints) -> None:
        self.lengths = lengths
        offsets = np.zeros(len(lengths) + 1, np.int32)
        lengths.cumsum(out=offsets[1:])
        given = lengths > 0
        self._buffers = [_validity(given), pa.py_buffer(offsets)]
        self._nulls = len(lengths) - np.count_nonzero(given)

    def of(self, values: pa.Array) -> pa.Array:
        """values: those of all elements in order."""
        return pa.Array.from_buffers(pa.list_(values.type), len(self.lengths), self._buffers, self._nulls, children=[values])


@dataclass(slots=True, frozen=True)
class Run:
    """Neighbouring columns of one type, with the values of all of them, column by column."""

    kind: pa.DataType
    columns: int
    values: Values

    def piece(self, first: int, end: int, columns: int) -> Run:
        """The same type with values [first, end)."""
        if isinstance(self.values, Slice):
            return Run(self.kind, columns, Slice(self.values.pool, self.values.first + first, self.values.first + end))
        return Run(self.kind, columns, self.values[first:end])

    def array(self) -> pa.Array:
        """The values as they are."""
        return self.values.array() if isinstance(self.values, Slice) else pa.array(self.values, self.kind)


def dense(runs: list[Run], at: Ints, bounds: Ints, rows: int) -> Iterator[pa.Array]:
    """Columns of `rows` cells: in column i the rows at[bounds[i]:bounds[i + 1]] have the values of that range, all others are null.

    runs: the values of the columns in this order. No row comes twice in a column.
    """
    step = max(1, CELLS_AT_ONCE // max(1, rows))
    column = 0
    if len(bounds) - 1 <= step:
        yield from _dense(runs, at, bounds, rows)
        return
    for run in runs:
        base = int(bounds[column])
        for first in range(column, column + run.columns, step):
            some = bounds[first : min(first + step, column + run.columns) + 1]
            start, end = int(some[0]), int(some[-1])
            yield from _dense([run.piece(start - base, end - base, len(some) - 1)], at[start:end], some - start, rows)
        column += run.columns


def _dense(runs: list[Run], at: Ints, bounds: Ints, rows: int) -> Iterator[pa.Array]:
    counts = bounds[1:] - bounds[:-1]
    columns = len(counts)
    cells = np.arange(0, columns * rows, rows).repeat(counts) + at
    given = np.zeros((columns, rows), np.bool_)
    given.reshape(-1)[cells] = True
    validity, width = _bits(given)
    nulls = (rows - counts).tolist()
    column = 0
    for run in runs:
        first, end = int(bounds[column]), int(bounds[column + run.columns])
        of_run = bounds[column : column + run.columns + 1] - first
        for buffers in _contents(run, cells[first:end] - column * rows, of_run, rows):
            buffers[0] = validity.slice(column * width, width) if nulls[column] else None
            yield pa.Array.from_buffers(run.kind, rows, buffers, nulls[column])
            column += 1


def _contents(run: Run, cells: Ints, bounds: Ints, rows: int) -> Iterator[list[pa.Buffer | None]]:
    """The buffers of each column, with None for its validity."""
    if isinstance(run.values, Slice):
        yield from _variable(run.values, cells, bounds, rows)
        return
    of_cells = np.zeros((run.columns, rows), run.values.dtype)
    of_cells.reshape(-1)[cells] = run.values
    buffer, width = _bits(of_cells) if of_cells.dtype == np.bool_ else (pa.py_buffer(of_cells), rows * of_cells.itemsize)
    for column in range(run.columns):
        yield [None, buffer.slice(column * width, width)]


def _variable(values: Slice, cells: Ints, bounds: Ints, rows: int) -> Iterator[list[pa.Buffer | None]]:
    columns = len(bounds) - 1
    of_values = values.pool.offsets[values.first : values.end + 1]
    sizes = np.zeros((columns, rows), np.int32)
    sizes.reshape(-1)[cells] = of_values[1:] - of_values[:-1]
    offsets = np.zeros((columns, rows + 1), np.int32)
    sizes.cumsum(axis=1, out=offsets[:, 1:])
    buffer, width = pa.py_buffer(offsets), 4 * (rows + 1)
    starts = of_values[bounds].tolist()
    for column in range(columns):
        start = starts[column]
        yield [None, buffer.slice(column * width, width), values.pool.data.slice(start, starts[column + 1] - start)]


def _validity(given: Flags) -> pa.Buffer:
    return pa.py_buffer(np.packbits(given, bitorder="little"))


def _bits(flags: Flags) -> tuple[pa.Buffer, int]:
    """Bits of each row of flags from a whole byte on, and how many bytes that are."""
    packed = np.packbits(flags, axis=1, bitorder="little")
    return pa.py_buffer(packed), packed.shape[1]

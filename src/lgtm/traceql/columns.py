"""Columns of values of one type, some rows absent: what fields of spans are made of while a query is evaluated.

A field has as many columns as it has types; a row has a value in at most one of them. Strings are numbers into a list of distinct words,
so that whatever is asked of a string is asked once a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.traceql.types import Type

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]
Scalar = str | int | float | bool
Item = Scalar | list[Scalar]

_FROM_ARROW = {pa.types.is_integer: Type.INT, pa.types.is_floating: Type.FLOAT, pa.types.is_boolean: Type.BOOL, pa.types.is_string: Type.STRING}
_DTYPES: dict[Type, type[np.generic]] = {Type.INT: np.int64, Type.FLOAT: np.float64, Type.BOOL: np.bool_}


@dataclass(slots=True, frozen=True, eq=False)
class Column:
    """values: int64 for INT, DURATION, STATUS and KIND; float64; bool; for STRING numbers of `words`.

    present: one truth a row, None when all are. offsets: of a column of lists, where the values of each row begin and end.
    of_children: lists of what the events or links of a span have, not of what the span itself has.
    """

    type: Type
    values: AnyArray
    present: Bool | None = None
    words: pa.Array | None = None
    offsets: I64 | None = None
    of_children: bool = False

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def held(self) -> Bool:
        """Which rows have a value."""
        if self.present is not None:
            return self.present
        if self.offsets is not None:
            return np.asarray(np.diff(self.offsets) > 0)
        return np.ones(len(self), dtype=bool)

    @property
    def texts(self) -> pa.Array:
        """Strings, one a value."""
        assert self.words is not None
        return self.words.take(pa.array(self.values))

    def take(self, rows: I64) -> Column:
        present = None if self.present is None else self.present[rows]
        if self.offsets is None:
            return replace(self, values=self.values[rows], present=present)
        counts = np.diff(self.offsets)[rows]
        offsets = np.concatenate(([0], np.cumsum(counts)))
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return replace(self, values=self.values[np.repeat(self.offsets[rows], counts) + within], present=present, offsets=offsets)

    def where(self, mask: Bool) -> Column:
        """Only the rows of `mask` keep their value."""
        return replace(self, present=self.held & mask)

    def item(self, row: int) -> Item:
        """The value of a row that has one, as Python has it."""
        if self.offsets is None:
            return self._scalar(row)
        return [self._scalar(index) for index in range(self.offsets[row], self.offsets[row + 1])]

    def items(self) -> list[Item]:
        """The values of all rows, each of which has one."""
        scalars: list[Scalar] = self.values.tolist() if self.words is None else self.texts.to_pylist()
        if self.offsets is None:
            return list(scalars)
        return [scalars[begin:end] for begin, end in pairwise(self.offsets.tolist())]

    def _scalar(self, index: int) -> Scalar:
        value = self.values[index].item()
        return cast(Scalar, value if self.words is None else self.words[value].as_py())


Columns = tuple[Column, ...]


def strings(values: pa.Array | pa.ChunkedArray) -> Column:
    """From Arrow strings, dictionary-encoded or not; nulls are absent."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    indices = array.indices
    present = None if not array.null_count else np.asarray(indices.is_valid())
    codes = np.asarray(indices.fill_null(0)).astype(np.int64, copy=False)
    words = array.dictionary if len(array.dictionary) else pa.array([""], pa.string())
    return Column(Type.STRING, codes, present, words)


def from_arrow(values: pa.Array | pa.ChunkedArray) -> Column:
    """From a nullable Arrow array of strings, integers, floats, booleans, or lists of those."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_list(array.type):
        return _lists(array)
    if pa.types.is_dictionary(array.type) or pa.types.is_string(array.type):
        return strings(array)
    of = next(found for test, found in _FROM_ARROW.items() if test(array.type))
    present = None if not array.null_count else np.asarray(array.is_valid())
    filled = array.fill_null(False if of is Type.BOOL else 0) if array.null_count else array
    return Column(of, np.asarray(filled).astype(_DTYPES[of], copy=False), present)


def _lists(array: pa.ListArray) -> Column:
    counts = np.asarray(pc.list_value_length(array).fill_null(0)).astype(np.int64)
    members = from_arrow(array.flatten())
    return replace(members, offsets=np.concatenate(([0], np.cumsum(counts))))


def constant(of: Type, value: Scalar, rows: int) -> Column:
    if of is Type.STRING:
        return Column(of, np.zeros(rows, dtype=np.int64), words=pa.array([value], pa.string()))
    return Column(of, np.full(rows, value, dtype=_DTYPES.get(of, np.int64)))


def held_by_any(columns: Sequence[Column], rows: int) -> Bool:
    held = np.zeros(rows, dtype=bool)
    for column in columns:
        held |= column.held
    return held


def first_of(alternatives: Sequence[Columns], rows: int) -> Columns:
    """Each row's value from the first alternative that has one."""
    taken = np.zeros(rows, dtype=bool)
    found: list[Column] = []
    for columns in alternatives:
        free = ~taken
        kept = [column.where(free) for column in columns]
        taken = taken | held_by_any(kept, rows)
        found += [column for column in kept if column.held.any()]
    return tuple(found)


def gather_children(column: Column, rows_of: I64, rows: int) -> Column:
    """A column of children (events, links) as lists of their parents. rows_of: the parent's row of each child, ascending."""
    held = np.flatnonzero(column.held)
    if column.offsets is None:
        counts = np.bincount(rows_of[held], minlength=rows)
        values = column.values[held]
    else:
        counts = np.bincount(rows_of, weights=np.diff(column.offsets), minlength=rows).astype(np.int64)
        values = column.values
    return Column(column.type, values, None, column.words, np.concatenate(([0], np.cumsum(counts))), of_children=True)


def hex_strings(ids: npt.NDArray[np.uint8]) -> pa.Array:
    """ids: count × bytes. Lower-case hex, one string an id."""
    count, width = ids.shape
    text = np.ascontiguousarray(ids).tobytes().hex().encode()
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(2 * width)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))

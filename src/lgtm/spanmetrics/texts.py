"""Columns of texts as small numbers, so that whatever is asked of a text is asked once a text and not once a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.vectors.matrix import I64, Bool

ABSENT = -1
_KEYS_MAX = 1 << 62
_TABLE_MAX = 1 << 17
"""Numbering by a table of so many places costs less than hashing even a thousand keys."""


@dataclass(slots=True, frozen=True, eq=False)
class Texts:
    """A text or nothing for each row. codes: its place in `values`, or ABSENT. One text may have several places."""

    values: list[str]
    codes: I64

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def absent(cls, rows: int) -> Texts:
        return cls([], np.full(rows, ABSENT, np.int64))

    @classmethod
    def constant(cls, value: str, rows: int) -> Texts:
        return cls([value], np.zeros(rows, np.int64))

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Texts:
        """From the text of each row."""
        places: dict[str, int] = {}
        codes = [ABSENT if value is None else places.setdefault(value, len(places)) for value in values]
        return cls(list(places), np.array(codes, np.int64))

    @classmethod
    def encode(cls, column: pa.Array) -> Texts:
        """From a column of strings."""
        encoded = column.dictionary_encode()
        indices = encoded.indices.fill_null(ABSENT) if encoded.null_count else encoded.indices
        return cls(encoded.dictionary.to_pylist(), indices.to_numpy().astype(np.int64))

    @classmethod
    def concat(cls, parts: Sequence[Texts]) -> Texts:
        """One below the other. parts: at least one."""
        values: list[str] = []
        codes = []
        for part in parts:
            codes.append(np.where(part.present, part.codes + len(values), ABSENT))
            values = values + part.values
        return cls(values, np.concatenate(codes))

    @property
    def present(self) -> Bool:
        return self.codes >= 0

    @property
    def filled(self) -> Bool:
        """Where there is a text that is not empty."""
        empty = np.array([*(not value for value in self.values), True], bool)
        return ~empty[self.codes]

    def take(self, rows: I64) -> Texts:
        return Texts(self.values, self.codes[rows])

    def at(self, rows: I64) -> list[str]:
        """The texts of these rows, "" where there is none."""
        padded = [*self.values, ""]  # ABSENT is the last place of a list
        return [padded[code] for code in self.codes[rows].tolist()]

    def only(self, rows: Bool) -> Texts:
        """Nothing in the other rows."""
        return Texts(self.values, np.where(rows, self.codes, ABSENT))


def first_of(columns: Sequence[Texts]) -> Texts:
    """For each row the text of the first column that has one. columns: at least one, equally long."""
    given = [column for column in columns if column.values]
    if len(given) < 2:
        return given[0] if given else columns[0]
    values: list[str] = []
    codes = np.full(len(columns[0]), ABSENT, np.int64)
    for column in given:
        codes = np.where((codes < 0) & column.present, column.codes + len(values), codes)
        values = values + column.values
    return Texts(values, codes)


def joined(columns: Sequence[Texts], separator: str) -> Texts:
    """For each row the texts of all columns that are not empty, in order. columns: at least one, equally long."""
    numbers, first = group_rows([column.codes for column in columns])
    parts = zip(*(column.at(first) for column in columns), strict=True)
    return Texts([separator.join(filter(None, each)) for each in parts], numbers)


def keys_at(columns: Sequence[Texts], rows: I64) -> list[tuple[str, ...]]:
    """The texts of these rows side by side, "" for what is absent."""
    return list(zip(*(column.at(rows) for column in columns), strict=True)) if columns else [()] * len(rows)


def group_rows(columns: Sequence[I64]) -> tuple[I64, I64]:
    """Rows that agree in all columns are a group: the number of each row's group, and the first row of each group.

    columns: at least one, equally long.
    """
    keys, size = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        if not len(column):
            break
        least = int(column.min())
        width = int(column.max()) - least + 1
        if size > _KEYS_MAX // width:
            keys, size = number(keys)
        keys = keys * width + (column - least)
        size *= width
    numbers, count = number(keys, size)
    first = np.empty(count, np.int64)
    # Of several assignments to one place the last remains.
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, first


def number(keys: I64, size: int | None = None) -> tuple[I64, int]:
    """Equal keys get equal numbers from 0; and how many there are. size: above all keys, which are from 0, or None."""
    if size is not None and size <= max(_TABLE_MAX, 8 * len(keys)):
        used = np.zeros(size, bool)
        used[keys] = True
        found = np.flatnonzero(used)
        numbers = np.empty(size, np.int64)
        numbers[found] = np.arange(len(found))
        return numbers[keys], len(found)
    # Hashing costs a third of sorting.
    encoded = pa.array(keys).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)

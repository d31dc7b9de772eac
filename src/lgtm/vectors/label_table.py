"""The labels of many series as columns, so that grouping, matching and renaming cost a few array operations whatever the number of series.

A column holds, for one label name, a small integer per series into a list of values; 0 stands for "", which means that the series lacks the label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lgtm.model.labels import Labels
from lgtm.vectors.matrix import I64, Bool

I32 = npt.NDArray[np.int32]
_KEYS_MAX = 1 << 62
_SPARE = 2
"""How many values per series a column may keep that was taken from a larger one."""


@dataclass(slots=True, frozen=True, eq=False)
class Column:
    """values: all different, the first is "". codes: one per series. Values that no series has may remain."""

    values: Sequence[str]
    codes: I32

    @classmethod
    def of(cls, values: Iterable[str]) -> Column:
        """From the value of each series."""
        found: dict[str, int] = {"": 0}
        codes = np.fromiter((found.setdefault(value, len(found)) for value in values), dtype=np.int32)
        return cls(list(found), codes)

    def take(self, rows: I64 | Bool) -> Column:
        taken = Column(self.values, self.codes[rows])
        return taken.compact() if len(self.values) > _SPARE * (len(taken.codes) + 1) else taken

    def compact(self) -> Column:
        """Without values that no series has."""
        used = np.zeros(len(self.values), dtype=bool)
        used[self.codes] = True
        used[0] = True
        if used.all():
            return self
        places = np.cumsum(used) - 1
        return Column([self.values[place] for place in np.flatnonzero(used).tolist()], places[self.codes].astype(np.int32))

    def strings(self) -> npt.NDArray[np.object_]:
        return np.array(self.values, dtype=object)[self.codes]


@dataclass(slots=True, frozen=True, eq=False)
class LabelTable:
    """count: how many series. columns: by label name."""

    count: int
    columns: dict[str, Column]

    def __len__(self) -> int:
        return self.count

    @classmethod
    def of(cls, labels: Sequence[Labels]) -> LabelTable:
        """From one label set per series. Costs Python work per label: once, at the edge."""
        rows = [dict(label_set) for label_set in labels]
        names = sorted({name for row in rows for name in row})
        return cls(len(rows), {name: Column.of(row.get(name, "") for row in rows) for name in names})

    @classmethod
    def unlabelled(cls, count: int = 1) -> LabelTable:
        return cls(count, {})

    def rows(self) -> list[Labels]:
        """The label set of each series, names ascending."""
        pairs: list[list[tuple[str, str]]] = [[] for _ in range(self.count)]
        for name in sorted(self.columns):
            column = self.columns[name]
            known = [(name, value) for value in column.values]
            for row in np.flatnonzero(column.codes).tolist():
                pairs[row].append(known[column.codes[row]])
        return [tuple(row) for row in pairs]

    def row(self, index: int) -> Labels:
        return self.take(np.array([index])).rows()[0]

    def strings(self, name: str) -> npt.NDArray[np.object_]:
        """The value of one label for each series."""
        return self.columns[name].strings() if name in self.columns else np.full(self.count, "", dtype=object)

    def distinct(self, name: str, rows: I64 | Bool) -> list[str]:
        """The values of one label that these series have, each once, in order of first appearance."""
        column = self.column(name)
        codes, first = np.unique(column.codes[rows], return_index=True)
        return [column.values[code] for code in codes[np.argsort(first)].tolist()]

    def column(self, name: str) -> Column:
        return self.columns.get(name) or Column([""], np.zeros(self.count, dtype=np.int32))

    def take(self, rows: I64 | Bool) -> LabelTable:
        count = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return LabelTable(count, {name: column.take(rows) for name, column in self.columns.items()})

    def keep(self, names: Iterable[str]) -> LabelTable:
        chosen = set(names)
        return LabelTable(self.count, {name: column for name, column in self.columns.items() if name in chosen})

    def drop(self, names: Iterable[str]) -> LabelTable:
        gone = set(names)
        if not gone & self.columns.keys():
            return self
        return LabelTable(self.count, {name: column for name, column in self.columns.items() if name not in gone})

    def drop_where(self, name: str, rows: Bool) -> LabelTable:
        """Without the label for these series."""
        column = self.columns.get(name)
        if column is None or not rows.any():
            return self
        if rows.all():
            return self.drop((name,))
        return self.with_column(name, Column(column.values, np.where(rows, 0, column.codes).astype(np.int32)))

    def with_column(self, name: str, column: Column) -> LabelTable:
        return LabelTable(self.count, {**self.columns, name: column})

    def number(self) -> tuple[I64, I64]:
        """A code per series, equal where all labels are, and for each code the first series that has it; codes count up by first appearance."""
        if not self.count:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        keys, bound = np.zeros(self.count, dtype=np.int64), 1
        for column in self.columns.values():
            if bound * len(column.values) >= _KEYS_MAX:
                distinct, keys = np.unique(keys, return_inverse=True)
                bound = len(distinct)
            keys = keys * len(column.values) + column.codes
            bound *= len(column.values)
        if bound == 1:
            return keys, np.zeros(1, dtype=np.int64)
        _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return rank[codes], first[order].astype(np.int64)

    def order(self) -> I64:
        """The rows in the order of their label sets: pair by pair, names ascending, a set before those that continue it."""
        keys: list[I64] = []
        later = np.zeros(self.count, dtype=bool)
        for name in sorted(self.columns, reverse=True):
            column = self.columns[name].compact()
            rank = np.empty(len(column.values), dtype=np.int64)
            rank[sorted(range(len(column.values)), key=column.values.__getitem__)] = np.arange(len(column.values))
            # Who lacks the name continues with a later one, which sorts behind; who has nothing left comes first.
            keys.append(np.where(column.codes != 0, rank[column.codes], np.where(later, len(column.values), 0)))
            later |= column.codes != 0
        return np.lexsort(keys).astype(np.int64) if keys else np.arange(self.count)


def concatenate(tables: Sequence[LabelTable]) -> LabelTable:
    """All series of all tables, one table after the other."""
    names = {name: None for table in tables for name in table.columns}
    return LabelTable(sum(map(len, tables)), {name: _join([table.column(name) for table in tables]) for name in names})


def overlay(upper: Column, lower: Column) -> Column:
    """Of each series the upper value, or the lower one where it has none."""
    both = _join([upper, lower])
    above, below = both.codes[: len(upper.codes)], both.codes[len(upper.codes) :]
    return Column(both.values, np.where(above != 0, above, below))


def _join(columns: Sequence[Column]) -> Column:
    if all(one.values is other.values for one, other in pairwise(columns)):
        return Column(columns[0].values, np.concatenate([column.codes for column in columns]))
    known: dict[str, int] = {"": 0}
    parts = []
    for column in columns:
        codes = np.fromiter((known.setdefault(value, len(known)) for value in column.values), dtype=np.int32, count=len(column.values))
        parts.append(codes[column.codes])
    return Column(list(known), np.concatenate(parts))

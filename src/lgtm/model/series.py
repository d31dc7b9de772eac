"""Series, and tables of them as columns: samples come in batches of thousands of series, so nothing is made for each of them unless somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from operator import eq
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.fingerprint_index import FingerprintIndex, Numbers, Prints, fingerprints_of, prints_of
from lgtm.model.label_store import LabelColumns, LabelList, LabelMap, LabelStore
from lgtm.model.labels import FINGERPRINT_BYTES, Fingerprint, Labels, fingerprint

Flags = npt.NDArray[np.bool_]
Sizes = npt.NDArray[np.int64]


@dataclass(slots=True, frozen=True)
class Series:
    """What has labels and an identity: a log stream, a metric series, a resource of spans.

    labels is None where the receiver is known to have them already: labels travel once a generation.
    """

    fingerprint: Fingerprint
    labels: Labels | None

    @classmethod
    def of(cls, labels: Labels) -> Series:
        return cls(fingerprint(labels), labels)


class SeriesTable(Sequence[Series]):
    """The series of a batch, in its order. Does not change.

    Columns that are computed when they are asked for pass on to tables made from this one.
    """

    def __init__(self, prints: Prints, labels: LabelStore | None, places: Numbers | None = None) -> None:
        """prints: the fingerprints, shaped [series, 2]. labels: None: nobody has any. places: where in `labels` those of each are; None: in order."""
        self.prints = prints
        self._labels, self._places = labels, places

    @classmethod
    def of(cls, series: Iterable[Series]) -> SeriesTable:
        if isinstance(series, SeriesTable):
            return series
        found = list(series)
        return cls(prints_of([one.fingerprint for one in found]), LabelList([one.labels for one in found]))

    @classmethod
    def of_columns(cls, fingerprints: pa.FixedSizeBinaryArray, labels: pa.MapArray) -> SeriesTable:
        """labels: null for series that have none. Raises ValueError for columns of other types, and for nulls among the fingerprints."""
        if fingerprints.type != pa.binary(FINGERPRINT_BYTES) or labels.type != pa.map_(pa.string(), pa.string()):
            raise ValueError(f"series as {fingerprints.type} and {labels.type}")
        if fingerprints.null_count:
            raise ValueError("series without a fingerprint")
        prints = np.empty((0, 2), np.uint64)
        if len(fingerprints):
            prints = np.frombuffer(fingerprints.buffers()[1], np.uint64).reshape(-1, 2)[fingerprints.offset :][: len(fingerprints)]
        return cls(prints, None if labels.null_count == len(labels) else LabelMap(labels))

    def __len__(self) -> int:
        return len(self.prints)

    @overload
    def __getitem__(self, at: int) -> Series: ...

    @overload
    def __getitem__(self, at: slice) -> SeriesTable: ...

    def __getitem__(self, at: int | slice) -> Series | SeriesTable:
        if isinstance(at, slice):
            return self.take(np.arange(len(self))[at])
        return Series(self.prints[at].tobytes(), self.labels_at(at))

    def __iter__(self) -> Iterator[Series]:
        return map(Series, self.fingerprints, self.labels)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other)))

    __hash__ = None  # type: ignore[assignment]  # as other columns

    def __repr__(self) -> str:
        return f"SeriesTable({list(self)!r})"

    @cached_property
    def fingerprints(self) -> list[Fingerprint]:
        return fingerprints_of(self.prints)

    def print_column(self) -> pa.FixedSizeBinaryArray:
        """The fingerprints, for Arrow."""
        return pa.Array.from_buffers(pa.binary(FINGERPRINT_BYTES), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.prints))])

    def labels_at(self, at: int) -> Labels | None:
        if self._labels is None:
            return None
        return self._labels.labels_at(at if self._places is None else int(self._places[at]))

    @cached_property
    def labels(self) -> Sequence[Labels | None]:
        """Of each series."""
        return [None] * len(self) if self._labels is None else self._labels.labels(self._in_store)

    def made_labels(self) -> Sequence[Labels | None] | None:
        """Of each series, where label sets are there already; making them costs as much as all the rest of taking in a series."""
        return self.labels if isinstance(self._labels, LabelList) or "labels" in self.__dict__ else None

    def shares_labels_with(self, other: SeriesTable) -> bool:
        """Whether both have theirs from one store."""
        return self._labels is other._labels

    def label_columns(self) -> LabelColumns:
        return {} if self._labels is None else self._labels.columns(self._in_store)

    @property
    def _in_store(self) -> Numbers:
        return np.arange(len(self)) if self._places is None else self._places

    @cached_property
    def unlabelled(self) -> Flags:
        """Which have no labels."""
        return np.ones(len(self), np.bool_) if self._labels is None else self._labels.unknown(self._in_store)

    @cached_property
    def label_sizes(self) -> Sizes:
        """Characters of the names and values of each, about."""
        return np.fromiter(map(label_size, self.labels), np.int64, len(self))

    def without_labels(self, chosen: Flags | None = None) -> SeriesTable:
        """The same series, those chosen (None: all) without labels."""
        if chosen is None or chosen.all():
            return SeriesTable(self.prints, None)
        return SeriesTable(self.prints, LabelList([None if bare else one for one, bare in zip(self.labels, chosen.tolist(), strict=True)]))

    def take(self, numbers: Numbers) -> SeriesTable:
        """The series with these numbers, in that order."""
        places = None if self._labels is None else numbers if self._places is None else self._places[numbers]
        return SeriesTable(self.prints.take(numbers, axis=0), self._labels, places)._inherit([self], lambda columns: columns[0][numbers])

    @classmethod
    def joined(cls, tables: Sequence[SeriesTable]) -> SeriesTable:
        """The series of all, one table behind the other."""
        prints = np.concatenate([table.prints for table in tables])
        return cls(prints, *_joined_labels(tables))._inherit(tables, np.concatenate)

    @classmethod
    def united(cls, tables: Sequence[SeriesTable]) -> tuple[SeriesTable, Numbers]:
        """Each series of all once, in order of first appearance, and for each of the tables' series, one table behind the other, its number there.

        A known label set wins over None. Where all labels are in one store, a series that is there twice stays so.
        """
        every = cls.joined(tables)
        if every._places is not None:
            order = every._places.argsort(kind="stable")  # quick with what rises table by table
            in_order = every._places.take(order)
            if b"\1" not in (in_order[1:] == in_order[:-1]).tobytes():
                return every, np.arange(len(every))
        index = FingerprintIndex()
        numbers = index.add(every.prints)
        if len(index) == len(every):
            return every, numbers
        firsts = np.empty(len(index), np.int64)
        firsts[numbers[::-1]] = np.arange(len(numbers))[::-1]
        found = every.take(firsts)
        return found.filled_from(every, numbers) if found.unlabelled.any() else found, numbers

    def _inherit(self, tables: Sequence[SeriesTable], column_of: Callable[[list[npt.NDArray[Any]]], npt.NDArray[Any]]) -> SeriesTable:
        for name in ("unlabelled", "label_sizes"):
            if all(name in table.__dict__ for table in tables):
                self.__dict__[name] = column_of([table.__dict__[name] for table in tables])
        return self

    def filled_from(self, other: SeriesTable, numbers: Numbers) -> SeriesTable:
        """With labels from `other`, whose series have these numbers here, where there are none."""
        labels = list(self.labels)
        known = ~other.unlabelled
        for number, given in zip(numbers[known].tolist(), compress(other.labels, known.tolist()), strict=True):
            if labels[number] is None:
                labels[number] = given
        return SeriesTable(self.prints, LabelList(labels))


def label_size(labels: Labels | None) -> int:
    return sum(map(len, chain.from_iterable(labels or ())))


def _joined_labels(tables: Sequence[SeriesTable]) -> tuple[LabelStore | None, Numbers | None]:
    """(labels, places) of a table."""
    store = tables[0]._labels
    if any(table._labels is not store for table in tables):
        return LabelList([labels for table in tables for labels in table.labels]), None
    return store, None if store is None else np.concatenate([table._in_store for table in tables])

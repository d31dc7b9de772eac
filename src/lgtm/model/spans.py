"""Which part each row of a run came with: rows lie part after part, so one number per part says it all, and merging runs joins the lists.

With it a copy of a part is recognised as a whole, on whichever node or in whichever block it lies, without looking at a single row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lgtm.model.part import PartId
from lgtm.model.part_ids import Intervals, PartIds

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Counts = np.ndarray[tuple[int], np.dtype[np.int64]]
Writer = tuple[bytes, int]
"""16 bytes and an epoch."""


@dataclass(slots=True, frozen=True, eq=False)
class PartSpans:
    """One element a part: which of `writers` made it, its sequence number, its rows, and whether this node is its primary."""

    writers: tuple[Writer, ...]
    writer_of: Counts
    sequences: Counts
    rows: Counts
    primary: Mask

    @classmethod
    def of(cls, part_id: PartId, rows: int, *, primary: bool = True) -> PartSpans:
        writer = ((part_id.writer, part_id.epoch),)
        return cls(writer, np.zeros(1, np.int64), np.array([part_id.sequence]), np.array([rows]), np.array([primary]))

    @classmethod
    def joined(cls, spans: Sequence[PartSpans]) -> PartSpans:
        """Of runs that were put one behind the other."""
        numbers: dict[Writer, int] = {}
        renumbered = []
        for each in spans:
            table = np.array([numbers.setdefault(writer, len(numbers)) for writer in each.writers], np.int64)
            renumbered.append(table[each.writer_of])
        rest = [np.concatenate(columns) for columns in zip(*((each.sequences, each.rows, each.primary) for each in spans), strict=True)]
        return cls(tuple(numbers), np.concatenate(renumbered), *rest)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def row_count(self) -> int:
        return int(self.rows.sum())

    @property
    def nbytes(self) -> int:
        return int(self.sequences.nbytes + self.writer_of.nbytes + self.rows.nbytes + self.primary.nbytes)

    def within(self, ids: PartIds) -> Mask:
        """One truth a part: whether it is in the set."""
        found = np.zeros(len(self), bool)
        for number, (writer, epoch) in enumerate(self.writers):
            held = ids.of(writer, epoch)
            if held is not None:
                mine = self.writer_of == number
                found[mine] = _within(held, self.sequences[mine])
        return found

    def rows_of(self, parts: Mask) -> Mask:
        """One truth a part becomes one truth a row."""
        return np.repeat(parts, self.rows)

    def ids(self, parts: Mask | None = None) -> PartIds:
        """Of all parts, or of those chosen."""
        found = PartIds()
        for number, (writer, epoch) in enumerate(self.writers):
            mine = self.writer_of == number if parts is None else (self.writer_of == number) & parts
            found.add_all((writer, epoch, first, last) for first, last in _stretches(np.unique(self.sequences[mine])))
        return found


def _within(held: Intervals, sequences: Counts) -> Mask:
    ranges = np.array(list(held), np.int64).reshape(-1, 2)
    at = np.searchsorted(ranges[:, 0], sequences, side="right") - 1
    inside: Mask = (at >= 0) & (sequences <= ranges[np.maximum(at, 0), 1]) if len(ranges) else np.zeros(len(sequences), bool)
    return inside


def _stretches(numbers: Counts) -> list[tuple[int, int]]:
    """First and last of each run of consecutive numbers; numbers: sorted, distinct."""
    if not len(numbers):
        return []
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return [(int(numbers[0]), int(numbers[-1]))]
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    return list(zip(numbers[np.append(0, breaks + 1)].tolist(), numbers[np.append(breaks, len(numbers) - 1)].tolist(), strict=True))

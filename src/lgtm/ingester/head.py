"""The head: rows of one tenant and one signal in one generation, queryable from the moment they are logged.

A head keeps the Arrow buffers of a part as they are and only renumbers the `series` column. Each kernel call costs tens of microseconds whatever the
size of its input, so small runs are merged in the background: `small_runs` names them, `merge` (pure, any thread) makes one, `replace` puts it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa

from lgtm.blocks.merge import merge_rows
from lgtm.model.batch import Batch
from lgtm.model.fingerprint_index import FingerprintIndex, Numbers, fingerprints_of
from lgtm.model.labels import Fingerprint, Labels, placeholder
from lgtm.model.matchers import Matchers
from lgtm.model.part import PartId
from lgtm.model.series import SeriesTable
from lgtm.model.series_index import SeriesIndex
from lgtm.model.signal import SERIES, Signal
from lgtm.model.spans import Mask, PartSpans
from lgtm.model.tenant import Tenant

RUN_OVERHEAD_BYTES = 4_096
"""Python and Arrow objects around the buffers of a run, so that many tiny parts count for what they cost."""

TOGETHER_MIN = 16
"""New series from which on their labels are taken in by column."""

MERGE_TIERS = (64, 4_096)


@dataclass(slots=True, frozen=True, eq=False)
class Run:
    """Rows in order of arrival, part after part. Immutable; `rows["series"]` numbers the head's series."""

    rows: pa.RecordBatch
    min_ns: int
    max_ns: int
    nbytes: int
    parts: PartSpans


@dataclass(slots=True, frozen=True)
class HeadSnapshot:
    """What a head held at one moment. `series` may be longer than what `runs` use: the list only grows."""

    generation: str
    signal: Signal
    tenant: Tenant
    series: SeriesTable
    index: SeriesIndex
    runs: tuple[Run, ...]

    def matching(self, matchers: Matchers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """One truth for each of the series."""
        return self.index.select(matchers, len(self.series))


class Head:
    def __init__(self, signal: Signal, tenant: Tenant, generation: str) -> None:
        self.signal = signal
        self.tenant = tenant
        self.row_count = 0
        self.nbytes = 0
        self._generation = generation
        self._numbers = FingerprintIndex()
        self._placeholders: set[int] = set()
        """Numbers of series whose labels nobody here knows."""
        self._runs: list[Run] = []
        self._merged_up_to = 0
        """The rows_min for which no small runs were found since runs last changed: most heads are asked each second, and few have got any."""
        self._index = SeriesIndex()
        self._series_snapshot = SeriesTable(self._numbers.prints, self._index)

    @property
    def series_count(self) -> int:
        return len(self._index)

    def missing(self, batch: Batch) -> tuple[Fingerprint, ...]:
        """Series of the batch that came without labels and are not known here either."""
        table = batch.table
        numbers = self._numbers.find(table.prints)
        if not self._placeholders and _are_known(numbers):
            return ()
        # A placeholder is no knowledge: whoever has the labels may still send them.
        unknown = ((numbers < 0) | self._are_lost(numbers)) & table.unlabelled
        return tuple(fingerprints_of(table.prints[unknown]))

    def add(self, batch: Batch, part_id: PartId, *, primary: bool = True) -> None:
        """Makes the rows visible to the next snapshot. primary: whether it falls to this node to bring them into a block."""
        numbers = self._numbers_of(batch.table)
        rows = batch.rows
        at = rows.schema.get_field_index(SERIES)
        renumbered = pa.array(numbers[rows.column(at).to_numpy()])
        rows = rows.set_column(at, rows.schema.field(at), renumbered)
        min_ns, max_ns = batch.time_range_ns()
        run = Run(rows, min_ns, max_ns, batch.nbytes + RUN_OVERHEAD_BYTES, PartSpans.of(part_id, rows.num_rows, primary=primary))
        self._runs.append(run)
        self._merged_up_to = 0
        self.row_count += rows.num_rows
        self.nbytes += run.nbytes

    def snapshot(self) -> HeadSnapshot:
        if len(self._series_snapshot) != len(self._index):
            self._series_snapshot = SeriesTable(self._numbers.prints, self._index)
        return HeadSnapshot(self._generation, self.signal, self.tenant, self._series_snapshot, self._index, tuple(self._runs))

    def small_runs(self, rows_min: int) -> tuple[int, tuple[Run, ...]] | None:
        """Neighbouring small runs worth merging: the position of the first and the runs. None when there are none.

        Merging goes in tiers (64, 4096, rows_min rows), so that a row is copied about three times however small the parts are that come in.
        """
        if rows_min == self._merged_up_to:
            return None
        for tier_rows in (*(t for t in MERGE_TIERS if t < rows_min), rows_min):
            start = total = 0
            for at, run in enumerate(self._runs):
                if run.rows.num_rows >= tier_rows:
                    start, total = at + 1, 0
                    continue
                total += run.rows.num_rows
                if total >= tier_rows and at > start:
                    return start, tuple(self._runs[start : at + 1])
        self._merged_up_to = rows_min
        return None

    def merge(self, runs: tuple[Run, ...]) -> Run:
        """One run with the rows of all, in order. Pure: may run on any thread."""
        series = SeriesTable(self._numbers.prints, self._index)
        merged = merge_rows([Batch(self.signal, self.tenant, series, run.rows) for run in runs]).rows
        parts = PartSpans.joined([run.parts for run in runs])
        nbytes = merged.nbytes + RUN_OVERHEAD_BYTES + parts.nbytes
        return Run(merged, min(r.min_ns for r in runs), max(r.max_ns for r in runs), nbytes, parts)

    def replace(self, at: int, runs: tuple[Run, ...], merged: Run) -> None:
        """Puts `merged` where `runs` were. Runs are only ever appended behind, so positions hold while a merge is under way."""
        assert all(held is run for held, run in zip(self._runs[at : at + len(runs)], runs, strict=True))
        self._runs[at : at + len(runs)] = [merged]
        self._merged_up_to = 0
        self.nbytes += merged.nbytes - sum(run.nbytes for run in runs)

    def labelled(self, series: SeriesTable) -> SeriesTable:
        """The series with their labels, which travel only once a generation."""
        return SeriesTable(series.prints, self._index, self._numbers.find(series.prints))

    def _numbers_of(self, series: SeriesTable) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        known = len(self._index)
        numbers = self._numbers.add(series.prints)
        if len(self._numbers) > known:
            self._take_in(series, np.unique(numbers, return_index=True)[1][known - len(self._numbers) :])
        if self._placeholders:
            self._replace_placeholders(series, numbers)
        return numbers.astype(np.uint32)

    def _take_in(self, series: SeriesTable, places: Numbers) -> None:
        """places: where in the table the new series are, in the order of their numbers."""
        new = series.take(places)
        if len(new) >= TOGETHER_MIN and not new.unlabelled.any():
            self._index.extend_columns(len(new), new.label_columns(), cast(Sequence[Labels] | None, new.made_labels()))
            return
        for place, labels in enumerate(new.labels):
            if labels is None:
                self._placeholders.add(len(self._index))
            self._index.extend((placeholder(new.prints[place].tobytes()) if labels is None else labels,))

    def _replace_placeholders(self, series: SeriesTable, numbers: Numbers) -> None:
        for place in (self._are_lost(numbers) & ~series.unlabelled).nonzero()[0].tolist():
            number, labels = int(numbers[place]), series.labels_at(place)
            if number in self._placeholders and labels is not None:
                self._placeholders.remove(number)
                self._index.replace(number, labels)
                self._series_snapshot = SeriesTable(self._numbers.prints, self._index)

    def _are_lost(self, numbers: Numbers) -> Mask:
        return np.isin(numbers, list(self._placeholders))


def _are_known(numbers: Numbers) -> bool:
    return bool(numbers.min(initial=0) >= 0)

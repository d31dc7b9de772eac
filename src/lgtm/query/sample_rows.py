"""Rows of samples from many places as what PromQL reads: series with their labels, the samples of each ascending in time, each time once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.fingerprint_index import FingerprintIndex
from lgtm.model.labels import UNLABELLED, Labels, is_placeholder
from lgtm.model.matchers import matches_all
from lgtm.model.series import Series, SeriesTable
from lgtm.model.signal import HISTOGRAM, SERIES, START, TS, VALUE
from lgtm.promql.columns import BucketColumns, HistogramColumns, Selected, offsets_of
from lgtm.query.deletions import Deletion
from lgtm.vectors.label_table import Column, LabelTable, concatenate
from lgtm.wire.histogram_columns import HistogramArrays, histogram_arrays

I64 = npt.NDArray[np.int64]
_NS_PER_MS = 1_000_000


class SampleRows:
    """Takes batches in order of arrival: of samples of one series at one time the first counts."""

    def __init__(self) -> None:
        self._numbers = FingerprintIndex()
        self._new: list[SeriesTable] = []
        """Series that share a store of labels, the latest in the order of their numbers."""
        self._tables: list[LabelTable] = []
        """Labels of all series before these."""
        self._unlabelled = False
        """Whether the labels of any series are a placeholder."""
        self._found: dict[int, Labels] = {}
        """Labels that one log has lost, from another."""
        self._of_table: tuple[Sequence[Series], I64] | None = None
        self._series: list[I64] = []
        self._times_ms: list[I64] = []
        self._are_whole_ms = True
        """Whether no time had a fraction of a millisecond."""
        self._rows: list[pa.RecordBatch] = []
        self.row_count = 0
        """Copies included."""

    def add(self, batch: Batch) -> None:
        numbers = self._numbered(batch.series)
        of_rows = batch.rows.column(SERIES).to_numpy()
        used = np.zeros(len(batch.series), bool)
        used[of_rows] = True
        unmet = np.flatnonzero(used & (numbers < 0))
        if len(unmet):
            numbers[unmet] = self._meet(batch.table.take(unmet))
        ts = batch.rows.column(TS).to_numpy()
        times_ms = ts // _NS_PER_MS
        self._are_whole_ms = self._are_whole_ms and bool((times_ms * _NS_PER_MS == ts).all())
        self._series.append(numbers[of_rows])
        self._times_ms.append(times_ms)
        self._rows.append(batch.rows)
        self.row_count += batch.rows.num_rows

    @property
    def series_count(self) -> int:
        return len(self._numbers)

    def _numbered(self, series: Sequence[Series]) -> I64:
        """Our number of each series of a batch, -1 where it was not met yet. Batches of one place share their table."""
        if self._of_table is None or self._of_table[0] is not series:
            self._of_table = (series, np.full(len(series), -1, np.int64))
        return self._of_table[1]

    def _meet(self, series: SeriesTable) -> I64:
        known = len(self._numbers)
        numbers = self._numbers.add(series.prints)
        again = numbers < known
        if again.any():
            self._meet_again(numbers[again], series.take(np.flatnonzero(again)))
        if len(self._numbers) > known:
            places = np.unique(numbers, return_index=True)[1]
            self._take_in(series.take(places[known - len(self._numbers) :]))
        return numbers

    def _take_in(self, new: SeriesTable) -> None:
        if self._new and not new.shares_labels_with(self._new[0]):
            self._settle()
        self._new.append(new)

    def _settle(self) -> None:
        """Takes the labels out of their store, which need not be held any longer: what comes from other nodes is one for each piece."""
        if self._new:
            columns = SeriesTable.joined(self._new).label_columns()
            self._tables.append(LabelTable(sum(map(len, self._new)), {name: Column(*column).compact() for name, column in columns.items()}))
            self._unlabelled = self._unlabelled or UNLABELLED in columns
            self._new = []

    def _meet_again(self, numbers: I64, series: SeriesTable) -> None:
        self._settle()
        if self._unlabelled:
            known = zip(numbers.tolist(), series.labels, strict=True)
            self._found |= {number: labels for number, labels in known if labels is not None and not is_placeholder(labels)}

    def selected(self, deletions: Sequence[Deletion] = ()) -> Selected:
        if not self._rows:
            return Selected.empty()
        series, times_ms = np.concatenate(self._series), np.concatenate(self._times_ms)
        kept = _sorted_once(series, times_ms if self._are_whole_ms else np.concatenate([rows.column(TS).to_numpy() for rows in self._rows]))
        if deletions:
            kept = kept[~self._deleted(series[kept], times_ms[kept], deletions)]
        counts = np.bincount(series if len(kept) == len(series) else series[kept], minlength=len(self._numbers))
        values = np.concatenate([rows.column(VALUE).to_numpy() for rows in self._rows])
        return Selected(
            self._labels, offsets_of(counts), times_ms.take(kept), values.take(kept), *self._histograms(kept), start_ms=self._starts(kept)
        )

    def _deleted(self, series: I64, ts_ms: I64, deletions: Sequence[Deletion]) -> npt.NDArray[np.bool_]:
        gone = np.zeros(len(series), bool)
        label_sets = self._labels.rows()
        for one in deletions:
            matches = np.fromiter((matches_all(one.matchers, labels) for labels in label_sets), bool, len(label_sets))
            gone |= matches[series] & (ts_ms >= one.start_ms) & (ts_ms <= one.end_ms)
        return gone

    def _histograms(self, kept: I64) -> tuple[I64 | None, HistogramColumns | None]:
        """For each sample its row among the histograms, -1 for a number."""
        column = self._optional(HISTOGRAM, pa.binary())
        if column is None:
            return None, None
        column = column.take(pa.array(kept))
        held = np.asarray(column.is_valid())
        if not held.any():
            return None, None
        return np.where(held, np.cumsum(held) - 1, -1), _columns_of(histogram_arrays(column.drop_null()))

    @cached_property
    def _labels(self) -> LabelTable:
        """Of each series by number."""
        self._settle()
        told = concatenate(self._tables)
        if not self._found:
            return told
        return LabelTable.of([self._found.get(number, labels) if is_placeholder(labels) else labels for number, labels in enumerate(told.rows())])

    def _starts(self, kept: I64) -> I64 | None:
        columns = self._optional(START, pa.int64())
        return None if columns is None else columns.take(pa.array(kept)).fill_null(0).to_numpy() // _NS_PER_MS

    def _optional(self, name: str, kind: pa.DataType) -> pa.Array | None:
        """The column over all rows; None where no row has a value."""
        if not any(name in rows.schema.names and rows.column(name).null_count < rows.num_rows for rows in self._rows):
            return None
        return pa.concat_arrays([rows.column(name) if name in rows.schema.names else pa.nulls(rows.num_rows, kind) for rows in self._rows])


def _sorted_once(series: I64, times: I64) -> I64:
    """Rows by series and time; of those with the same only the first to arrive."""
    # All in as few and as short-lived columns as can be: the first touch of memory costs more than what is computed there.
    start, span = int(times.min()), int(times.max()) - int(times.min()) + 1
    if (int(series.max()) + 1) * span >= 2**62:
        order = np.lexsort((times, series))
        of, at = series.take(order), times.take(order)
        again = (of[1:] == of[:-1]) & (at[1:] == at[:-1])
    else:
        keys = series * span
        keys += times
        keys -= start
        # Rows come scrape by scrape, each with rising series: few long runs of one number, which a merge sort is quick with.
        order = np.argsort(keys, kind="stable")
        keys = keys.take(order)
        again = keys[1:] == keys[:-1]
    return order[np.append(True, ~again)] if again.any() else order


def _columns_of(arrays: HistogramArrays) -> HistogramColumns:
    positive, negative = (BucketColumns(side.offsets, side.index, side.counts) for side in (arrays.positive, arrays.negative))
    return HistogramColumns(
        arrays.schema,
        arrays.count,
        arrays.sum,
        arrays.zero_count,
        arrays.zero_threshold,
        arrays.hint,
        positive,
        negative,
        arrays.custom_offsets,
        arrays.custom_bounds,
    )

"""Rows of samples from many places as what PromQL reads: series with their labels, the samples of each ascending in time, each time once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.fingerprint_index import FingerprintIndex
from lgtm.model.labels import UNLABELLED, is_placeholder
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
        """The series in the order of their numbers."""
        self._again: list[tuple[I64, SeriesTable]] = []
        """Those that were met in several tables, with their numbers."""
        self._of_table: tuple[Sequence[Series], I64] | None = None
        self._series: list[I64] = []
        self._rows: list[pa.RecordBatch] = []

    def add(self, batch: Batch) -> None:
        numbers = self._numbered(batch.series)
        of_rows = batch.rows.column(SERIES).to_numpy()
        used = np.zeros(len(batch.series), bool)
        used[of_rows] = True
        unmet = np.flatnonzero(used & (numbers < 0))
        if len(unmet):
            numbers[unmet] = self._meet(batch.table.take(unmet))
        self._series.append(numbers[of_rows])
        self._rows.append(batch.rows)

    def _numbered(self, series: Sequence[Series]) -> I64:
        """Our number of each series of a batch, -1 where it was not met yet. Batches of one place share their table."""
        if self._of_table is None or self._of_table[0] is not series:
            self._of_table = (series, np.full(len(series), -1, np.int64))
        return self._of_table[1]

    def _meet(self, series: SeriesTable) -> I64:
        known = len(self._numbers)
        numbers = self._numbers.add(series.prints)
        places = np.unique(numbers, return_index=True)[1]
        firsts = places[len(places) - (len(self._numbers) - known) :]
        self._new.append(series.take(firsts))
        if len(firsts) < len(series):
            others = np.flatnonzero(numbers < known)
            self._again.append((numbers[others], series.take(others)))
        return numbers

    def selected(self, deletions: Sequence[Deletion] = ()) -> Selected:
        if not self._rows:
            return Selected.empty()
        series = np.concatenate(self._series)
        ts = np.concatenate([rows.column(TS).to_numpy() for rows in self._rows])
        order, first = _sorted_once(series, ts)
        kept = order[first]
        if deletions:
            kept = kept[~self._deleted(series[kept], ts[kept] // _NS_PER_MS, deletions)]
        series, ts_ms = series[kept], ts[kept] // _NS_PER_MS
        values = np.concatenate([rows.column(VALUE).to_numpy() for rows in self._rows])[kept]
        offsets = offsets_of(np.bincount(series, minlength=len(self._numbers)))
        return Selected(self._labels, offsets, ts_ms, values, *self._histograms(kept), start_ms=self._starts(kept))

    def _deleted(self, series: I64, ts_ms: I64, deletions: Sequence[Deletion]) -> npt.NDArray[np.bool_]:
        gone = np.zeros(len(series), bool)
        for one in deletions:
            matches = np.fromiter((matches_all(one.matchers, labels) for labels in self._labels.rows()), bool, len(self._labels))
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
        found = concatenate([_label_table(series) for series in self._new])
        return found if UNLABELLED not in found.columns else self._without_placeholders(found)

    def _without_placeholders(self, found: LabelTable) -> LabelTable:
        """What one log has lost comes back from another."""
        rows = found.rows()
        for numbers, series in self._again:
            for number, labels in zip(numbers.tolist(), series.labels, strict=True):
                if labels is not None and is_placeholder(rows[number]):
                    rows[number] = labels
        return LabelTable.of(rows)

    def _starts(self, kept: I64) -> I64 | None:
        columns = self._optional(START, pa.int64())
        return None if columns is None else columns.take(pa.array(kept)).fill_null(0).to_numpy() // _NS_PER_MS

    def _optional(self, name: str, kind: pa.DataType) -> pa.Array | None:
        """The column over all rows; None where no row has a value."""
        if not any(name in rows.schema.names and rows.column(name).null_count < rows.num_rows for rows in self._rows):
            return None
        return pa.concat_arrays([rows.column(name) if name in rows.schema.names else pa.nulls(rows.num_rows, kind) for rows in self._rows])


def _label_table(series: SeriesTable) -> LabelTable:
    return LabelTable(len(series), {name: Column(values, codes).compact() for name, (values, codes) in series.label_columns().items()})


def _sorted_once(series: I64, ts: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Rows by series and time, ties in order of arrival; and which of them are the first of their time."""
    order = _order(series, ts)
    of, at = series[order], ts[order]
    first = np.ones(len(order), bool)
    first[1:] = (of[1:] != of[:-1]) | (at[1:] != at[:-1])
    return order, first


def _order(series: I64, ts: I64) -> I64:
    """Rows come scrape by scrape, each with rising series: few long runs of one number, which a merge sort is quick with."""
    start, end = int(ts.min()), int(ts.max())
    times = (end - start) // _NS_PER_MS + 1
    if (int(series.max()) + 1) * times >= 2**62 or (ts % _NS_PER_MS).any():
        return np.lexsort((ts, series))
    return np.argsort(series * times + (ts - start) // _NS_PER_MS, kind="stable")


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

"""Rows from several places become one batch, in order, each record once. Pure functions on batches; none changes its input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.blocks.duplicates import Mask, row_order, without_copies
from lgtm.blocks.union import Ints, Numbers, RowUnion
from lgtm.model.batch import Batch
from lgtm.model.series import SeriesTable


def merge_rows(batches: Sequence[Batch]) -> Batch:
    """All rows in order of arrival, with one series table and one schema.

    Dynamic columns are united; past the cap of 1,000 the rarest names go to `rest`, and what a batch had in `rest` comes back as a column where the
    union has room. Copies stay (see dedupe_mask). Raises ValueError for no batches, or for batches of different tenants or signals.
    """
    if len(batches) == 1:
        return batches[0]
    union = RowUnion(batches)
    return Batch(union.signal, union.tenant, union.series, union.all())


def dedupe_mask(batch: Batch) -> Mask:
    """True for each row that is the first of its record. The batch needs all its columns, else rows that differ elsewhere count as copies."""
    union = RowUnion((batch,))
    mask = np.zeros(len(batch), bool)
    mask[unique_order(union, union.series_of)] = True
    return mask


def sort_and_dedupe(batch: Batch) -> Batch:
    """Rows by (label set of the series, ts), ties in order of arrival, each record once; the series table sorted and without unused series."""
    union = RowUnion((batch,))
    series, ranks = rank_series(union)
    order = unique_order(union, ranks[union.series_of])
    return Batch(batch.signal, batch.tenant, series, union.take(order, numbers=ranks))


def unique_order(union: RowUnion, series: Ints | Numbers) -> Ints:
    """Row numbers of the union by (series, ts), each record once. series: a number for each row that tells series apart and orders them."""
    order = row_order(series, union.ts)
    return without_copies(order, series, union.ts, union.take if union.signal.identity_includes_content else None)


def rank_series(union: RowUnion, used: Numbers | None = None) -> tuple[SeriesTable, Ints]:
    """Series in use, sorted by label set, and for each number in the union's table its rank among them (-1: not in use).

    used: numbers in use; None: those of all rows.
    """
    is_used = np.zeros(len(union.series), np.bool_)
    is_used[union.series_of if used is None else used] = True
    numbers = np.flatnonzero(is_used)
    table = SeriesTable.of(union.series).take(numbers)
    keys = list(zip([labels or () for labels in table.labels], table.fingerprints, strict=True))
    by_labels = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    ranks = np.full(len(union.series), -1, np.int64)
    ranks[numbers[by_labels]] = np.arange(len(by_labels))
    return table.take(by_labels), ranks

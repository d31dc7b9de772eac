"""Rows of several batches addressed as if they were one, without copying them together.

Heads hold dozens of batches, each with its own series table and its own dynamic columns. `RowUnion` gives them one series table and one schema,
and copies only the rows asked for: a block is written row group by row group, so a sparse wide column is dense for one row group at a time.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.rest import conform, count_names
from lgtm.model.attribute_text import dynamic_type
from lgtm.model.batch import Batch
from lgtm.model.series import Series, SeriesTable
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, REST, REST_TYPE, SERIES, TS, Signal

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int], np.dtype[np.uint32]]


class RowUnion:
    """Batches of one tenant and signal. Row numbers count over all batches in the order given.

    series: one table for all; series_of, ts: of each row. schema: fixed columns that any batch has, dynamic columns by name, perhaps `rest`.
    dynamic: names that are dynamic columns, whatever the rows have; None: those that the rows have, as far as the cap allows.
    """

    def __init__(self, batches: Sequence[Batch], *, dynamic: Sequence[str] | None = None) -> None:
        if not batches:
            raise ValueError("no batches to unite")
        if len({(b.tenant, b.signal.name) for b in batches}) > 1:
            raise ValueError("batches of several tenants or signals cannot be united")
        self.signal, self.tenant = batches[0].signal, batches[0].tenant
        self.series, renumberings = unite_series(batches)
        self._rows, self.schema = _unite_columns(self.signal, [b.rows for b in batches], dynamic)
        self._starts = np.concatenate(([0], np.cumsum([len(b) for b in batches]))).astype(np.int64)
        self.series_of: Numbers = np.concatenate(
            [_renumbered(b.rows.column(SERIES), numbers) for b, numbers in zip(batches, renumberings, strict=True)]
        )
        self.ts: Ints = np.concatenate([b.rows.column(TS).to_numpy(zero_copy_only=False) for b in batches])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dynamic_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.schema.names if name not in self.signal.columns.names and name != REST)

    def all(self) -> Any:
        """Every row as one record batch, in order of arrival. Raises ArrowInvalid past 2 GiB in one column."""
        columns = [
            self._concatenated(name, [rows.column(name) if _has(rows, name) else rows.num_rows for rows in self._rows]) for name in self._content()
        ]
        return self._record_batch(self.series_of, self.ts, columns)

    def take(self, indices: Ints, *, numbers: Ints | None = None) -> Any:
        """The rows at `indices`, in that order. numbers: for each series of the table the number to write instead."""
        series = self.series_of[indices] if numbers is None else numbers[self.series_of[indices]]
        if len(self._rows) == 1:
            at = pa.array(indices)
            rows = self._rows[0]
            columns = [
                rows.column(name).take(at) if _has(rows, name) else pa.nulls(len(at), self.schema.field(name).type) for name in self._content()
            ]
            return self._record_batch(series, self.ts[indices], columns)
        order = np.argsort(indices, kind="stable")
        cuts = np.searchsorted(indices[order], self._starts)
        back = np.empty(len(indices), np.int64)
        back[order] = np.arange(len(indices))
        places = [
            (self._rows[at], pa.array(indices[order[first:last]] - self._starts[at]))
            for at, (first, last) in enumerate(itertools.pairwise(cuts))
            if first < last
        ]
        in_order = pa.array(back)
        columns = []
        for name in self._content():
            pieces = [rows.column(name).take(at) if _has(rows, name) else len(at) for rows, at in places]
            columns.append(self._concatenated(name, pieces).take(in_order))
        return self._record_batch(series, self.ts[indices], columns)

    def content_lengths(self) -> Ints:
        """Bytes of what varies in length in each row, `rest` not counted: a measure of memory."""
        total = np.zeros(len(self), np.int64)
        for start, rows in zip(self._starts[:-1], self._rows, strict=True):
            for column in rows.columns:
                total[start : start + rows.num_rows] += value_bytes(column)
        return total

    def has_values(self, name: str, indices: Ints) -> bool:
        """Whether any of the rows at `indices` (rising) has a value in the column."""
        cuts = np.searchsorted(indices, self._starts)
        for at, (first, last) in enumerate(itertools.pairwise(cuts)):
            rows = self._rows[at]
            if first < last and _has(rows, name) and rows.column(name).null_count < rows.num_rows:
                values = rows.column(name).take(pa.array(indices[first:last] - self._starts[at]))
                if values.null_count < len(values):
                    return True
        return False

    def _content(self) -> list[str]:
        return [name for name in self.schema.names if name not in (SERIES, TS)]

    def _concatenated(self, name: str, pieces: Sequence[Any]) -> Any:
        """pieces: arrays, or a count of rows that lack the column."""
        kind = self.schema.field(name).type
        if not pieces:
            return pa.array([], kind)
        return pa.concat_arrays([pa.nulls(p, kind) if isinstance(p, int) else p if p.type == kind else p.cast(kind) for p in pieces])

    def _record_batch(self, series: Numbers | Ints, ts: Ints, columns: list[Any]) -> Any:
        return pa.record_batch([pa.array(series, pa.uint32()), pa.array(ts, pa.int64()), *columns], schema=self.schema)


def value_bytes(column: Any) -> Ints:
    """Bytes of each string, byte string or list of them, and 8 for each number in a list; 0 for nulls, maps, and what has a fixed width."""
    kind = column.type
    if _has_lengths(kind):
        lengths = pc.fill_null(pc.binary_length(column), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    if pa.types.is_list(kind):
        ends = np.cumsum(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64))
        elements = column.flatten()
        of_elements = value_bytes(elements) if _has_lengths(elements.type) else np.full(len(elements), 8)
        before: Ints = np.concatenate(([0], np.cumsum(of_elements))).astype(np.int64)
        total: Ints = np.diff(before[ends], prepend=0)
        return total
    return np.zeros(len(column), np.int64)


def _has_lengths(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def unite_series(batches: Sequence[Batch]) -> tuple[Sequence[Series], list[Numbers | None]]:
    """One table of all series, in order of first appearance, and each batch's numbers in it (None: they stay). A known label set wins over None."""
    if all(b.series is batches[0].series for b in batches):
        return batches[0].series, [None] * len(batches)
    tables = [batch.table for batch in batches]
    united, numbers = SeriesTable.united(tables)
    of_tables = numbers.astype(np.uint32)
    ends = np.cumsum([len(table) for table in tables]).tolist()
    return united, [of_tables[end - len(table) : end] for table, end in zip(tables, ends, strict=True)]


def _renumbered(column: Any, numbers: Numbers | None) -> Numbers:
    series: Numbers = column.to_numpy(zero_copy_only=False)
    return series if numbers is None else numbers[series]


def _unite_columns(signal: Signal, batches: Sequence[Any], dynamic: Sequence[str] | None) -> tuple[list[Any], Any]:
    """The record batches so that each dynamic name is a column or in `rest` in all of them alike, and the schema of their union."""
    fixed = signal.columns.names
    if dynamic is not None:
        batches = [conform(rows, dynamic, fixed) for rows in batches]
    counts: Counter[str] = Counter()
    has_rest = False
    kinds: dict[str, Any] = {}
    for rows in batches:
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            if name == REST:
                has_rest = has_rest or column.null_count < len(column)
            elif name not in fixed:
                counts[name] += len(column) - column.null_count
                kinds.setdefault(name, column.type)
    if dynamic is not None:
        names = list(dynamic)
    elif has_rest or len(counts) > DYNAMIC_COLUMNS_MAX:
        for rows in batches:
            if REST in rows.schema.names:
                counts.update(count_names(rows.column(REST)))
        names = sorted(sorted(counts, key=lambda name: (-counts[name], name))[:DYNAMIC_COLUMNS_MAX])
        batches = [conform(rows, names, fixed) for rows in batches]
        has_rest = len(counts) > DYNAMIC_COLUMNS_MAX
    else:
        names = sorted(counts)
    fields = [field for field in signal.columns if any(_has(rows, field.name) for rows in batches)]
    fields += [pa.field(name, kinds.get(name) or dynamic_type(name)) for name in names]
    fields += [pa.field(REST, REST_TYPE)] if has_rest else []
    return list(batches), pa.schema(fields)


def _has(rows: Any, name: str) -> bool:
    return bool(rows.schema.get_field_index(name) >= 0)

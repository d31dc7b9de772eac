"""Bytes of rows as limits count them: the line, and names and values of the metadata without what we add ourselves (detected_level)."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.rest import pairs_of
from lgtm.model.signal import LINE, META, REST

DETECTED_LEVEL = META + "detected_level"

Ints = npt.NDArray[np.int64]


class RowSizes:
    """Each array has one number a row, and is computed when first asked for."""

    def __init__(self, rows: pa.RecordBatch) -> None:
        self._rows = rows
        self._metadata = [name for name in rows.schema.names if name.startswith(META)]
        self.has_metadata = bool(self._metadata) or REST in rows.schema.names

    @functools.cached_property
    def lines(self) -> Ints:
        return _lengths(self._rows.column(LINE))

    @functools.cached_property
    def metadata(self) -> Ints:
        total = np.zeros(self._rows.num_rows, np.int64)
        for name in self._metadata:
            if name == DETECTED_LEVEL:
                continue
            column = self._rows.column(name)
            total += _lengths(column)
            total += len(name.removeprefix(META).encode()) * (_valid(column) if column.null_count else 1)
        if REST in self._rows.schema.names:
            pairs = pairs_of(self._rows.column(REST))
            sizes = _lengths(pairs.names) - len(META) + _lengths(pairs.values)
            total += np.bincount(pairs.rows, weights=sizes, minlength=len(total)).astype(np.int64)
        return total

    @functools.cached_property
    def metadata_counts(self) -> Ints:
        total = np.zeros(self._rows.num_rows, np.int64)
        for name in self._metadata:
            column = self._rows.column(name)
            total += _valid(column) if column.null_count else 1
        if REST in self._rows.schema.names:
            total += np.bincount(pairs_of(self._rows.column(REST)).rows, minlength=len(total))
        return total

    @functools.cached_property
    def total(self) -> Ints:
        return self.lines + self.metadata if self.has_metadata else self.lines


def _lengths(column: pa.Array) -> Ints:
    lengths = pc.binary_length(column)
    if lengths.null_count:
        lengths = lengths.fill_null(0)
    return lengths.to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    return column.is_valid().to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

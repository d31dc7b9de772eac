"""Rows of logs as columns: fixed columns, one column for each name of metadata, and `rest` for names beyond the cap.

Metadata arrives as pairs in layers. Each pair says: row r has, under a name, the value p of the layer's pool. A value that a resource says
once for thousands of rows is thus held once until the columns are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, LOGS, META, REST, REST_TYPE
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.fields import Ints

CELLS_MAX = 32 * 1024 * 1024
"""Cells of dynamic columns: sparse names of a very long request go to `rest`, where an absent pair costs nothing."""
REPLACEMENT = "\ufffd"
"""Stands for bytes that somebody before us could not decode; in metadata it becomes a space, as in Loki."""
PAIR_BYTES = 24
"""What a pair costs beside its value while columns are made."""


@dataclass(slots=True, frozen=True)
class Pairs:
    """rows, picks: of each pair, its row and its value's place in `pool`; names: of each pair, an index into `keys` (sanitised)."""

    rows: Ints
    names: Ints
    picks: Ints
    keys: Sequence[str]
    pool: pa.Array


class MetadataColumns:
    """Collects pairs. Where a row has a name twice, the later pair counts, or the earlier with first_wins. Empty values are absent ones."""

    def __init__(self, *, bytes_max: int, first_wins: bool = False) -> None:
        self._bytes_max, self._first_wins = bytes_max, first_wins
        self._bytes = 0
        self._columns: dict[str, int] = {}
        self._layers: list[tuple[Ints, Ints, Ints]] = []
        self._pools: list[pa.Array] = []
        self._pooled = 0

    def add(self, pairs: Pairs) -> None:
        """Raises MetadataTooLarge when all pairs together need more than bytes_max."""
        if not len(pairs.rows):
            return
        sizes = pc.binary_length(pairs.pool).to_numpy(zero_copy_only=False).astype(np.int64)[pairs.picks]
        value_bytes = int(sizes.sum())
        self.announce(len(sizes), value_bytes)
        self._bytes += len(sizes) * PAIR_BYTES + value_bytes
        kept = np.flatnonzero(sizes)
        columns = np.array([self._columns.setdefault(key, len(self._columns)) for key in pairs.keys], np.int64)
        self._layers.append((pairs.rows[kept], columns[pairs.names[kept]], pairs.picks[kept] + self._pooled))
        self._pools.append(pc.replace_substring(pairs.pool, REPLACEMENT, " "))
        self._pooled += len(pairs.pool)

    def announce(self, pairs: int, value_bytes: int) -> None:
        """Raises MetadataTooLarge when so many pairs would be too much; to be asked before something is repeated for many rows."""
        if self._bytes + pairs * PAIR_BYTES + value_bytes > self._bytes_max:
            raise MetadataTooLarge(self._bytes_max)

    def finish(self, rows: int) -> tuple[list[pa.Field], list[pa.Array]]:
        """The columns in order of their names, then `rest` if there is need."""
        if not self._layers:
            return [], []
        row, column, pick = (np.concatenate(parts) for parts in zip(*self._layers, strict=True))
        if self._first_wins:
            row, column, pick = row[::-1], column[::-1], pick[::-1]
        pool = pa.concat_arrays(self._pools)
        order = np.argsort(column.astype(np.uint16) if len(self._columns) < 1 << 16 else column, kind="stable")
        counts = np.bincount(column, minlength=len(self._columns))
        ends = np.cumsum(counts)
        kept, beyond = _divide(list(self._columns), counts, rows)
        fields, arrays = [], []
        for name in kept:
            index = self._columns[name]
            at = order[ends[index] - counts[index] : ends[index]]
            fields.append(pa.field(META + name, pa.string()))
            arrays.append(_dense(row[at], pick[at], pool, rows))
        if beyond:
            outside = np.isin(column, [self._columns[name] for name in beyond])
            fields.append(pa.field(REST, REST_TYPE))
            arrays.append(_rest(row[outside], column[outside], pick[outside], list(self._columns), pool, rows))
        return fields, arrays


def record_batch(series: Ints, ts: Ints, line: pa.Array, metadata: MetadataColumns) -> pa.RecordBatch:
    """Rows in the layout of `model.Batch`."""
    fields, arrays = metadata.finish(len(ts))
    fixed = [pa.array(series.astype(np.uint32)), pa.array(ts), line]
    return pa.RecordBatch.from_arrays([*fixed, *arrays], schema=pa.schema([*LOGS.columns, *fields]))


def _divide(names: list[str], counts: Ints, rows: int) -> tuple[list[str], list[str]]:
    """Names that become columns, in order, and the others: the most frequent are kept, and ties go by name."""
    used = [(-int(count), name) for name, count in zip(names, counts, strict=True) if count]
    columns = min(DYNAMIC_COLUMNS_MAX, max(1, CELLS_MAX // max(1, rows)))
    ranked = [name for _, name in sorted(used)]
    return sorted(ranked[:columns]), ranked[columns:]


def _dense(row: Ints, pick: Ints, pool: pa.Array, rows: int) -> pa.Array:
    picks = np.full(rows, -1, np.int64)
    picks[row] = pick
    absent = picks < 0
    return pool.take(pa.array(picks, mask=absent) if absent.any() else pa.array(picks))


def _rest(row: Ints, column: Ints, pick: Ints, names: list[str], pool: pa.Array, rows: int) -> pa.Array:
    order = np.lexsort((column, row))  # stable: of equal pairs the one that counts stays last
    row, column, pick = row[order], column[order], pick[order]
    last = np.append((row[1:] != row[:-1]) | (column[1:] != column[:-1]), True)
    row, column, pick = row[last], column[last], pick[last]
    counts = np.bincount(row, minlength=rows)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    # An offset that is null makes its row null.
    absent = np.append(counts == 0, False)
    keys = pa.array([META + name for name in names], pa.string()).take(pa.array(column))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32(), mask=absent), keys, pool.take(pa.array(pick)))

"""Rows become a block: `write_block` for what a head holds, `BlockWriter` for rows that come already sorted, as compaction has them.

Sketch for 1M lines of 212 bytes on one core: order 0.08 s, gather 0.1 s, Parquet with zstd-3 0.65 s, digests 0.1 s. Measured: docs/formats/block.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from lgtm.blocks.duplicates import row_order, without_copies
from lgtm.blocks.encoding import WriteOptions, file_metadata, file_schema, parquet_writer, stored
from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE, TRACES_FILE, date_of_day, day_of_date
from lgtm.blocks.merge import rank_series
from lgtm.blocks.meta import BlockFile, BlockIdentity, BlockMeta
from lgtm.blocks.rest import pairs_of
from lgtm.blocks.series_table import STATISTICS, encode_series
from lgtm.blocks.trace_index import TraceIndexBuilder
from lgtm.blocks.union import Ints, RowUnion, value_bytes
from lgtm.model.batch import Batch
from lgtm.model.limits import DAY_NS
from lgtm.model.series import Series, SeriesTable
from lgtm.model.signal import REST, SERIES, TRACE_ID, TS, Signal

_READ_BYTES = 1024 * 1024


@dataclass(slots=True, frozen=True)
class WrittenBlock:
    """A block on local disk, not yet published. files: name → where it lies; they belong to the caller."""

    meta: BlockMeta
    files: dict[str, Path] = field(default_factory=dict)


def dates_of(batches: Sequence[Batch]) -> tuple[str, ...]:
    """UTC dates that the rows have, sorted."""
    days: set[int] = set()
    for batch in batches:
        if len(batch):
            first, last = (ts // DAY_NS for ts in batch.time_range_ns())
            days.update((first,) if first == last else np.unique(batch.rows.column(TS).to_numpy() // DAY_NS).tolist())
    return tuple(date_of_day(day) for day in sorted(days))


def write_block(
    batches: Sequence[Batch] | RowUnion, identity: BlockIdentity, directory: Path, *, created_ns: int, options: WriteOptions | None = None
) -> WrittenBlock:
    """Writes the rows that belong to the identity's date, sorted, each record once, to files in `directory`, which exists.

    Rows of other dates are left out; pass one RowUnion when writing several dates of the same batches. Raises ValueError when no row has the date
    or a series has no labels. Blocks: CPU and disk.
    """
    union = batches if isinstance(batches, RowUnion) else RowUnion(batches)
    options = options or WriteOptions.of(identity.signal)
    mine = _rows_of_date(union, identity.date)
    if mine is not None and not len(mine):
        raise ValueError(f"no row has the date {identity.date}")
    used = union.series_of if mine is None else union.series_of[mine]
    series, ranks = rank_series(union, used)
    by_rank, ts = ranks[used], union.ts if mine is None else union.ts[mine]
    content = None
    if union.signal.identity_includes_content:
        content = union.take if mine is None else lambda positions: union.take(mine[positions])
    order = without_copies(row_order(by_rank, ts), by_rank, ts, content)
    order = order if mine is None else mine[order]
    writer = BlockWriter(identity, series, _columns_used(union, mine), directory, options)
    for part in row_groups(union, order, options):
        writer.append(union.take(part, numbers=ranks))
    return writer.finish(created_ns=created_ns)


class BlockWriter:
    """Writes rows given in block order: sorted by (series number, ts), each record once, all of the identity's date.

    series: the block's table, sorted by label set; each must get at least one row. schema: columns of the batches appended, dynamic ones included.
    """

    def __init__(self, identity: BlockIdentity, series: Sequence[Series], schema: Any, directory: Path, options: WriteOptions) -> None:
        self._identity, self._series, self._options = identity, series, options
        self._names = schema.names
        self._schema = file_schema(schema)
        self._traces = TraceIndexBuilder() if identity.signal.has_traces else None
        names = (ROWS_FILE, SERIES_FILE) if self._traces is None else (ROWS_FILE, SERIES_FILE, TRACES_FILE)
        self._paths = {name: directory / name for name in names}
        for path in self._paths.values():
            path.unlink(missing_ok=True)  # never written over: a local object store may hold the very file of an earlier try
        self._writer: Any = None
        self._last = (-1, 0)
        self._statistics = {name: np.zeros(len(series), np.int64) for name in STATISTICS}
        self._statistics["min_ns"][:] = np.iinfo(np.int64).max
        self._statistics["max_ns"][:] = np.iinfo(np.int64).min

    def append(self, rows: Any) -> None:
        """Writes one row group: at most options.row_group_rows rows and row_group_bytes bytes, by the caller's care."""
        if not rows.num_rows:
            return
        rows = rows.select(self._names)
        self._count(rows)
        if self._traces is not None:
            self._traces.add(rows.column(TRACE_ID))
        out = stored(rows, self._schema)
        if self._writer is None:
            self._writer = parquet_writer(str(self._paths[ROWS_FILE]), self._schema, out, self._options)
        self._writer.write_batch(out, row_group_size=rows.num_rows)

    def finish(self, *, created_ns: int, flushed_ns: int | None = None) -> WrittenBlock:
        """Times as in BlockMeta. Raises ValueError when a series got no row."""
        statistics = self._statistics
        if self._writer is None or not statistics["row_count"].all():
            raise ValueError("each series of a block has rows")
        self._writer.add_key_value_metadata(file_metadata(self._identity.block_id))
        self._writer.close()
        statistics["first_row"] = np.cumsum(statistics["row_count"]) - statistics["row_count"]
        self._paths[SERIES_FILE].write_bytes(encode_series(self._series, statistics))
        if self._traces is not None:
            self._paths[TRACES_FILE].write_bytes(self._traces.finish())
        digests = {name: _digests(path) for name, path in self._paths.items()}
        attempt = hashlib.sha256("".join(sha256 for _, sha256, _ in digests.values()).encode()).hexdigest()[:16]
        meta = BlockMeta(
            identity=self._identity,
            row_count=int(statistics["row_count"].sum()),
            series_count=len(self._series),
            min_ns=int(statistics["min_ns"].min()),
            max_ns=int(statistics["max_ns"].max()),
            line_bytes=int(statistics["line_bytes"].sum()),
            metadata_bytes=int(statistics["metadata_bytes"].sum()),
            label_names=tuple(sorted({name for labels in SeriesTable.of(self._series).labels for name, _ in labels or ()})),
            dynamic_columns=tuple(name for name in self._names if name not in self._identity.signal.columns.names and name != REST),
            has_rest=REST in self._names,
            attempt=attempt,
            files={name: BlockFile(f"{attempt}/{name}", *digest) for name, digest in digests.items()},
            created_ns=created_ns,
            flushed_ns=flushed_ns,
        )
        return WrittenBlock(meta, dict(self._paths))

    def _count(self, rows: Any) -> None:
        """Adds the rows to the statistics of their series. Rows lie in order, so each series is one stretch."""
        series = rows.column(SERIES).to_numpy(zero_copy_only=False).astype(np.int64)
        ts = rows.column(TS).to_numpy(zero_copy_only=False)
        starts = np.flatnonzero(np.concatenate(([True], series[1:] != series[:-1])))
        ends = np.append(starts[1:], len(series)) - 1
        numbers = series[starts]
        assert (int(series[0]), int(ts[0])) >= self._last, "row groups are not in block order"
        assert (np.diff(numbers) > 0).all(), "rows are not in block order"
        self._last = (int(series[-1]), int(ts[-1]))
        found = self._statistics
        found["row_count"][numbers] += ends - starts + 1
        found["min_ns"][numbers] = np.minimum(found["min_ns"][numbers], ts[starts])
        found["max_ns"][numbers] = np.maximum(found["max_ns"][numbers], ts[ends])
        line_bytes, metadata_bytes = content_bytes(rows, self._identity.signal)
        found["line_bytes"][numbers] += np.add.reduceat(line_bytes, starts)
        found["metadata_bytes"][numbers] += np.add.reduceat(metadata_bytes, starts)


def content_bytes(rows: Any, signal: Signal) -> tuple[Ints, Ints]:
    """Bytes of the fixed and of the dynamic columns of each row, as far as they vary in length: of logs the line and the metadata, as UTF-8, which
    is what Loki's volume counts."""
    lines = np.zeros(rows.num_rows, np.int64)
    metadata = np.zeros(rows.num_rows, np.int64)
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        if name == REST:
            pairs = pairs_of(column)
            np.add.at(metadata, pairs.rows, value_bytes(pairs.values))
        elif name in signal.columns.names:
            lines += value_bytes(column)
        else:
            metadata += value_bytes(column)
    return lines, metadata


def _rows_of_date(union: RowUnion, date: str) -> Ints | None:
    """Row numbers of the date; None means all."""
    day = day_of_date(date)
    mine = union.ts // DAY_NS == day
    return None if mine.all() else np.flatnonzero(mine).astype(np.int64)


def _columns_used(union: RowUnion, mine: Ints | None) -> Any:
    """The union's schema without columns that have no value among the rows; without counting when those are all rows."""
    if mine is None:
        return union.schema
    unused = [name for name in (*union.dynamic_columns, REST) if name in union.schema.names and not union.has_values(name, mine)]
    return pa.schema([column for column in union.schema if column.name not in unused])


def row_groups(union: RowUnion, order: Ints, options: WriteOptions) -> Iterator[Ints]:
    """`order` cut into row groups, each within both bounds unless a single row is larger."""
    ends = np.cumsum(union.content_lengths()[order])
    first, before = 0, 0
    while first < len(order):
        by_bytes = int(np.searchsorted(ends, before + options.row_group_bytes, side="right"))
        last = max(first + 1, min(first + options.row_group_rows, by_bytes))
        yield order[first:last]
        first, before = last, int(ends[last - 1])


def _digests(path: Path) -> tuple[int, str, str]:
    """Size, SHA-256 and XXH3-128 of a file."""
    sha256, xxh3, nbytes = hashlib.sha256(), xxhash.xxh3_128(), 0
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            sha256.update(data)
            xxh3.update(data)
            nbytes += len(data)
    return nbytes, sha256.hexdigest(), xxh3.hexdigest()

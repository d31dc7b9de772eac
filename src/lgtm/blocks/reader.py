"""A block is read: which series it holds, and their rows, column by column, row group by row group. No I/O but the bytes and paths handed in.

What is decided before anything is decoded: the series table knows where the rows of each series lie and which times they span, and an index of
traces (trace_index.py) which row groups have rows of a trace. Then `ts` is read to cut a window's edges, then what rows are tested by, and other
columns only for row groups where rows are left.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lgtm.blocks.checked import Source, check_file, damage
from lgtm.blocks.encoding import LIST_ELEMENT
from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.series_table import BlockSeries, Ints, decode_series
from lgtm.model.batch import Batch
from lgtm.model.matchers import Matchers
from lgtm.model.series import SeriesTable
from lgtm.model.signal import REST, SERIES, TRACE_ID, TS
from lgtm.model.spans import Mask
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window


@dataclass(slots=True, frozen=True)
class SeriesSelection:
    """Some series of a block, by rising number, with what the block holds of each. Times are inclusive at both ends."""

    numbers: Ints
    series: SeriesTable
    row_count: Ints
    min_ns: Ints
    max_ns: Ints
    line_bytes: Ints
    metadata_bytes: Ints

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(slots=True, frozen=True)
class Where:
    """A test that rows must pass before any other column of theirs is read.

    columns: names as `BlockReader.read` takes them. mask: one truth a row of the batch it is given, which has `ts` and those of the columns that the
    block has, with `rest` where it may hold others of them.
    """

    columns: frozenset[str]
    mask: Callable[[pa.RecordBatch], Mask]

    @classmethod
    def of_traces(cls, traces: TraceIds) -> Where:
        return cls(frozenset((TRACE_ID,)), lambda rows: traces.mask(rows.column(TRACE_ID)))


@dataclass(slots=True, frozen=True)
class _RowGroup:
    """A row group and the stretches of it (positions inside, ends excluded) that selected series occupy; `ordinals` index the selection."""

    number: int
    firsts: Ints
    lasts: Ints
    ordinals: Ints
    min_ns: int
    max_ns: int
    whole: bool
    """Whether the stretches are all of it."""


@dataclass(slots=True, frozen=True)
class _Kept:
    """Rows of a row group that are left so far. positions: inside it; None: all of its rows."""

    ordinals: np.ndarray[tuple[int], np.dtype[np.uint32]]
    ts: Ints
    positions: Ints | None

    def __len__(self) -> int:
        return len(self.ts)

    def only(self, mask: Mask) -> _Kept:
        if mask.all():
            return self
        inside = np.flatnonzero(mask)
        return _Kept(self.ordinals[inside], self.ts[inside], inside if self.positions is None else self.positions[inside])


ColumnKey = tuple[str, int, str]
"""Key of the file, number of the row group, name of the column."""


class DecodedColumns(Protocol):
    """Where readers keep what they have decoded. Safe for many threads."""

    def get(self, key: ColumnKey) -> pa.Array | None: ...

    def put(self, key: ColumnKey, column: pa.Array) -> None: ...


class BlockReader:
    """Reads one block. Safe for many threads: each read opens the file anew with the footer parsed once.

    rows, series: the files, as paths or bytes. verify: compare digests of both files first, which costs one pass over them; without, only sizes and
    what Parquet checks as it goes (a CRC a page). Raises DamagedBlock wherever the bytes are not what the meta says.
    decoded: where columns are kept that were decoded once.
    """

    def __init__(self, rows: Source, series: Source, meta: BlockMeta, *, verify: bool = True, decoded: DecodedColumns | None = None) -> None:
        self.meta, self._decoded = meta, decoded
        self._rows = rows
        with damage(meta.key_of(ROWS_FILE)):
            check_file(rows, meta, ROWS_FILE, verify=verify)
            with self._open(None) as file:
                self._footer = file.metadata
            paths = [self._footer.schema.column(at).path for at in range(self._footer.num_columns)]
            self._ts_column = paths.index(TS)
            self._group_starts = _group_starts(self._footer)
        with damage(meta.key_of(SERIES_FILE)):
            check_file(series, meta, SERIES_FILE, verify=True)
            self.table: BlockSeries = decode_series(series if isinstance(series, bytes) else series.read_bytes())
            if not self.table.total_rows == self._footer.num_rows == meta.row_count or len(self.table) != meta.series_count:
                raise ValueError("the series table, the rows and the meta disagree on their numbers")

    def in_passing(self) -> BlockReader:
        """The same block, of which nothing decoded is kept: for whoever reads all of it once."""
        other = copy.copy(self)
        other._decoded = None
        return other

    def series(self, matchers: Matchers = (), window: Window = ALWAYS) -> SeriesSelection:
        """Series that fit all matchers and have rows near the window: their times touch it, though no row may lie inside."""
        return self.pick(self.table.select(matchers, window))

    def pick(self, numbers: Ints) -> SeriesSelection:
        """The series with these numbers, which rise."""
        table = self.table
        series = table.all if len(numbers) == len(table) else table.all.take(numbers)
        columns = (table.row_count, table.min_ns, table.max_ns, table.line_bytes, table.metadata_bytes)
        return SeriesSelection(numbers, series, *(column[numbers] for column in columns))

    def read(
        self,
        series: SeriesSelection | None = None,
        window: Window | Callable[[], Window] = ALWAYS,
        columns: frozenset[str] | None = None,
        *,
        newest_first: bool = False,
        traces: TraceIds | None = None,
        row_groups: Ints | None = None,
        where: Where | None = None,
    ) -> Iterator[Batch]:
        """Rows of the series selected (None: all) within the window, a batch a row group, each in block order.

        columns: names beside series and ts, such as `line` or `meta.trace_id`; None: all; those the block lacks are left out, and `rest` is added
        where it may hold them. window: a function is asked again before each row group, so that a query that has enough may narrow it. newest_first:
        row groups by their newest time, falling; else by their oldest, rising. ALWAYS is every row, also one at the last nanosecond
        there is. All batches share one series tuple: that of the selection.
        traces: rows of these only; the signal must have trace ids. row_groups: only these, by number, as `TraceIndex.row_groups` tells for the same
        traces. where: only rows that pass.
        The same arguments give the same rows in the same order each time. Blocks: disk and CPU.
        """
        selection = series if series is not None else self.series()
        groups = [group for group in self._groups(selection) if row_groups is None or group.number in row_groups]
        tests = [*([Where.of_traces(traces)] if traces is not None else ()), *([where] if where is not None else ())]
        groups.sort(key=(lambda group: (-group.max_ns, group.number)) if newest_first else (lambda group: (group.min_ns, group.number)))
        names = self._stored_names(columns)
        with ExitStack() as stack:
            with damage(self.meta.key_of(ROWS_FILE)):
                file = stack.enter_context(self._open(self._footer))
            for group in groups:
                now = window() if callable(window) else window
                if now == ALWAYS or now.overlaps(group.min_ns, group.max_ns):
                    batch = self._read_group(file, group, selection, now, names, tests)
                    if batch is not None:
                        yield batch

    def column(self, name: str) -> Iterator[pa.Array]:
        """One stored column of all rows, a row group at a time, as they lie in the file. Blocks: disk and CPU."""
        key = self.meta.key_of(ROWS_FILE)
        with damage(key), self._open(self._footer) as file:
            for number in range(self._footer.num_row_groups):
                yield _column(file, number, name)

    @cached_property
    def schema(self) -> pa.Schema:
        """Of the rows as they are stored."""
        return self._footer.schema.to_arrow_schema()

    @cached_property
    def _stored(self) -> frozenset[str]:
        return frozenset(self.schema.names)

    def value_counts(self) -> dict[str, int]:
        """How many rows have a value, for each dynamic column that is no `rest`."""
        wanted, counts = set(self.meta.dynamic_columns), dict.fromkeys(self.meta.dynamic_columns, 0)
        for number in range(self._footer.num_row_groups):
            group = self._footer.row_group(number)
            for at in range(group.num_columns):
                column = group.column(at)
                path = column.path_in_schema
                name = path if path in wanted else path.removesuffix(LIST_ELEMENT)
                if name in wanted:
                    counts[name] += column.num_values - column.statistics.null_count
        return counts

    @contextmanager
    def _open(self, footer: Any) -> Iterator[Any]:
        source = pa.BufferReader(self._rows) if isinstance(self._rows, bytes) else pa.OSFile(str(self._rows))
        with source, pq.ParquetFile(source, metadata=footer, pre_buffer=False, page_checksum_verification=True) as file:
            yield file

    def _stored_names(self, columns: frozenset[str] | None) -> list[str]:
        fixed = self.meta.signal.columns.names
        content = [name for name in (*fixed, *self.meta.dynamic_columns) if name in self._stored]
        wanted = [name for name in content if name not in (SERIES, TS) and (columns is None or name in columns)]
        may_be_in_rest = columns is None or any(name == REST or name not in (*fixed, *wanted) for name in columns)
        return [*wanted, REST] if self.meta.has_rest and may_be_in_rest else wanted

    def _groups(self, selection: SeriesSelection) -> list[_RowGroup]:
        """Row groups that selected series reach into."""
        starts = self._group_starts
        firsts = self.table.first_row[selection.numbers]
        lasts = firsts + selection.row_count
        groups = []
        for number in range(len(starts) - 1):
            start, end = int(starts[number]), int(starts[number + 1])
            low, high = int(np.searchsorted(lasts, start, side="right")), int(np.searchsorted(firsts, end, side="left"))
            if low < high:
                statistics = self._footer.row_group(number).column(self._ts_column).statistics
                inside = np.maximum(firsts[low:high], start) - start, np.minimum(lasts[low:high], end) - start
                groups.append(
                    _RowGroup(
                        number,
                        *inside,
                        np.arange(low, high),
                        max(int(statistics.min), int(selection.min_ns[low:high].min())),
                        min(int(statistics.max), int(selection.max_ns[low:high].max())),
                        whole=int((inside[1] - inside[0]).sum()) == end - start,
                    )
                )
        return groups

    def _read_group(
        self, file: Any, group: _RowGroup, selection: SeriesSelection, window: Window, names: list[str], tests: list[Where]
    ) -> Batch | None:
        with damage(self.meta.key_of(ROWS_FILE)):
            kept = _selected(self._whole(file, group.number, [TS])[0], group)
        if window != ALWAYS and not window.covers(group.min_ns, group.max_ns):
            kept = kept.only((kept.ts >= window.start_ns) & (kept.ts < window.end_ns))
        for test in tests:
            if len(kept):
                kept = kept.only(test.mask(self._rows_of(file, group, kept, self._stored_names(test.columns))))
        if not len(kept):
            return None
        rows = self._rows_of(file, group, kept, names)
        batch = rows.add_column(0, SERIES, pa.array(kept.ordinals, pa.uint32()))
        return Batch(self.meta.signal, self.meta.tenant, selection.series, batch)

    def _rows_of(self, file: Any, group: _RowGroup, kept: _Kept, names: list[str]) -> pa.RecordBatch:
        """`ts` and the columns named."""
        with damage(self.meta.key_of(ROWS_FILE)):
            columns = [pa.array(kept.ts, pa.int64()), *self._content(file, group.number, names, kept.positions)]
            return pa.record_batch(columns, names=[TS, *names])

    def _content(self, file: Any, group: int, names: list[str], rows: Ints | None) -> list[Any]:
        if not names:
            return []
        found = self._whole(file, group, names)
        if rows is None:
            return found
        if len(rows) == int(rows[-1]) - int(rows[0]) + 1:
            return [one.slice(int(rows[0]), len(rows)) for one in found]
        at = pa.array(rows)
        return [one.take(at) for one in found]

    def _whole(self, file: Any, group: int, names: list[str]) -> list[Any]:
        """Columns of a whole row group."""
        key, kept = self.meta.key_of(ROWS_FILE), self._decoded
        found = {name: None if kept is None else kept.get((key, group, name)) for name in names}
        missing = [name for name, column in found.items() if column is None]
        if missing:
            table = file.read_row_group(group, columns=missing, use_threads=False)
            for name in missing:
                column = table.column(name).combine_chunks()
                found[name] = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
                if kept is not None:
                    kept.put((key, group, name), found[name])
        return [found[name] for name in names]


def _selected(column: pa.Array, group: _RowGroup) -> _Kept:
    """The rows of selected series. column: the times of the whole group."""
    counts = group.lasts - group.firsts
    ordinals = np.repeat(group.ordinals, counts).astype(np.uint32)
    ts = column.to_numpy(zero_copy_only=False)
    if group.whole:
        return _Kept(ordinals, ts, None)
    positions = np.arange(int(counts.sum())) + np.repeat(group.firsts - (np.cumsum(counts) - counts), counts)
    return _Kept(ordinals, ts[positions], positions)


def _column(file: Any, group: int, name: str) -> Any:
    return file.read_row_group(group, columns=[name], use_threads=False).column(name).combine_chunks()


def _group_starts(footer: Any) -> Ints:
    counts = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

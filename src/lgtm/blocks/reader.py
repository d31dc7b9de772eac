"""A block is read: which series it holds, and their rows, column by column, row group by row group. No I/O but the bytes and paths handed in.

What is decided before anything is decoded: the series table knows where the rows of each series lie and which times they span. `ts` is read only
to cut a window's edges, other columns only for row groups where rows are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from lgtm.blocks.encoding import LIST_ELEMENT
from lgtm.blocks.layout import ROWS_FILE, SERIES_FILE, DamagedBlock
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.series_table import Ints, SeriesTable, decode_series
from lgtm.model.batch import Batch, Series
from lgtm.model.matchers import Matchers
from lgtm.model.signal import REST, SERIES, TS
from lgtm.model.window import ALWAYS, Window

RowsSource = Path | bytes
_READ_BYTES = 1024 * 1024


@dataclass(slots=True, frozen=True)
class SeriesSelection:
    """Some series of a block, by rising number, with what the block holds of each. Times are inclusive at both ends."""

    numbers: Ints
    series: tuple[Series, ...]
    row_count: Ints
    min_ns: Ints
    max_ns: Ints
    line_bytes: Ints
    metadata_bytes: Ints

    def __len__(self) -> int:
        return len(self.numbers)


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


class BlockReader:
    """Reads one block. Safe for many threads: each read opens the file anew with the footer parsed once.

    rows, series: the files, as paths or bytes. verify: compare digests of both files first, which costs one pass over them; without, only sizes and
    what Parquet checks as it goes (a CRC a page). Raises DamagedBlock wherever the bytes are not what the meta says.
    """

    def __init__(self, rows: RowsSource, series: RowsSource, meta: BlockMeta, *, verify: bool = True) -> None:
        self.meta = meta
        self._rows = rows
        with _damage(meta.key_of(ROWS_FILE)):
            _check(rows, meta, ROWS_FILE, verify=verify)
            with self._open(None) as file:
                self._footer = file.metadata
            paths = [self._footer.schema.column(at).path for at in range(self._footer.num_columns)]
            self._ts_column = paths.index(TS)
            self._group_starts = _group_starts(self._footer)
        with _damage(meta.key_of(SERIES_FILE)):
            _check(series, meta, SERIES_FILE, verify=True)
            self.table: SeriesTable = decode_series(series if isinstance(series, bytes) else series.read_bytes())
            if not self.table.total_rows == self._footer.num_rows == meta.row_count or len(self.table) != meta.series_count:
                raise ValueError("the series table, the rows and the meta disagree on their numbers")

    def series(self, matchers: Matchers = (), window: Window = ALWAYS) -> SeriesSelection:
        """Series that fit all matchers and have rows near the window: their times touch it, though no row may lie inside."""
        return self.pick(self.table.select(matchers, window))

    def pick(self, numbers: Ints) -> SeriesSelection:
        """The series with these numbers, which rise."""
        table = self.table
        series = table.all if len(numbers) == len(table) else table.series_at(numbers)
        columns = (table.row_count, table.min_ns, table.max_ns, table.line_bytes, table.metadata_bytes)
        return SeriesSelection(numbers, series, *(column[numbers] for column in columns))

    def read(
        self,
        series: SeriesSelection | None = None,
        window: Window | Callable[[], Window] = ALWAYS,
        columns: frozenset[str] | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[Batch]:
        """Rows of the series selected (None: all) within the window, a batch a row group, each in block order.

        columns: names beside series and ts, such as `line` or `meta.trace_id`; None: all; those the block lacks are left out, and `rest` is added
        where it may hold them. window: a function is asked again before each row group, so that a query that has enough may narrow it. newest_first:
        row groups by their newest time, falling; else by their oldest, rising. ALWAYS is every row, also one at the last nanosecond
        there is. All batches share one series tuple: that of the selection.
        The same arguments give the same rows in the same order each time. Blocks: disk and CPU.
        """
        selection = series if series is not None else self.series()
        groups = self._groups(selection)
        groups.sort(key=(lambda group: (-group.max_ns, group.number)) if newest_first else (lambda group: (group.min_ns, group.number)))
        names, key = self._stored_names(columns), self.meta.key_of(ROWS_FILE)
        with ExitStack() as stack:
            with _damage(key):
                file = stack.enter_context(self._open(self._footer))
            for group in groups:
                now = window() if callable(window) else window
                if now == ALWAYS or now.overlaps(group.min_ns, group.max_ns):
                    with _damage(key):
                        batch = self._read_group(file, group, selection, now, names)
                    if batch is not None:
                        yield batch

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

    def _read_group(self, file: Any, group: _RowGroup, selection: SeriesSelection, window: Window, names: list[str]) -> Batch | None:
        counts = group.lasts - group.firsts
        ordinals = np.repeat(group.ordinals, counts).astype(np.uint32)
        rows: Ints | None = None
        if not group.whole:
            rows = np.arange(int(counts.sum())) + np.repeat(group.firsts - (np.cumsum(counts) - counts), counts)
        ts = _column(file, group.number, TS).to_numpy(zero_copy_only=False)
        ts = ts if rows is None else ts[rows]
        if window != ALWAYS and not window.covers(group.min_ns, group.max_ns):
            inside = np.flatnonzero((ts >= window.start_ns) & (ts < window.end_ns))
            if not len(inside):
                return None
            if len(inside) < len(ts):
                ordinals, ts = ordinals[inside], ts[inside]
                rows = inside if rows is None else rows[inside]
        columns = [pa.array(ordinals, pa.uint32()), pa.array(ts, pa.int64()), *self._content(file, group.number, names, rows)]
        batch = pa.record_batch(columns, names=[SERIES, TS, *names])
        return Batch(self.meta.signal, self.meta.tenant, selection.series, batch)

    def _content(self, file: Any, group: int, names: list[str], rows: Ints | None) -> list[Any]:
        if not names:
            return []
        table = file.read_row_group(group, columns=names, use_threads=False)
        found = [table.column(name).combine_chunks() for name in names]
        found = [one.chunk(0) if isinstance(one, pa.ChunkedArray) else one for one in found]
        if rows is None:
            return found
        if len(rows) == int(rows[-1]) - int(rows[0]) + 1:
            return [one.slice(int(rows[0]), len(rows)) for one in found]
        at = pa.array(rows)
        return [one.take(at) for one in found]


def _column(file: Any, group: int, name: str) -> Any:
    return file.read_row_group(group, columns=[name], use_threads=False).column(name).combine_chunks()


def _group_starts(footer: Any) -> Ints:
    counts = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _check(source: RowsSource, meta: BlockMeta, name: str, *, verify: bool) -> None:
    expected = meta.files[name]
    nbytes = len(source) if isinstance(source, bytes) else source.stat().st_size
    if nbytes != expected.nbytes:
        raise ValueError(f"{nbytes} bytes instead of {expected.nbytes}")
    if verify and digest_of(source) != expected.xxh3:
        raise ValueError("checksum differs")


def digest_of(source: RowsSource) -> str:
    """XXH3-128 in hex."""
    if isinstance(source, bytes):
        return xxhash.xxh3_128_hexdigest(source)
    digest = xxhash.xxh3_128()
    with source.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """What Arrow and the system raise for bytes that do not fit becomes DamagedBlock."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError, KeyError, TypeError, OverflowError, IndexError, AttributeError) as error:
        raise DamagedBlock(name, f"{type(error).__name__}: {error}".splitlines()[0][:500]) from error

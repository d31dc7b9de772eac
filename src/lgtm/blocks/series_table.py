"""`series.parquet`: one row a series with its labels and what the block holds of it, so that questions about series and volumes read no rows.

Rows of a block lie in series order, so first_row and row_count say where each series is: the `series` column itself is never read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lgtm.blocks.encoding import compression
from lgtm.model.labels import FINGERPRINT_BYTES
from lgtm.model.matchers import Matcher, Matchers
from lgtm.model.series import Series, SeriesTable
from lgtm.model.window import ALWAYS, Window

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]

SCHEMA = pa.schema(
    [
        pa.field("series", pa.uint32(), False),
        pa.field("fingerprint", pa.binary(FINGERPRINT_BYTES), False),
        pa.field("labels", pa.map_(pa.string(), pa.string()), False),
        pa.field("row_count", pa.int64(), False),
        pa.field("first_row", pa.int64(), False),
        pa.field("min_ns", pa.int64(), False),
        pa.field("max_ns", pa.int64(), False),
        pa.field("line_bytes", pa.int64(), False),
        pa.field("metadata_bytes", pa.int64(), False),
    ]
)
ZSTD_LEVEL = 3
STATISTICS = ("row_count", "first_row", "min_ns", "max_ns", "line_bytes", "metadata_bytes")


class BlockSeries:
    """Numbered series of a block with their statistics, as columns. Times are inclusive at both ends."""

    def __init__(self, table: Any) -> None:
        """table: of SCHEMA. Raises ValueError when the rows of the series do not lie end to end."""
        self._labels = table.column("labels").combine_chunks()
        self.all = SeriesTable.of_columns(table.column("fingerprint").combine_chunks(), self._labels)
        self.row_count, self.first_row, self.min_ns, self.max_ns, self.line_bytes, self.metadata_bytes = (
            _numbers(table.column(name)) for name in STATISTICS
        )
        ends = np.cumsum(self.row_count)
        if not np.array_equal(_numbers(table.column("series")), np.arange(len(table))) or not np.array_equal(self.first_row, ends - self.row_count):
            raise ValueError("the rows of the series do not lie end to end")

    def __len__(self) -> int:
        return len(self.row_count)

    @property
    def total_rows(self) -> int:
        return int(self.row_count.sum())

    def select(self, matchers: Matchers, window: Window) -> Ints:
        """Numbers of the series that fit all matchers and whose time range touches the window, rising."""
        chosen = np.ones(len(self), bool)
        if window != ALWAYS:
            chosen = (self.min_ns < window.end_ns) & (self.max_ns >= window.start_ns)
        for matcher in matchers:
            chosen &= self._fitting(matcher)
        return np.flatnonzero(chosen).astype(np.int64)

    def label_values(self, name: str) -> Any:
        """The value of label `name` of each series, "" where it has none, dictionary-encoded."""
        return pc.fill_null(pc.map_lookup(self._labels, name, "first"), "").dictionary_encode()

    def _fitting(self, matcher: Matcher) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        values = self.label_values(matcher.name)
        verdicts = np.fromiter((matcher.matches(value) for value in values.dictionary.to_pylist()), bool, len(values.dictionary))
        fitting: np.ndarray[tuple[int], np.dtype[np.bool_]] = verdicts[np.asarray(values.indices)]
        return fitting


def encode_series(series: Sequence[Series], statistics: dict[str, Ints]) -> bytes:
    """statistics: one array a name in STATISTICS. Raises ValueError for a series without labels."""
    table = SeriesTable.of(series)
    if table.unlabelled.any():
        raise ValueError("a block needs the labels of each of its series")
    columns: list[Any] = [
        pa.array(np.arange(len(table)), pa.uint32()),
        table.print_column(),
        pa.array(table.labels, SCHEMA.field("labels").type),
        *(pa.array(statistics[name], pa.int64()) for name in STATISTICS),
    ]
    sink = pa.BufferOutputStream()
    written = pa.table(columns, schema=SCHEMA)
    pq.write_table(written, sink, **compression(written, ZSTD_LEVEL), store_schema=False, write_page_checksum=True)
    return bytes(sink.getvalue())


def decode_series(data: bytes) -> BlockSeries:
    """Raises what pyarrow raises for damaged bytes, and ValueError for a table that is none of series; the caller names the file."""
    # Not `read_table`, whose machinery for many files costs half a millisecond a block.
    with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True, pre_buffer=False) as file:
        table = file.read(use_threads=False)
    if table.schema.names != SCHEMA.names:
        raise ValueError(f"columns {table.schema.names} are not those of a series table")
    return BlockSeries(table if table.schema.equals(SCHEMA) else table.cast(SCHEMA))


def _numbers(column: Any) -> Ints:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.int64)

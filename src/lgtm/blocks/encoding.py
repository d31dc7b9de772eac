"""How rows are laid out as Parquet: only encodings that DuckDB, Spark, Trino and pandas read, chosen by measuring.

One million log lines (192 MB of text, 212 MB as pushed), one core: plain strings 62.4 MB, lengths apart (DELTA_LENGTH_BYTE_ARRAY) 61.0 MB and no
slower to read, prefixes apart (DELTA_BYTE_ARRAY) 60.9 MB. zstd 3 → 6 saves another 3 % for twice the CPU, 19 saves 13 % for forty times; so level 3.
Values of samples are plain or have a dictionary, whichever makes the first of them smaller: of 40,000 counters and gauges in 60 scrapes a value takes
2.4 bytes plainly and 2.8 with a dictionary (2.9 with BYTE_STREAM_SPLIT), of gauges with few values 0.9 and 0.3.
Pages of 256 KiB cost 2 %; pages end after 20,000 rows anyway, which bounds what a reader with a page index decodes for one row.

Small tables are not compressed. To set zstd up takes 40 us a column, for the writer and for each reader: with it a series table of six rows takes
557 us to write and 504 us to read, without 197 and 138 us, and it is no larger.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lgtm.blocks.layout import FORMAT_VERSION
from lgtm.model.signal import LINE, SAMPLES, SERIES, TS, VALUE, Signal

TIME = "time"
"""Copy of ts in whole microseconds as a UTC timestamp, for engines that mishandle nanoseconds. We never read it."""
TIME_FIELD = pa.field(TIME, pa.timestamp("us", tz="UTC"), False)

MIB = 1024 * 1024
PAGE_BYTES = 4 * MIB
COMPRESSED_FROM_BYTES = 32 * 1024
SAMPLE_ROWS = 10_000
BLOOM_FALSE_POSITIVES = 0.01
LIST_ELEMENT = ".list.element"
"""What Parquet puts behind the name of a list column."""
_VARIED = {pa.string(): "DELTA_LENGTH_BYTE_ARRAY", pa.binary(): "DELTA_LENGTH_BYTE_ARRAY", pa.int64(): "DELTA_BINARY_PACKED"}
"""Encodings for columns whose values hardly repeat; plain for other types."""


@dataclass(slots=True, frozen=True, kw_only=True)
class WriteOptions:
    row_group_rows: int = 25_000
    """Rows read together. Fewer make a narrow query cheaper, more make the file's footer smaller."""
    row_group_bytes: int = 64 * MIB
    """Raw bytes of content in a row group, whatever the number of rows: bounds the memory of writer and reader."""
    zstd_level: int = 3

    @classmethod
    def of(cls, signal: Signal) -> WriteOptions:
        """Rows of samples are 20 bytes: more of them lie together, or reading them would be all calls and no bytes."""
        return cls(row_group_rows=200_000) if signal is SAMPLES else cls()


def file_schema(schema: Any) -> Any:
    """Columns of a batch as they are stored: `time` follows `ts`."""
    return schema.insert(schema.get_field_index(TS) + 1, TIME_FIELD)


def file_metadata(block_id: str) -> dict[str, str]:
    """Says in the footer where a stray file came from."""
    return {"lgtm.format_version": str(FORMAT_VERSION), "lgtm.block_id": block_id}


def stored(rows: Any, schema: Any) -> Any:
    """The record batch as stored, from one of a batch. schema: that of the file."""
    ts = rows.column(TS).to_numpy(zero_copy_only=False)
    time = pa.array(ts // 1_000, pa.int64()).cast(TIME_FIELD.type)
    return pa.record_batch([time if name == TIME else rows.column(name) for name in schema.names], schema=schema)


def compression(table: Any, level: int) -> dict[str, Any]:
    """What Parquet is told of a table, or of its first rows when there are more."""
    return {"compression": "zstd", "compression_level": level} if table.nbytes >= COMPRESSED_FROM_BYTES else {"compression": "none"}


def parquet_writer(sink: Any, schema: Any, sample: Any, options: WriteOptions) -> Any:
    """A ParquetWriter for stored rows. sample: some of them, by which columns are told to repeat themselves or not."""
    scalars = [field.name for field in schema if field.name not in (SERIES, TS, TIME) and not pa.types.is_nested(field.type)]
    lists = [field.name + LIST_ELEMENT for field in schema if pa.types.is_list(field.type)]
    varied = [name for name in scalars if name == LINE or _is_varied(sample.column(name), options)]
    repeating = [SERIES, *lists, *(name for name in scalars if name not in varied and schema.field(name).type != pa.bool_())]
    kinds = {name: schema.field(name).type for name in varied}
    encodings = {TS: "DELTA_BINARY_PACKED", TIME: "DELTA_BINARY_PACKED", **{name: _VARIED[kind] for name, kind in kinds.items() if kind in _VARIED}}
    looked_up = [name for name, kind in kinds.items() if name != LINE and (pa.types.is_string(kind) or pa.types.is_fixed_size_binary(kind))]
    return pq.ParquetWriter(
        sink,
        schema,
        **compression(sample, options.zstd_level),
        use_dictionary=repeating,
        column_encoding={name: encoding for name, encoding in encodings.items() if name in schema.names},
        data_page_size=PAGE_BYTES,
        write_statistics=[*lists, *(field.name for field in schema if field.name != LINE and not pa.types.is_nested(field.type))],
        write_page_index=True,
        write_page_checksum=True,
        store_schema=False,
        sorting_columns=pq.SortingColumn.from_ordering(schema, [(SERIES, "ascending"), (TS, "ascending")]),
        bloom_filter_options={name: {"ndv": options.row_group_rows, "fpp": BLOOM_FALSE_POSITIVES} for name in looked_up},
    )


def _is_varied(column: Any, options: WriteOptions) -> bool:
    """Whether a dictionary would be larger than the values: where more than half of them are different, it would be a second copy."""
    if column.type == pa.float64():
        return column.nbytes < COMPRESSED_FROM_BYTES or _bytes_of(column, options, dictionary=False) <= _bytes_of(column, options, dictionary=True)
    present = column.slice(0, SAMPLE_ROWS).drop_null()
    return len(present) > 0 and 2 * int(pc.count_distinct(present).as_py()) > len(present)


def _bytes_of(column: Any, options: WriteOptions, *, dictionary: bool) -> int:
    sink = io.BytesIO()
    table = pa.table({VALUE: column})
    pq.write_table(table, sink, **compression(table, options.zstd_level), use_dictionary=dictionary)
    return sink.tell()

"""A batch as bytes: its series table and its rows as two Arrow IPC streams, so that any reader with Arrow at hand can open them.

Both are compressed by Arrow (zstd) where that makes them smaller.
"""

from __future__ import annotations

import struct

import pyarrow as pa

from lgtm.errors import Corruption
from lgtm.model.batch import Batch
from lgtm.model.labels import FINGERPRINT_BYTES
from lgtm.model.series import SeriesTable
from lgtm.model.signal import Signal
from lgtm.model.tenant import Tenant

_LENGTH = struct.Struct("<I")
_SERIES_SCHEMA = pa.schema([pa.field("fingerprint", pa.binary(FINGERPRINT_BYTES), False), pa.field("labels", pa.map_(pa.string(), pa.string()))])
# Not by Arrow's threads: to hand a column over costs as much as to compress it, and whoever encodes decides where.
_COMPRESSED = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
_PLAIN = pa.ipc.IpcWriteOptions(use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)
_COMPRESS_BYTES_MIN = 1_024
"""Below this, compressed buffers (each with an 8-byte length and a zstd frame) are larger than plain ones."""


class MalformedBatch(Corruption):
    """The bytes are no batch."""


def encode_batch(batch: Batch) -> bytes:
    """u32 little-endian length of the series table | series table | rows. Tenant and signal are not in it."""
    series = encode_rows(series_table(batch.table))
    return b"".join((_LENGTH.pack(len(series)), series, encode_rows(batch.rows, batch.nbytes)))


def decode_batch(data: bytes | memoryview, signal: Signal, tenant: Tenant) -> Batch:
    """Raises MalformedBatch. The columns share memory with `data`."""
    view = memoryview(data)
    try:
        (length,) = _LENGTH.unpack_from(view)
        series = series_of(decode_rows(view[_LENGTH.size : _LENGTH.size + length]))
        return Batch(signal, tenant, series, decode_rows(view[_LENGTH.size + length :]))
    except (pa.ArrowException, TypeError, ValueError, OSError, struct.error) as error:
        raise MalformedBatch(f"malformed batch: {error}") from error


def encode_rows(rows: pa.RecordBatch, nbytes: int | None = None) -> bytes:
    """nbytes: of the rows, where it is known."""
    sink = pa.BufferOutputStream()
    options = _COMPRESSED if (rows.nbytes if nbytes is None else nbytes) >= _COMPRESS_BYTES_MIN else _PLAIN
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_batch(rows)
    return sink.getvalue()  # type: ignore[no-any-return]  # a pyarrow buffer, which join and the log take as it is


def decode_rows(view: memoryview) -> pa.RecordBatch:
    """Raises ValueError or what Arrow raises."""
    with pa.ipc.open_stream(pa.py_buffer(view), options=_READING) as reader:
        batches = list(reader)
    if len(batches) != 1:
        raise ValueError(f"{len(batches)} record batches in a stream of one")
    return batches[0]


def series_table(series: SeriesTable) -> pa.RecordBatch:
    kind = _SERIES_SCHEMA.field("labels").type
    labels = pa.nulls(len(series), kind) if series.unlabelled.all() else pa.array(series.labels, kind)
    return pa.record_batch([series.print_column(), labels], schema=_SERIES_SCHEMA)


def series_of(table: pa.RecordBatch) -> SeriesTable:
    """Raises ValueError or what Arrow raises."""
    table.validate(full=True)
    return SeriesTable.of_columns(table.column("fingerprint"), table.column("labels"))

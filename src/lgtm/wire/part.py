"""A part as bytes: what travels between nodes and what the write-ahead log holds, byte for byte. The layout is drawn in docs/formats/part.md.

    u32 header length | u32 CRC-32 of all that follows | header, JSON | series table, Arrow IPC stream | rows, Arrow IPC stream

The two streams are compressed by Arrow (zstd), so that a reader with only Arrow at hand can open them. The checksum is the part's own, beside
those of the log and the network: a part that is damaged in memory or by a bug on its way is refused wherever it is opened.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.errors import Corruption, LgtmError
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.model.signal import SERIES, SIGNALS
from lgtm.model.tenant import Tenant
from lgtm.wire.batch import decode_rows, encode_rows, series_of, series_table

FORMAT_VERSION = 1
HEADER_BYTES_MAX = 64 * 1024
QUICK_BYTES_MAX = 1024 * 1024
"""Rows up to this size are encoded within some milliseconds. Handing them over to a thread would take longer than that from all the others."""
_PREFIX = struct.Struct("<II")


class MalformedPart(Corruption):
    """The bytes are not a part, or not one of a version this program reads."""


def encode_part(part: Part) -> bytes:
    """Raises ValueError for an empty batch: nothing to log is nothing to send."""
    batch = part.batch
    min_ns, max_ns = batch.time_range_ns()
    series, rows = encode_rows(series_table(batch.table)), encode_rows(batch.rows, batch.nbytes)
    header = orjson.dumps(
        {
            "version": FORMAT_VERSION,
            "id": part.id.to_bytes().hex(),
            "tenant": str(batch.tenant),
            "signal": batch.signal.name,
            "owners": part.owners,
            "row_count": len(batch),
            "min_ns": min_ns,
            "max_ns": max_ns,
            "series_bytes": len(series),
            "rows_bytes": len(rows),
        }
    )
    crc = zlib.crc32(rows, zlib.crc32(series, zlib.crc32(header)))
    return b"".join((_PREFIX.pack(len(header), crc), header, series, rows))


def is_quick(batch: Batch) -> bool:
    """Whether it may be encoded on an event loop."""
    return bool(batch.nbytes <= QUICK_BYTES_MAX)


def decode_part(data: bytes | memoryview) -> Part:
    """Raises MalformedPart for anything that `encode_part` could not have written. The columns share memory with `data`."""
    view = memoryview(data)
    header, body = _header(view)
    try:
        series_bytes, row_count = int(header["series_bytes"]), int(header["row_count"])
        table = decode_rows(body[:series_bytes])
        rows = decode_rows(body[series_bytes : series_bytes + int(header["rows_bytes"])])
        batch = Batch(SIGNALS[header["signal"]], Tenant(header["tenant"]), series_of(table), rows)
        part = Part(PartId.from_bytes(bytes.fromhex(header["id"])), tuple(header["owners"]), batch)
    except (pa.ArrowException, LgtmError, KeyError, TypeError, ValueError, OSError, StopIteration, struct.error) as error:
        raise MalformedPart(f"malformed part: {error}") from error
    _check(part, row_count)
    return part


def _header(view: memoryview) -> tuple[dict[str, Any], memoryview]:
    if len(view) < _PREFIX.size:
        raise MalformedPart("malformed part: shorter than its prefix")
    length, crc = _PREFIX.unpack_from(view)
    if length > HEADER_BYTES_MAX or len(view) < _PREFIX.size + length:
        raise MalformedPart(f"malformed part: header of {length} bytes in {len(view)}")
    if zlib.crc32(view[_PREFIX.size :]) != crc:
        raise MalformedPart("malformed part: checksum differs")
    try:
        header = orjson.loads(view[_PREFIX.size : _PREFIX.size + length])
    except orjson.JSONDecodeError as error:
        raise MalformedPart(f"malformed part header: {error}") from error
    if not isinstance(header, dict) or header.get("version") != FORMAT_VERSION:
        raise MalformedPart(f"part format version {header.get('version') if isinstance(header, dict) else None} is not {FORMAT_VERSION}")
    return header, view[_PREFIX.size + length :]


def _check(part: Part, row_count: int) -> None:
    batch = part.batch
    if len(batch) != row_count or not row_count:
        raise MalformedPart(f"malformed part: {len(batch)} rows, the header says {row_count}")
    names = batch.rows.schema.names
    for field in batch.signal.columns:
        if field.nullable and field.name not in names:
            continue
        if field.name not in names or batch.rows.schema.field(field.name).type != field.type:
            raise MalformedPart(f"malformed part: no column {field.name} of type {field.type}")
        if not field.nullable and batch.rows.column(field.name).null_count:
            raise MalformedPart(f"malformed part: nulls in column {field.name}")
    if pc.max(batch.rows.column(SERIES)).as_py() >= len(batch.series):
        raise MalformedPart("malformed part: a row points beyond the series table")
    try:
        batch.rows.validate(full=True)
    except pa.ArrowException as error:
        raise MalformedPart(f"malformed part: {error}") from error

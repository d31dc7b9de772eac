"""Parts as bytes: what goes in comes out, and nothing else is ever taken for a part."""

from __future__ import annotations

import struct
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from lgtm.model.tenant import Tenant
from lgtm.wire.part import MalformedPart, decode_part, encode_part

API = Series.of(labels_of({"app": "api", "env": "prod"}))
WEB = Series.of(labels_of({"app": "web"}))


def logs_part(lines: list[str], *, metadata: dict[str, list[str | None]] | None = None) -> Part:
    columns: dict[str, pa.Array] = {
        "series": pa.array([i % 2 for i in range(len(lines))], pa.uint32()),
        "ts": pa.array(range(len(lines)), pa.int64()),
        "line": pa.array(lines, pa.string()),
    }
    columns |= {f"meta.{name}": pa.array(values, pa.string()) for name, values in (metadata or {}).items()}
    return Part(PartId(b"w" * 16, 3, 7), ("a", "b"), Batch(LOGS, Tenant("t"), (API, WEB), pa.record_batch(columns)))


@given(st.lists(st.text(), min_size=1, max_size=50))
def test_what_goes_in_comes_out(lines: list[str]) -> None:
    part = logs_part(lines, metadata={"trace_id": [None, *["x" * 40] * (len(lines) - 1)]})

    decoded = decode_part(encode_part(part))

    assert (decoded.id, decoded.owners, decoded.batch.series) == (part.id, part.owners, part.batch.series)
    assert decoded.batch.rows.equals(part.batch.rows)


def test_a_series_may_travel_without_its_labels() -> None:
    part = logs_part(["x"])
    batch = Batch(LOGS, part.batch.tenant, (Series(API.fingerprint, None),), part.batch.rows)

    assert decode_part(encode_part(Part(part.id, part.owners, batch))).batch.series == (Series(API.fingerprint, None),)


def test_some_series_may_travel_with_labels_and_others_without() -> None:
    part = logs_part(["x"])
    mixed = (API, Series(WEB.fingerprint, None))

    decoded = decode_part(encode_part(Part(part.id, part.owners, Batch(LOGS, part.batch.tenant, mixed, part.batch.rows))))

    assert decoded.batch.series == mixed
    assert decoded.batch.table.unlabelled.tolist() == [False, True]


@pytest.mark.parametrize("lines", [["small"], ["line " * 50] * 100], ids=["plain", "compressed"])
def test_every_cut_is_refused(lines: list[str]) -> None:
    encoded = encode_part(logs_part(lines))
    for end in range(0, len(encoded), 1 if len(encoded) < 4_000 else 13):
        with pytest.raises(MalformedPart):
            decode_part(encoded[:end])


@given(st.data())
def test_a_flipped_byte_is_refused(data: st.DataObject) -> None:
    encoded = bytearray(encode_part(logs_part(["hello", "world"])))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MalformedPart):
        decode_part(bytes(encoded))


@pytest.mark.parametrize(
    ("header", "why"), [(b"[]", "version"), (b'{"version":1}', "series_bytes"), (b"{", "header"), (b'{"version":2}', "version 2")]
)
def test_a_part_of_another_make_is_refused_though_its_checksum_is_right(header: bytes, why: str) -> None:
    with pytest.raises(MalformedPart, match=why):
        decode_part(struct.pack("<II", len(header), zlib.crc32(header)) + header)


def test_a_row_beyond_the_series_table_is_refused() -> None:
    part = logs_part(["a", "b"])
    with pytest.raises(MalformedPart, match="beyond the series table"):
        decode_part(encode_part(Part(part.id, part.owners, Batch(LOGS, part.batch.tenant, (API,), part.batch.rows))))

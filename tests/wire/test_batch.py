"""A batch reads back, whatever columns a query asked for; damage is an error of ours."""

from __future__ import annotations

import contextlib
import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.model.series import Series
from lgtm.model.signal import LOGS, SERIES, TS
from lgtm.wire.batch import MalformedBatch, decode_batch, encode_batch, encode_rows
from support.parts import TENANT, batch


@given(st.lists(st.text(max_size=20), max_size=50), st.booleans())
def test_a_batch_reads_back(lines: list[str], labels: bool) -> None:
    one = batch(lines, apps=("api", "web"), labels=labels)
    again = decode_batch(encode_batch(one), LOGS, TENANT)
    assert again.series == one.series
    assert again.rows.equals(one.rows)


def test_a_projected_batch_reads_back() -> None:
    one = batch(["a"] * 1_000)
    keys = Batch(LOGS, TENANT, (Series(one.series[0].fingerprint, None),), one.rows.select([SERIES, TS]))
    assert decode_batch(encode_batch(keys), LOGS, TENANT).rows.schema.names == [SERIES, TS]


@pytest.mark.parametrize(
    ("fingerprints", "labels"),
    [
        (pa.array([b"x" * 16], pa.binary(16)), pa.array([1], pa.int64())),
        (pa.array([b"x" * 16], pa.binary(16)), pa.array(["a"], pa.string())),
        (pa.array([b"x" * 8], pa.binary(8)), pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string()))),
        (pa.array([None], pa.binary(16)), pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string()))),
    ],
)
def test_a_series_table_of_other_types_is_refused(fingerprints: pa.Array, labels: pa.Array) -> None:
    table = encode_rows(pa.record_batch([fingerprints, labels], names=["fingerprint", "labels"]))
    data = struct.pack("<I", len(table)) + bytes(table) + bytes(encode_rows(batch(["a"]).rows))
    with pytest.raises(MalformedBatch):
        decode_batch(data, LOGS, TENANT)


@pytest.mark.parametrize("keep", range(0, 400, 7))
def test_a_batch_that_was_cut_is_refused(keep: int) -> None:
    with pytest.raises(MalformedBatch):
        decode_batch(encode_batch(batch(["a"]))[:keep], LOGS, TENANT)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_batch_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedBatch):
        decode_batch(data, LOGS, TENANT)

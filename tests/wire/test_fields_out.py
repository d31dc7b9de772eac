"""What is written is what the protobuf library reads."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.fields_out import integer, labels, message, samples, varint
from lgtm.wire.protobuf import read_varint
from wire.write_messages import PROMETHEUS


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**63 - 1, 2**63, 2**64 - 1])
def test_varints(value: int) -> None:
    assert read_varint(varint(value), 0, 10) == (value, len(varint(value)))


def test_negative_numbers_have_ten_bytes() -> None:
    assert varint(-1) == b"\xff" * 9 + b"\x01"
    assert integer(15, -1) == b"\x78" + varint(-1)
    assert integer(15, 0) == b""


@given(st.lists(st.tuples(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**20)), st.floats(width=64))))
def test_samples_are_read_in_their_order(given_: list[tuple[int, float]]) -> None:
    ts_ms, values = np.array([ts for ts, _ in given_], np.int64), np.array([value for _, value in given_], np.float64)
    read = PROMETHEUS["TimeSeries"].FromString(samples(2, ts_ms, values))
    assert [(sample.timestamp, struct.pack("<d", sample.value)) for sample in read.samples] == [(ts, struct.pack("<d", v)) for ts, v in given_]


def test_labels_and_messages() -> None:
    pairs = (("__name__", "up"), ("\u00e9", "x" * 300))
    read = PROMETHEUS["QueryResult"].FromString(message(1, labels(1, pairs)))
    assert [(label.name.decode(), label.value.decode()) for label in read.timeseries[0].labels] == list(pairs)

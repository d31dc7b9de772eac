"""Columns of messages: what is absent is 0, whichever messages lack it."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest

from lgtm.model.window import TS_NS_MAX
from lgtm.wire.arrays import Pool
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag
from wire.messages import field_bytes, varint_bytes

NUMBER, TIME, FLAGS, TEXT = tag(1, VARINT), tag(2, FIXED64), tag(3, FIXED32), tag(4, LENGTH_DELIMITED)


def columns_of(*messages: bytes) -> MessageColumns:
    ends = np.cumsum([len(message) for message in messages])
    return MessageColumns(Buffer(b"".join(messages)), ends - [len(message) for message in messages], ends, NUMBER, TIME, FLAGS, TEXT)


def number(value: int) -> bytes:
    return varint_bytes(NUMBER) + varint_bytes(value)


def time(value: int) -> bytes:
    return varint_bytes(TIME) + struct.pack("<Q", value)


@pytest.mark.parametrize("absent", [(), (b"",), (b"", b"")])
def test_absent_numbers_are_zero(absent: tuple[bytes, ...]) -> None:
    flags = varint_bytes(FLAGS) + struct.pack("<I", 7)
    columns = columns_of(number(300) + time(5) + flags, *absent, number(2**64 - 1) + time(2**64 - 1) + flags)
    zeros = [0] * len(absent)
    assert columns.varints(NUMBER).tolist() == [300, *zeros, -1]
    assert columns.counts(NUMBER).tolist() == [300, *zeros, 2**32 - 1]
    assert columns.times(TIME).tolist() == [5, *zeros, TS_NS_MAX]
    assert columns.flags(FLAGS).tolist() == [7, *zeros, 7]
    assert columns.sizes(TEXT).tolist() == [0, *zeros, 0]
    assert not columns.has(TEXT)


def test_texts_and_ids_are_taken_where_they_are_given() -> None:
    columns = columns_of(field_bytes(4, b"ab"), b"", field_bytes(4, b"cd"))
    pool = Pool(pa.string())
    texts = columns.texts(pool, TEXT, "text")
    pool.read(columns.buffer)
    assert texts.array().to_pylist() == ["ab", "", "cd"]
    given = columns.sizes(TEXT) == 2
    assert columns.ids(TEXT, 2, given=given).tolist() == [[97, 98], [0, 0], [99, 100]]


def test_a_text_that_is_not_utf8_is_named_by_its_message() -> None:
    columns = columns_of(field_bytes(4, b"ok"), field_bytes(4, b"\xff"))
    pool = Pool(pa.string())
    columns.texts(pool, TEXT, "text")
    with pytest.raises(MalformedBody, match="text 1 is not valid UTF-8 at byte 0"):
        pool.read(columns.buffer)

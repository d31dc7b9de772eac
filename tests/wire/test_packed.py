"""Repeated numbers are read as columns however they are written."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from google.protobuf.internal import encoder
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody, TooManyRows, TruncatedBody
from lgtm.wire.fields import Fields
from lgtm.wire.packed import Lists, encoded_varints, fixed64_lists, varint_bytes, varint_lists
from lgtm.wire.protobuf import Buffer
from wire.messages import field_bytes

numbers = st.lists(st.integers(0, 2**64 - 1), max_size=6)
pieces = st.lists(st.tuples(st.booleans(), numbers), max_size=4)
"""Of one message: numbers that stand in one field, and numbers that have one each."""


def scanned(messages: list[bytes]) -> tuple[Buffer, Fields]:
    buffer = Buffer(b"".join(messages))
    sizes = np.array([len(message) for message in messages], np.int64)
    return buffer, buffer.scan(sizes.cumsum() - sizes, sizes.cumsum())


def split(lists: Lists) -> list[list[int]]:
    return [part.tolist() for part in np.split(lists.values, lists.lengths.cumsum()[:-1])] if len(lists.lengths) else []


@given(st.lists(pieces, max_size=5))
def test_fixed64_are_read_packed_and_apart(messages: list[list[tuple[bool, list[int]]]]) -> None:
    def written(packed: bool, values: list[int]) -> bytes:
        parts = [value.to_bytes(8, "little") for value in values]
        return field_bytes(6, b"".join(parts)) if packed else b"".join(b"\x31" + part for part in parts)

    lists = fixed64_lists(*scanned([b"\x08\x05" + b"".join(written(*piece) for piece in message) for message in messages]), 6, most=1000)
    assert split(lists) == [[value for _, values in message for value in values] for message in messages]


@given(st.lists(pieces, max_size=5))
def test_varints_are_read_packed_and_apart(messages: list[list[tuple[bool, list[int]]]]) -> None:
    def written(packed: bool, values: list[int]) -> bytes:
        parts = [varint_bytes(value) for value in values]
        return field_bytes(2, b"".join(parts)) if packed else b"".join(b"\x10" + part for part in parts)

    lists = varint_lists(*scanned([b"\x08\x05" + b"".join(written(*piece) for piece in message) for message in messages]), 2, most=1000)
    assert split(lists) == [[value for _, values in message for value in values] for message in messages]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_varints_are_written_as_protobuf_writes_them(values: list[int]) -> None:
    data, offsets = encoded_varints(np.array(values, np.uint64))
    expected = [encoder._VarintBytes(value) for value in values]  # type: ignore[attr-defined]
    assert [data[start:end] for start, end in pairwise(offsets)] == expected
    assert [varint_bytes(value) for value in values] == expected


@pytest.mark.parametrize(("content", "error"), [(b"\x80", TruncatedBody), (b"\x80" * 11 + b"\0", MalformedBody)])
def test_broken_varints_are_refused(content: bytes, error: type[MalformedBody]) -> None:
    with pytest.raises(error):
        varint_lists(*scanned([field_bytes(2, content)]), 2, most=1000)


def test_a_piece_of_a_number_is_refused() -> None:
    with pytest.raises(MalformedBody, match="less than 8 bytes"):
        fixed64_lists(*scanned([field_bytes(6, b"1234567")]), 6, most=1000)


def test_there_is_a_bound() -> None:
    with pytest.raises(TooManyRows):
        varint_lists(*scanned([field_bytes(2, b"\1" * 11)]), 2, most=10)
    with pytest.raises(TooManyRows):
        fixed64_lists(*scanned([field_bytes(6, bytes(88))]), 6, most=10)

"""Repeated numbers are the same, packed or not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import MalformedBody, TruncatedBody
from lgtm.wire.fields import Fields
from lgtm.wire.number_lists import double_lists, varint_lists, zigzag
from lgtm.wire.protobuf import FIXED64, VARINT, Buffer, tag
from wire.messages import field_bytes, varint_bytes

Part = tuple[bool, Sequence[int]]
"""Whether packed, and numbers."""


def scanned(messages: Sequence[bytes]) -> tuple[Buffer, Fields]:
    buffer = Buffer(b"".join(messages))
    ends = np.cumsum([len(message) for message in messages])
    return buffer, buffer.scan(ends - [len(message) for message in messages], ends)


def varints(parts: Sequence[Part]) -> bytes:
    out = b""
    for packed, numbers in parts:
        if packed:
            out += field_bytes(3, b"".join(map(varint_bytes, numbers)))
        else:
            out += b"".join(varint_bytes(tag(3, VARINT)) + varint_bytes(number) for number in numbers)
        out += field_bytes(4, b"between")
    return out


def numbers(most: int) -> st.SearchStrategy[list[list[Part]]]:
    part = st.tuples(st.booleans(), st.lists(st.integers(0, most), max_size=5))
    return st.lists(st.lists(part, max_size=4), min_size=1, max_size=5)


@given(st.one_of(numbers(100), numbers(2**14 - 1), numbers(2**64 - 1)))
def test_integers(messages: list[list[Part]]) -> None:
    offsets, values = varint_lists(*scanned([varints(parts) for parts in messages]), 3)
    expected = [[number for _, numbers in parts for number in numbers] for parts in messages]
    assert [values[a:b].tolist() for a, b in pairwise(offsets)] == expected


@given(numbers(1000))
def test_doubles(messages: list[list[Part]]) -> None:
    def encode(parts: Sequence[Part]) -> bytes:
        out = b""
        for packed, numbers in parts:
            doubles = [struct.pack("<d", number / 3) for number in numbers]
            out += field_bytes(3, b"".join(doubles)) if packed else b"".join(varint_bytes(tag(3, FIXED64)) + double for double in doubles)
        return out

    offsets, values = double_lists(*scanned([encode(parts) for parts in messages]), 3)
    expected = [[number / 3 for _, numbers in parts for number in numbers] for parts in messages]
    assert [values[a:b].tolist() for a, b in pairwise(offsets)] == expected


def test_a_packed_number_may_not_go_on_in_the_next_field() -> None:
    with pytest.raises(TruncatedBody):
        varint_lists(*scanned([field_bytes(3, b"\x01\x80") + field_bytes(3, b"\x01")]), 3)
    with pytest.raises(MalformedBody):
        double_lists(*scanned([field_bytes(3, bytes(7)) + field_bytes(3, bytes(9))]), 3)
    with pytest.raises(MalformedBody):
        varint_lists(*scanned([field_bytes(3, b"\xff" * 11 + b"\x01")]), 3)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_signed_numbers(values: list[int]) -> None:
    encoded = np.array([value << 1 if value >= 0 else ~(value << 1) for value in values], np.uint64)
    assert zigzag(encoded).tolist() == values

"""Structs are read as they were written, and hostile ones cost no more than their bounds."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire import thrift
from lgtm.wire.bounds import MalformedBody, TruncatedBody
from lgtm.wire.thrift import DEPTH_MAX, LIST, MAP, STRUCT, Struct, TooManyValues, read_struct
from wire.thrift_bytes import struct_bytes

SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.binary(max_size=5)
IDS = st.integers(-(2**15), 2**15 - 1)
STRUCTS = st.recursive(
    st.dictionaries(IDS, SCALARS, max_size=3),
    lambda inner: st.dictionaries(IDS, SCALARS | inner | st.lists(inner, max_size=3), max_size=3),
    max_leaves=6,
)


@given(STRUCTS)
def test_what_was_written_is_read(fields: dict[int, Any]) -> None:
    assert read_struct(struct_bytes(fields)).values == fields


@given(STRUCTS, st.data())
def test_every_cut_is_refused(fields: dict[int, Any], data: st.DataObject) -> None:
    whole = struct_bytes(fields)
    with pytest.raises(MalformedBody):
        read_struct(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(STRUCTS, st.integers(0), st.binary(min_size=1, max_size=6))
def test_damage_raises_declared_errors(fields: dict[int, Any], at: int, damage: bytes) -> None:
    whole = struct_bytes(fields)
    at %= len(whole)
    with contextlib.suppress(BadRequest, LimitExceeded):
        read_struct(whole[:at] + damage + whole[at + len(damage) :])


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", TruncatedBody, "unexpected EOF"),
        (b"\x01\x00\x01\x00", MalformedBody, "thrift: no type 1"),
        (b"\x0b\x00\x01\xff\xff\xff\xff\x00", MalformedBody, "thrift: negative size -1"),
        (b"\x0b\x00\x01\x7f\xff\xff\xff\x00", TruncatedBody, "unexpected EOF"),
        (b"\x0f\x00\x01\x0c\x7f\xff\xff\xff\x00", TruncatedBody, "unexpected EOF"),
        (b"\x0f\x00\x01\x00\x00\x00\x00\x01\x00", MalformedBody, "thrift: no type 0"),
    ],
)
def test_what_does_not_hold_together_is_refused(data: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_struct(data)


def test_maps_are_read_as_pairs() -> None:
    data = struct.pack(">bhbbi", MAP, 1, thrift.BOOL, thrift.BYTE, 2) + b"\x00\x05\x01\xff\x00"
    assert read_struct(data).values == {1: [(False, 5), (True, -1)]}


def test_nesting_has_a_bound() -> None:
    def nested(levels: int) -> bytes:
        return struct.pack(">bh", STRUCT, 1) * levels + bytes(levels + 1)

    read_struct(nested(DEPTH_MAX))
    for levels in (DEPTH_MAX + 1, 100_000):
        with pytest.raises(MalformedBody, match="nested deeper than 16 levels"):
            read_struct(nested(levels))


def test_values_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thrift, "VALUES_MAX", 10)
    with pytest.raises(TooManyValues):
        read_struct(struct.pack(">bhbi", LIST, 1, STRUCT, 9) + bytes(10))


def test_fields_of_another_type_are_named() -> None:
    of = Struct({1: b"text", 2: [5], 3: b"\xff"}, "span")
    for read, message in (
        (lambda: of.integer(1, "n"), "thrift: span.n must be an integer"),
        (lambda: of.struct(4, "s"), "thrift: span.s must be a struct"),
        (lambda: list(of.structs(2, "l")), "thrift: span.l must be a list of structs"),
        (lambda: of.text(3, "t"), "thrift: span.t is not valid UTF-8 at byte 0"),
    ):
        with pytest.raises(MalformedBody, match=message):
            read()
    assert (of.integer(9, ""), of.real(9, ""), of.flag(9, ""), of.text(9, ""), list(of.structs(9, ""))) == (0, 0.0, False, "", [])

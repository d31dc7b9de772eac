"""The dialect: which forms are written, which are read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.msgpack import ITEMS_MAX, EndsTooEarly, MalformedMessage, Reader, Signed, Value, encode, encode_map
from ring.wire_messages import h


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, "c0"), (True, "c3"), (False, "c2"), (0, "00"), (127, "7f"), (128, "cc80"), (256, "cd0100"), (65_536, "ce00010000"),
        (2**32, "cf0000000100000000"), (Signed(127), "7f"), (Signed(128), "d10080"), (Signed(300), "d1012c"), (Signed(40_000), "d200009c40"),
        (b"", "a0"), (b"x" * 31, "bf" + "78" * 31), (b"x" * 32, "da0020" + "78" * 32),
    ],
)  # fmt: skip
def test_values_take_the_shortest_of_the_old_forms(value: Value, data: str) -> None:
    assert encode(value) == h(data)
    read = Reader(b"\x81\xa1k" + h(data)).fields()["k"]
    assert read == (value.value if isinstance(value, Signed) else value)


def test_keys_are_written_in_byte_order() -> None:
    assert encode_map({"b": 1, "B": 2, "a": 3}) == h("83 a142 02 a161 03 a162 01")


@pytest.mark.parametrize(
    ("data", "value"),
    [("d90161", b"a"), ("c40161", b"a"), ("c5000161", b"a"), ("db0000000161", b"a"), ("d0ff", -1), ("ff", -1), ("cb3ff0000000000000", None),
     ("9201a161", [1, b"a"]), ("dc000101", [1]), ("d60001020304", None), ("c70209ffff", None), ("c8000009", None), ("c90000000109ff", None),
     ("81a16101", {b"a": 1})],
)  # fmt: skip
def test_newer_forms_are_read(data: str, value: object) -> None:
    assert Reader(b"\x82\xa1k" + h(data) + b"\xa1z\x05").fields() == {"k": value, "z": 5}


@pytest.mark.parametrize("data", ["c1", "a5", "81 a161", "92", "de ffff", "df ffffffff", "dd ffffffff", "db ffffffff"])
def test_sizes_are_checked_before_anything_is_made_of_them(data: str) -> None:
    with pytest.raises(MalformedMessage):
        Reader(b"\x81\xa1k" + h(data)).fields()


def test_what_ends_too_early_may_go_on_in_a_stream() -> None:
    with pytest.raises(EndsTooEarly):
        Reader(b"\x81\xa1").fields()
    with pytest.raises(EndsTooEarly, match="too early") as early:
        Reader(b"??\x81\xa1k\xda\x01\x00", 2).fields()
    assert early.value.wanted == 8 + 256
    with pytest.raises(MalformedMessage) as wrong:
        Reader(b"\xdc" + (ITEMS_MAX + 1).to_bytes(2, "big")).fields()
    assert not isinstance(wrong.value, EndsTooEarly)


def test_nesting_has_an_end() -> None:
    with pytest.raises(MalformedMessage, match="too deep"):
        Reader(b"\x91" * 10_000).fields()


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        Reader(data).fields()

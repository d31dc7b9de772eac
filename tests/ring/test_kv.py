"""The frame in which the ring's state travels."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.kv import KeyValue, MalformedState, decode_state, encode_state

pairs = st.builds(KeyValue, st.text(max_size=20), st.binary(max_size=300), st.text(max_size=20))


@given(st.lists(pairs, max_size=4))
def test_state_reads_back(state: list[KeyValue]) -> None:
    assert list(decode_state(encode_state(state))) == state


def test_a_pair_has_the_bytes_that_dskit_gives_it() -> None:
    assert KeyValue("k", b"v" * 200, "c").to_bytes() == b"\x0a\x01k\x12\xc8\x01" + b"v" * 200 + b"\x1a\x01c"


def test_fields_that_are_not_read_are_skipped() -> None:
    data = KeyValue("k", b"v", "c").to_bytes() + b"\x20\x01" + b"\x28\xff\xff\x03" + b"\x32\x02xx"
    assert KeyValue.from_bytes(data) == KeyValue("k", b"v", "c")


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_state_that_was_cut_is_refused_behind_its_whole_pairs(cut: int) -> None:
    one = KeyValue("key", b"value", "codec")
    data = encode_state([one, one])
    pairs = decode_state(data[:-cut])
    assert next(pairs) == one
    with pytest.raises(MalformedState):
        next(pairs)


@given(st.binary(max_size=60))
def test_any_bytes_are_state_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedState):
        list(decode_state(data))
    with contextlib.suppress(MalformedState):
        KeyValue.from_bytes(data)

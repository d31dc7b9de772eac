"""LZW as Go writes it."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.lzw import compress, decompress
from lgtm.ring.msgpack import MalformedMessage
from ring.wire_messages import h

GOLDEN = [(b"", "000302"), (b"a", "00c30404"), (b"TOBEORNOTTOBEORTOBEORNOT", "00a93c1152e48914274fa80824687061c183090302")]


@pytest.mark.parametrize(("text", "data"), GOLDEN)
def test_the_bytes_are_those_of_go(text: bytes, data: str) -> None:
    assert compress(text) == h(data)
    assert decompress(h(data), 1_000) == text


def test_a_stream_without_a_leading_clear_is_read() -> None:
    assert decompress(h("549e0829f2448a9327540412 34b8b0e0c1840101"), 1_000) == b"TOBEORNOTTOBEORTOBEORNOT"


@given(st.binary(max_size=2_000))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    assert decompress(compress(data), len(data)) == data


@pytest.mark.parametrize("alphabet", [1, 2, 256])
def test_long_streams_come_back_through_every_width_and_clear(alphabet: int) -> None:
    rng = random.Random(alphabet)
    data = bytes(rng.randrange(alphabet) for _ in range(40_000))
    assert decompress(compress(data), len(data)) == data


def test_a_bomb_is_stopped_while_it_expands() -> None:
    with pytest.raises(MalformedMessage, match="more than 1000 bytes"):
        decompress(compress(b"a" * 100_000), 1_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        decompress(data, 10_000)

"""LZW as Go writes it."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.lzw import CLEAR, END, compress, decompress
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


UNALIKE = bytes(each for second in range(64) for first in range(64, 100) for each in (first, second))
"""No two neighbours come again, so that each byte is a word and teaches a code: 3,838 of them until the writer has none left."""


@pytest.mark.parametrize("size", range(3_836, 3_842))
def test_words_that_end_where_codes_do_come_back(size: int) -> None:
    assert decompress(compress(UNALIKE[:size]), size) == UNALIKE[:size]


def test_the_last_word_counts_as_a_code_so_that_a_clear_may_come_right_before_the_end() -> None:
    bits = int.from_bytes(compress(UNALIKE[:3_838]), "little")
    assert bits >> (bits.bit_length() - 12 - 9) == CLEAR | END << 12


def test_a_bomb_is_stopped_while_it_expands() -> None:
    with pytest.raises(MalformedMessage, match="more than 1000 bytes"):
        decompress(compress(b"a" * 100_000), 1_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        decompress(data, 10_000)

"""Every encoding gives back what was encoded, and no body grows past its ceiling."""

from __future__ import annotations

import contextlib
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import cramjam
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.bounds import BodyTooLarge, DecompressedTooLarge, MalformedBody, TruncatedBody
from lgtm.wire.compression import ZSTD_WINDOW_BYTES_MAX, decompress, gunzip, is_gzip, snappy_block

MIB = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": raw_deflate,
    "zlib": zlib.compress,
    "snappy": lambda data: bytes(cramjam.snappy.compress(data)) or b"\xff\x06\x00\x00sNaPpY",  # cramjam makes no stream of nothing
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
}
FRAMED = ("gzip", "zstd", "lz4")
COMPRESSED = ("gzip", "deflate", "zlib", "zstd", "lz4")


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("data", [b"", b"x", b"line\n" * 1000, random.Random(1).randbytes(700_000)], ids=len)
def test_what_was_encoded_comes_back(encoding: str, data: bytes) -> None:
    assert decompress(ENCODERS[encoding](data), encoding, bytes_max=MIB) == data


@pytest.mark.parametrize("encoding", FRAMED)
def test_frames_may_follow_each_other(encoding: str) -> None:
    encode = ENCODERS[encoding]
    assert decompress(encode(b"one ") + encode(b"two"), encoding, bytes_max=MIB) == b"one two"


@pytest.mark.parametrize("encoding", ENCODERS)
def test_exactly_the_ceiling_is_taken_and_one_byte_more_is_not(encoding: str) -> None:
    assert len(decompress(ENCODERS[encoding](bytes(1000)), encoding, bytes_max=1000)) == 1000
    with pytest.raises(DecompressedTooLarge, match="request body too large: decompressed message size too large than max"):
        decompress(ENCODERS[encoding](bytes(1001)), encoding, bytes_max=1000)


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("kept", [0.001, 0.3, 0.9, 0.99])
def test_a_cut_body_is_refused(encoding: str, kept: float) -> None:
    data = ENCODERS[encoding](random.Random(2).randbytes(10_000))
    with pytest.raises(TruncatedBody):
        decompress(data[: int(len(data) * kept)], encoding, bytes_max=MIB)


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("zstd", b"", "EOF"),
        ("lz4", b"", "EOF"),
        ("gzip", b"not gzip", "unexpected EOF"),
        ("gzip", b"not gzip at all", "gzip: invalid header"),
        ("gzip", b"", "EOF"),
        ("deflate", zlib.compress(b"zlib-wrapped"), "EOF"),
        ("zstd", b"not zstd at all", "zstd: corrupt input"),
        ("lz4", b"not lz4 at all", "lz4: corrupt input"),
    ],
)
def test_something_else_is_refused_in_gos_words(encoding: str, data: bytes, text: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        decompress(data, encoding, bytes_max=MIB)
    assert str(caught.value) == text


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_bomb_costs_no_more_than_the_ceiling(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(100 * MIB))
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        decompress(bomb, encoding, bytes_max=MIB)
    assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    tracemalloc.stop()


def test_a_zstd_frame_may_not_ask_for_a_huge_window() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = stream.compress(b"small") + stream.flush()
    assert ZSTD_WINDOW_BYTES_MAX < 1 << 27
    with pytest.raises(MalformedBody, match="window"):
        decompress(frame, "zstd", bytes_max=MIB)


def test_an_unknown_encoding_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="unknown encoding 'br'"):
        decompress(b"", "br", bytes_max=MIB)


@given(st.binary(max_size=2000))
def test_a_snappy_block_comes_back(data: bytes) -> None:
    assert snappy_block(snappy(data), bytes_max=2000) == data


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xff",
        b"\xff" * 11,
        b"\x05abc",
        b"\x80\x80\x80\x80\x10",
        snappy(b"some line" * 10)[:-1],
        b"plain text, not snappy",
        bytes(cramjam.snappy.compress(b"framed")),
    ],
)
def test_a_corrupt_snappy_block_is_refused(block: bytes) -> None:
    with pytest.raises(MalformedBody, match="snappy: corrupt input"):
        snappy_block(block, bytes_max=MIB)


def test_a_snappy_block_is_judged_by_what_it_declares_before_anything_is_allocated() -> None:
    declares_4_gib = b"\xff\xff\xff\xff\x0f" + b"\x00" * 15
    tracemalloc.start()
    with pytest.raises(DecompressedTooLarge, match=r"\(4294967295 vs 1048576\)"):
        snappy_block(declares_4_gib, bytes_max=MIB)
    with pytest.raises(MalformedBody):
        snappy_block(declares_4_gib, bytes_max=2**33)
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()


def test_snappy_never_expands_more_than_the_bound_that_tells_lies_apart() -> None:
    assert snappy_block(snappy(bytes(MIB)), bytes_max=MIB) == bytes(MIB)


@given(st.binary(max_size=300), st.sampled_from(COMPRESSED))
def test_noise_is_refused_or_decoded_and_never_anything_else(noise: bytes, encoding: str) -> None:
    for data in (noise, ENCODERS[encoding](b"abc" * 50)[:20] + noise):
        with contextlib.suppress(MalformedBody, BodyTooLarge):
            decompress(data, encoding, bytes_max=MIB)


def test_gzip_is_known_by_its_first_bytes() -> None:
    assert is_gzip(gzip.compress(b"x"))
    assert not is_gzip(snappy(b"x"))
    assert gunzip(gzip.compress(b"x"), bytes_max=1) == b"x"


@pytest.mark.parametrize("kept", [11, 14, 500, 9_999])
def test_a_snappy_chunk_that_is_cut_is_refused(kept: int) -> None:
    """Between chunks nothing tells a cut from the end."""
    with pytest.raises(TruncatedBody):
        decompress(ENCODERS["snappy"](random.Random(2).randbytes(10_000))[:kept], "snappy", bytes_max=MIB)


@pytest.mark.parametrize("chunk", [b"\x00\x02\x00\x00ab", b"\x7f\x00\x00\x00", b"\x00\x05\x00\x00crc!\xff"])
def test_a_snappy_chunk_that_makes_no_sense_is_refused(chunk: bytes) -> None:
    with pytest.raises(MalformedBody):
        decompress(b"\xff\x06\x00\x00sNaPpY" + chunk, "snappy", bytes_max=MIB)

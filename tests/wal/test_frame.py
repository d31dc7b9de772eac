import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.frame import ALIGNMENT, FRAME_HEADER_BYTES, Kind, Secret, encode_header, frame_bytes, is_intact, padding, parse_header

SECRET = Secret(bytes(range(8)))


def encode(payload: bytes, lsn: int = 7, synced_lsn: int = 5, kind: Kind = Kind.DATA, secret: Secret = SECRET) -> bytes:
    return encode_header(secret, kind, lsn, synced_lsn, [payload]) + payload


@given(
    pieces=st.lists(st.binary(max_size=50), max_size=4),
    lsn=st.integers(1, 2**64 - 1),
    kind=st.sampled_from(Kind),
    secret=st.binary(min_size=8, max_size=8).map(Secret),
)
def test_what_is_encoded_is_read_back(pieces: list[bytes], lsn: int, kind: Kind, secret: Secret) -> None:
    payload = b"".join(pieces)
    data = encode_header(secret, kind, lsn, lsn - 1, pieces) + payload
    header = parse_header(secret, data)
    assert header is not None
    assert (header.length, header.lsn, header.synced_lsn, header.kind, header.flags) == (len(payload), lsn, lsn - 1, kind, 0)
    assert is_intact(secret, header, data)
    assert header.frame_bytes == len(data + padding(len(payload))) == frame_bytes(len(payload))
    assert header.frame_bytes % ALIGNMENT == 0


def test_the_bytes_are_as_documented() -> None:
    data = encode(b"hello")
    assert data[:26].hex(" ", 1) == "ab 4c 57 f6 05 00 00 00 07 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 02 00"
    assert int.from_bytes(data[26:28], "little") == zlib.crc32(data[:26], 0x07060504) & 0xFFFF
    assert int.from_bytes(data[28:32], "little") == zlib.crc32(data[:28] + b"hello", 0x03020100)


@pytest.mark.parametrize("mask", [1, 0x10, 0x80, 0xFF])
def test_any_changed_byte_is_noticed(mask: int) -> None:
    data = encode(b"some payload")
    for offset in range(len(data)):
        changed = bytearray(data)
        changed[offset] ^= mask
        header = parse_header(SECRET, bytes(changed))
        assert header is None or not is_intact(SECRET, header, bytes(changed))


def test_any_cut_is_noticed() -> None:
    data = encode(b"some payload")
    for size in range(len(data)):
        header = parse_header(SECRET, data[:size])
        assert header is None or not is_intact(SECRET, header, data[:size])


@given(secret=st.binary(min_size=8, max_size=8).map(Secret))
def test_a_frame_of_another_segment_is_none_of_this_one(secret: Secret) -> None:
    header = parse_header(secret, encode(b"copied"))
    assert secret == SECRET or header is None or not is_intact(secret, header, encode(b"copied"))


@given(data=st.binary(max_size=200))
def test_noise_is_no_frame(data: bytes) -> None:
    assert parse_header(SECRET, data) is None


def test_an_empty_frame_is_a_header() -> None:
    assert frame_bytes(0) == FRAME_HEADER_BYTES == len(encode(b""))

"""One frame of the log: bytes ↔ values. No files, no clock. Drawn in docs/formats/wal.md.

    magic 4 | length u32 | lsn u64 | synced_lsn u64 | kind u8 | flags u8 | check u16 | crc u32 | payload | pad to 8

`crc` covers every other byte but the padding and starts from a secret of the segment: a log line that contains frame-shaped bytes, or what a
recycled block still holds, can never be taken for a frame. Any CRC-32 finds every change confined to 32 neighbouring bits.

`check` covers the header alone. Without it, a payload full of header-shaped bytes (a log line is user input) would cost a reader that searches past
damage one checksum of up to 8 MiB for each of them.
"""

from __future__ import annotations

import enum
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

MAGIC = b"\xabLW\xf6"
_FIELDS = struct.Struct("<4sIQQBB")
_CHECK = struct.Struct("<H")
_CRC = struct.Struct("<I")
FRAME_HEADER_BYTES = _FIELDS.size + _CHECK.size + _CRC.size
ALIGNMENT = 8
PAYLOAD_BYTES_MAX = 8 * 1024 * 1024
"""Of the format: no reader accepts more, so no damaged length makes it read more. A CRC-32 is trusted up to here."""
SECRET_BYTES = 8

assert FRAME_HEADER_BYTES == 32
assert FRAME_HEADER_BYTES % ALIGNMENT == 0


class Kind(enum.IntEnum):
    EMPTY = 0
    """No payload. Says with its synced_lsn that the frames before it were synced."""
    RECOVERY = 1
    """What a recovery found; the first frame of a process."""
    DATA = 2
    """What somebody appended."""


@dataclass(slots=True, frozen=True)
class Secret:
    """Random bytes of one segment from which its checksums start."""

    value: bytes

    def __post_init__(self) -> None:
        assert len(self.value) == SECRET_BYTES

    @property
    def crc_seed(self) -> int:
        return int.from_bytes(self.value[:4], "little")

    @property
    def check_seed(self) -> int:
        return int.from_bytes(self.value[4:], "little")


@dataclass(slots=True, frozen=True)
class FrameHeader:
    length: int
    """Bytes of payload."""
    lsn: int
    synced_lsn: int
    """The last frame known to be synced when this one was written: what is missing at or below it was acknowledged, what is above was not."""
    kind: int
    flags: int
    crc: int

    @property
    def frame_bytes(self) -> int:
        return frame_bytes(self.length)


def frame_bytes(length: int) -> int:
    """Bytes that a frame with `length` bytes of payload takes in a segment, padding included."""
    return -(-(FRAME_HEADER_BYTES + length) // ALIGNMENT) * ALIGNMENT


def padding(length: int) -> bytes:
    return bytes(-length % ALIGNMENT)


def encode_header(secret: Secret, kind: Kind, lsn: int, synced_lsn: int, payload: Sequence[bytes | memoryview]) -> bytes:
    """The 32 bytes before `payload`, which is checksummed piece by piece and never joined. zlib releases the interpreter lock for large pieces."""
    assert 0 <= synced_lsn < lsn
    length = sum(len(piece) for piece in payload)
    assert length <= PAYLOAD_BYTES_MAX
    fields = _FIELDS.pack(MAGIC, length, lsn, synced_lsn, kind, 0)
    head = fields + _CHECK.pack(_check(secret, fields))
    crc = zlib.crc32(head, secret.crc_seed)
    for piece in payload:
        crc = zlib.crc32(piece, crc)
    return head + _CRC.pack(crc)


def parse_header(secret: Secret, data: bytes | memoryview) -> FrameHeader | None:
    """None unless `data` begins with a header of this segment. The payload may still be damaged: see `is_intact`."""
    if len(data) < FRAME_HEADER_BYTES:
        return None
    magic, length, lsn, synced_lsn, kind, flags = _FIELDS.unpack_from(data)
    if magic != MAGIC or length > PAYLOAD_BYTES_MAX or synced_lsn >= lsn:
        return None
    (check,) = _CHECK.unpack_from(data, _FIELDS.size)
    if check != _check(secret, data[: _FIELDS.size]):
        return None
    (crc,) = _CRC.unpack_from(data, _FIELDS.size + _CHECK.size)
    return FrameHeader(length, lsn, synced_lsn, kind, flags, crc)


def is_intact(secret: Secret, header: FrameHeader, frame: bytes | memoryview) -> bool:
    """frame: header and payload, with or without padding."""
    head = frame[: FRAME_HEADER_BYTES - _CRC.size]
    payload = frame[FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + header.length]
    return len(payload) == header.length and zlib.crc32(payload, zlib.crc32(head, secret.crc_seed)) == header.crc


def _check(secret: Secret, fields: bytes | memoryview) -> int:
    return zlib.crc32(fields, secret.check_seed) & 0xFFFF

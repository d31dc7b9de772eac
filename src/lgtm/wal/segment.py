"""A segment file: its name, its header, and the writing of frames into it. Drawn in docs/formats/wal.md.

    magic 8 | version u32 | wal_id 16 | number u64 | first_lsn u64 | synced_lsn u64 | created_ns u64 | secret 8 | crc u32 | frames …

A segment is allocated in full and synced before it is used; its header is written together with its first frames.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import SECRET_BYTES, Secret

SEGMENT_MAGIC = b"lgtm.wal"
SEGMENT_VERSION = 1
WAL_ID_BYTES = 16
_HEADER = struct.Struct(f"<8sI{WAL_ID_BYTES}sQQQQ{SECRET_BYTES}s")
_CRC = struct.Struct("<I")
SEGMENT_HEADER_BYTES = _HEADER.size + _CRC.size
_NAME = re.compile(r"^([0-9]{8,15})\.log$", re.ASCII)

assert SEGMENT_HEADER_BYTES == 72


@dataclass(slots=True, frozen=True)
class SegmentHeader:
    wal_id: bytes
    number: int
    first_lsn: int
    synced_lsn: int
    """Synced when the header was written: first_lsn - 1 where a process went on from one segment to the next, 0 in the first one of a process, whose
    recovery record says what came before."""
    created_ns: int
    secret: Secret

    def encode(self) -> bytes:
        fields = (self.wal_id, self.number, self.first_lsn, self.synced_lsn, self.created_ns, self.secret.value)
        data = _HEADER.pack(SEGMENT_MAGIC, SEGMENT_VERSION, *fields)
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def decode(cls, data: bytes, where: str) -> SegmentHeader | None:
        """None when the bytes are no header, or a damaged one. Raises UnsupportedFormat for an intact header of another version."""
        if len(data) < SEGMENT_HEADER_BYTES or not data.startswith(SEGMENT_MAGIC):
            return None
        if _CRC.unpack_from(data, _HEADER.size)[0] != zlib.crc32(data[: _HEADER.size]):
            return None
        _, version, wal_id, number, first_lsn, synced_lsn, created_ns, secret = _HEADER.unpack_from(data)
        if version != SEGMENT_VERSION:
            raise UnsupportedFormat(where, f"segment of format version {version}")
        return cls(wal_id, number, first_lsn, synced_lsn, created_ns, Secret(secret))


def segment_name(number: int) -> str:
    return f"{number:08d}.log"


def segment_number(name: str) -> int | None:
    """None when a file of this name is no segment."""
    match = _NAME.match(name)
    return int(match[1]) if match and segment_name(int(match[1])) == name else None


@dataclass(slots=True, frozen=True)
class SegmentInfo:
    """A segment as the owner of the log sees it."""

    number: int
    path: Path
    bytes: int
    """Up to the end of its last valid frame."""
    first_lsn: int
    last_lsn: int
    """`first_lsn - 1` while it holds no valid frame."""
    is_open: bool


Pieces = Sequence[bytes | memoryview]

"""The identity file: which log a directory is, and a second copy of each segment's secret. Drawn in docs/formats/wal.md.

    magic 8 | version u32 | wal_id 16 | deleted_before u64 | deleted_lsn u64 | count u32 | count × (number u64, secret 8) | crc u32

Order of changes, so that what it lists is always true after a crash: a segment is listed only once its file is durable, and no frame is acknowledged
in a segment that is not listed; a file is removed only after it is no longer listed. Hence a listed segment without a file was lost.

Losing the file costs the second copies, and the proof that a missing last segment ever existed; everything else is in the segments.
"""

from __future__ import annotations

import contextlib
import errno
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lgtm.wal.disk import Disk
from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import SECRET_BYTES, Secret
from lgtm.wal.segment import WAL_ID_BYTES, segment_number

IDENTITY_MAGIC = b"lgtm.wid"
IDENTITY_VERSION = 1
IDENTITY_BYTES_MAX = 16 * 1024 * 1024
"""Bound for a reader: a million segments."""
_HEADER = struct.Struct(f"<8sI{WAL_ID_BYTES}sQQI")
_SEGMENT = struct.Struct(f"<Q{SECRET_BYTES}s")
_CRC = struct.Struct("<I")
_UNKNOWN_LSN = 2**64 - 1


@dataclass(slots=True, frozen=True)
class Identity:
    wal_id: bytes
    secrets: Mapping[int, Secret]
    """By segment number; its keys are the segments that exist."""
    deleted_before: int = 0
    """Segments below this number were deleted on purpose; a file that is still there is to be removed."""
    deleted_lsn: int | None = 0
    """The last frame that was deleted on purpose. None (all ones in the file) when this is not known, because the file was rebuilt."""

    def with_segment(self, number: int, secret: Secret) -> Identity:
        return replace(self, secrets={**self.secrets, number: secret})

    def without(self, numbers: set[int]) -> Identity:
        return replace(self, secrets={number: secret for number, secret in self.secrets.items() if number not in numbers})

    def encode(self) -> bytes:
        deleted_lsn = _UNKNOWN_LSN if self.deleted_lsn is None else self.deleted_lsn
        head = _HEADER.pack(IDENTITY_MAGIC, IDENTITY_VERSION, self.wal_id, self.deleted_before, deleted_lsn, len(self.secrets))
        data = head + b"".join(_SEGMENT.pack(number, secret.value) for number, secret in sorted(self.secrets.items()))
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def decode(cls, data: bytes, where: str) -> Identity | None:
        """None when the bytes are not an identity file, or a damaged one. Raises UnsupportedFormat for an intact one of another version."""
        if len(data) < _HEADER.size + _CRC.size or not data.startswith(IDENTITY_MAGIC):
            return None
        if _CRC.unpack_from(data, len(data) - _CRC.size)[0] != zlib.crc32(data[: -_CRC.size]):
            return None
        _, version, wal_id, deleted_before, deleted_lsn, count = _HEADER.unpack_from(data)
        if version != IDENTITY_VERSION or len(data) != _HEADER.size + count * _SEGMENT.size + _CRC.size:
            raise UnsupportedFormat(where, f"identity file of format version {version}")
        secrets = {number: Secret(value) for number, value in _SEGMENT.iter_unpack(data[_HEADER.size : -_CRC.size])}
        return cls(wal_id, secrets, deleted_before, None if deleted_lsn == _UNKNOWN_LSN else deleted_lsn)


@dataclass(slots=True, frozen=True)
class Layout:
    """Where the things of a log are."""

    root: Path

    @property
    def identity(self) -> Path:
        return self.root / "identity"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def reserve(self) -> Path:
        return self.root / "reserve"

    @property
    def damaged(self) -> Path:
        """Second names of damaged files, which stay when the log deletes its own."""
        return self.root / "damaged"

    def segments(self, wal_id: bytes) -> Path:
        return self.root / wal_id.hex()

    def wal_ids(self, disk: Disk) -> tuple[bytes, ...]:
        """Logs that have segments here: one, unless somebody mixed two. An empty directory is what a crash in the first start leaves."""
        names = (name for name in disk.list(self.root) if len(name) == 2 * WAL_ID_BYTES and not set(name) - set("0123456789abcdef"))
        return tuple(bytes.fromhex(name) for name in names if any(segment_number(file) for file in disk.list(self.root / name)))


def load(disk: Disk, layout: Layout) -> Identity | None:
    """None when there is no intact identity file."""
    try:
        file = disk.open(layout.identity)
    except FileNotFoundError:
        return None
    with contextlib.closing(file):
        try:
            data = file.read(0, min(file.size(), IDENTITY_BYTES_MAX))
        except OSError:
            return None
    return Identity.decode(data, str(layout.identity))


def save(disk: Disk, layout: Layout, identity: Identity) -> None:
    """Atomic and durable on return; after an OSError either the old or the new one is there."""
    temporary = layout.root / "identity.tmp"
    with contextlib.suppress(FileNotFoundError):
        disk.unlink(temporary)
    data = identity.encode()
    with contextlib.closing(disk.create(temporary)) as file:
        if file.write(0, [data]) != len(data):
            raise OSError(errno.ENOSPC, "short write", str(temporary))
        file.sync()
    disk.rename(temporary, layout.identity)
    disk.sync_directory(layout.root)

"""The `wal` section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.wal.frame import ALIGNMENT, FRAME_HEADER_BYTES, PAYLOAD_BYTES_MAX, frame_bytes
from lgtm.wal.segment import SEGMENT_HEADER_BYTES

MIB = 1024 * 1024


@dataclass(slots=True, frozen=True, kw_only=True)
class WalConfig:
    segment_bytes_max: int = 64 * MIB
    """Bytes of a segment, allocated before it is used. At least twice the largest frame."""
    segment_age_s_max: int = 1_800
    """A segment is closed at this age even if small, so that a trickle of data cannot pin it for hours."""
    payload_bytes_max: int = PAYLOAD_BYTES_MAX
    """Bytes of one append; at most 8 MiB."""
    pending_bytes_max: int = 64 * MIB
    """Bytes that may wait for the disk; an append beyond that is refused, the sender tries again or elsewhere."""
    quiet_s: float = 1.0
    """After this long without an append one empty frame is written, as proof that the last one was synced. Also how often space is looked at."""
    disk_pressure_ratio: float = 0.85
    """Used part of the volume (space or inodes) from which on heads are flushed early."""
    disk_refuse_ratio: float = 0.92
    """Used part of the volume from which on appends are refused, until a flush has freed space."""
    reserve_file: bool = True
    """Keep one segment's worth of space in a file that is given up when nothing else is left, so that recovery and deletion have room."""

    def __post_init__(self) -> None:
        if not 256 <= self.payload_bytes_max <= PAYLOAD_BYTES_MAX:
            raise ValueError(f"wal.payload_bytes_max must lie between 256 and {PAYLOAD_BYTES_MAX}")
        if self.segment_bytes_max < 2 * frame_bytes(self.payload_bytes_max) or self.segment_bytes_max % ALIGNMENT:
            raise ValueError("wal.segment_bytes_max must be at least twice wal.payload_bytes_max with its 32 bytes of header, and a multiple of 8")
        if self.pending_bytes_max < self.payload_bytes_max:
            raise ValueError("wal.pending_bytes_max must not be below wal.payload_bytes_max")
        if not 0 < self.disk_pressure_ratio <= self.disk_refuse_ratio <= 1:
            raise ValueError("wal.disk_pressure_ratio must not be above wal.disk_refuse_ratio, both within 0 and 1")
        if self.segment_age_s_max <= 0 or self.quiet_s <= 0:
            raise ValueError("wal.segment_age_s_max and wal.quiet_s must be above 0")

    @property
    def frames_end(self) -> int:
        """Offset that frames of callers never pass: the last 32 bytes of a segment are for the empty frame that closes it."""
        return self.segment_bytes_max - FRAME_HEADER_BYTES


assert SEGMENT_HEADER_BYTES % ALIGNMENT == 0

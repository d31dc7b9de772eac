"""Which segment a frame will be in, known at the moment it is handed over. No files.

The segment must be known before the frame is written: `cut` answers at once with a segment number, and every frame handed over earlier lands below
it, every later one at or above it. The writer follows these decisions to the letter.
"""

from __future__ import annotations

from lgtm.wal.frame import frame_bytes
from lgtm.wal.segment import SEGMENT_HEADER_BYTES


class Placement:
    def __init__(self, segment: int, offset: int, *, frames_end: int, age_ns_max: int, now_ns: int) -> None:
        """segment: the open one, filled up to `offset`; frames_end: offset that no frame may pass; now_ns: monotonic."""
        self.segment = segment
        self.offset = offset
        self._frames_end = frames_end
        self._age_ns_max = age_ns_max
        self._opened_ns = now_ns

    def place(self, payload_bytes: int, now_ns: int) -> int:
        """The segment of the next frame."""
        size = frame_bytes(payload_bytes)
        if self.offset + size > self._frames_end or self.is_old(now_ns):
            self._next()
        if self.is_empty:
            self._opened_ns = now_ns
        self.offset += size
        return self.segment

    def cut(self) -> int:
        """Later frames land in this segment or above; earlier ones below it. Costs no segment when nothing was placed since the last cut."""
        if not self.is_empty:
            self._next()
        return self.segment

    @property
    def is_empty(self) -> bool:
        return self.offset == SEGMENT_HEADER_BYTES

    def is_old(self, now_ns: int) -> bool:
        return not self.is_empty and now_ns - self._opened_ns >= self._age_ns_max

    def _next(self) -> None:
        self.segment += 1
        self.offset = SEGMENT_HEADER_BYTES

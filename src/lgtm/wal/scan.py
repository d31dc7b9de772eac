"""Finding the valid frames of a segment, whatever its bytes are. No files: it is handed a function that reads.

Memory is one window of a few MiB, whatever the size of the file. Time is linear in the size: behind a bad frame every 8-byte step is looked at, but
only what passes the header's own check costs a checksum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import ALIGNMENT, FRAME_HEADER_BYTES, MAGIC, Kind, Secret, is_intact, parse_header

ReadAt = Callable[[int, int], bytes]
"""(offset, size) → bytes; fewer than `size` only at the end."""

WINDOW_BYTES = 4 * 1024 * 1024
_ZEROS = bytes(WINDOW_BYTES)


@dataclass(slots=True, frozen=True)
class Frame:
    offset: int
    end: int
    """Where the next frame starts: padding belongs to the frame."""
    lsn: int
    synced_lsn: int
    kind: Kind
    payload: memoryview


@dataclass(slots=True, frozen=True)
class BadRange:
    """Bytes in which no frame is valid: never written, torn, lost or damaged. Which of these, only what follows can tell."""

    offset: int
    end: int
    noise_end: int
    """Behind the last byte that is not zero; `offset` when there is none."""

    @property
    def is_zero(self) -> bool:
        return self.noise_end == self.offset


class Window:
    """Reads through a file in large pieces, so that frames come as views of them and are not copied."""

    def __init__(self, read: ReadAt, size: int) -> None:
        self._read = read
        self.size = size
        self._start = 0
        self._data = memoryview(b"")

    def view(self, offset: int, size: int) -> memoryview:
        """The bytes at `offset`, fewer than `size` at the end of the file."""
        size = max(0, min(size, self.size - offset))
        if offset < self._start or offset + size > self._start + len(self._data):
            # From `offset` on, so that the frame that did not fit starts the next window, on its 8-byte boundary.
            self._start, self._data = offset, memoryview(self._read(offset, min(max(size, WINDOW_BYTES), self.size - offset)))
        return self._data[offset - self._start : offset - self._start + size]


def read_frame(window: Window, offset: int, secret: Secret, where: str) -> Frame | None:
    """None when there is no valid frame. Raises UnsupportedFormat for one that is valid and of an unknown kind."""
    header = parse_header(secret, window.view(offset, FRAME_HEADER_BYTES))
    if header is None:
        return None
    view = window.view(offset, FRAME_HEADER_BYTES + header.length)
    if not is_intact(secret, header, view):
        return None
    if header.flags or header.kind > max(Kind):
        raise UnsupportedFormat(f"{where}, offset {offset}", f"frame of kind {header.kind} with flags {header.flags}")
    return Frame(offset, offset + header.frame_bytes, header.lsn, header.synced_lsn, Kind(header.kind), view[FRAME_HEADER_BYTES:])


def scan(window: Window, start: int, secret: Secret | None, where: str) -> Iterator[Frame | BadRange]:
    """Valid frames with rising lsn and what lies between them, in order, up to the end of the file.

    secret: None when it is lost in the header and in the identity file; then nothing can be valid.
    """
    offset, lsn = start, 0
    while offset < window.size:
        frame = read_frame(window, offset, secret, where) if secret else None
        if frame is not None and frame.lsn > lsn:
            yield frame
            offset, lsn = frame.end, frame.lsn
        else:
            bad = _find_next(window, offset, secret, lsn, where)
            yield bad
            offset = bad.end


def _find_next(window: Window, offset: int, secret: Secret | None, after_lsn: int, where: str) -> BadRange:
    noise_end = offset
    for piece_start in range(offset, window.size, WINDOW_BYTES):
        piece = bytes(window.view(piece_start, WINDOW_BYTES))
        if piece == _ZEROS[: len(piece)]:
            continue
        for candidate in _candidates(piece, piece_start) if secret else ():
            frame = read_frame(window, candidate, secret, where) if candidate > offset and secret else None
            if frame is not None and frame.lsn > after_lsn:
                before = piece[: candidate - piece_start].rstrip(b"\0")
                return BadRange(offset, candidate, piece_start + len(before) if before else noise_end)
        noise_end = piece_start + len(piece.rstrip(b"\0"))
    return BadRange(offset, window.size, noise_end)


def _candidates(piece: bytes, start: int) -> Iterator[int]:
    """Offsets of aligned magic bytes. Pieces start on the alignment, so that none lies across two of them."""
    at = piece.find(MAGIC)
    while at >= 0:
        if (start + at) % ALIGNMENT == 0:
            yield start + at
        at = piece.find(MAGIC, at + 1)

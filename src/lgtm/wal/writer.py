"""The blocking half of the log: owns the open segment, and is only ever called from one thread.

Errors: DiskFull when no segment could be made: nothing was written, the log goes on. Any OSError ends the log: after a failed write the position in
the file is unknown, and after a failed sync the kernel has already forgotten which pages were lost: a second sync would succeed and mean nothing.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from lgtm.clock import NS_PER_S, Clock
from lgtm.wal.config import WalConfig
from lgtm.wal.disk import Disk, File, is_full
from lgtm.wal.errors import DiskFull
from lgtm.wal.frame import SECRET_BYTES, Kind, Secret, encode_header, frame_bytes, padding
from lgtm.wal.identity import Identity, Layout, save
from lgtm.wal.lsn import Ranges, count
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.segment import Pieces, SegmentHeader, SegmentInfo, segment_name, segment_number
from lgtm.wal.space import DiskState, Reserve, judge_space

_T = TypeVar("_T")


@dataclass(slots=True, frozen=True)
class Entry:
    kind: Kind
    payload: Pieces
    length: int
    """Bytes of payload."""


@dataclass(slots=True)
class _OpenSegment:
    number: int
    path: Path
    file: File
    secret: Secret
    is_listed: bool = False
    """In the identity file; no frame is written before."""
    end: int = 0
    """Offset of the next frame; 0 until the header is written."""
    first_lsn: int = 0
    ends_empty: bool = False
    """Whether its last frame is an empty one, so that all others are proven to be synced."""


@dataclass(slots=True)
class Writer:
    disk: Disk
    layout: Layout
    config: WalConfig
    clock: Clock
    random: random.Random
    metrics: WalMetrics
    identity: Identity
    last_lsn: int
    kept: Mapping[int, SegmentInfo]
    """Closed segments. Replaced, never changed, because the event loop reads it."""
    strays: tuple[Path, ...] = ()
    """Further files among the segments, which go when the segments up to their number go."""
    damage: Ranges = ()
    """Frames in kept segments that were acknowledged and cannot be read."""
    disk_state: DiskState = field(default=DiskState.OK, init=False)
    synced_lsn: int = field(init=False)
    _open: _OpenSegment | None = field(default=None, init=False)
    _next: _OpenSegment | None = field(default=None, init=False)
    """Prepared, not yet written."""
    _newest: int = field(default=0, init=False)
    """Highest segment number ever used."""
    _reserve: Reserve = field(init=False)

    def __post_init__(self) -> None:
        self.synced_lsn = self.last_lsn  # a recovery syncs what it finds before it believes it
        self._reserve = Reserve(self.disk, self.layout, self.config.segment_bytes_max)

    def begin(self, number: int, payload: bytes) -> SegmentInfo:
        """Opens the first segment of this process with its recovery record, durable on return."""
        self._newest = number - 1
        self._open_segment(number)
        self._write([Entry(Kind.RECOVERY, (payload,), len(payload))])
        return self.segments()[-1]

    def commit(self, segment: int, entries: Sequence[Entry]) -> int:
        """Writes `entries` into `segment` in one call and syncs once. Returns the lsn of the first, the others follow. Raises DiskFull, OSError."""
        if self._open is None or self._open.number != segment:
            self._close_open()
            self._open_segment(segment)
            self.look_at_space()
        return self._write(entries)

    def close_below(self, segment: int) -> None:
        """Closes the open segment if its number is lower: no frame will be added to it."""
        if self._open is not None and self._open.number < segment:
            self._close_open()

    def delete_before(self, segment: int) -> None:
        """Forgets and removes segments below `segment`, durable on return. Raises DiskFull when not even that can be written down."""
        self.close_below(segment)
        gone = {number: info for number, info in self.kept.items() if number < segment}
        strays = [path for path in self.strays if (segment_number(path.name) or 0) < segment]
        if not gone and not strays:
            return
        deleted_lsn = max((info.last_lsn for info in gone.values()), default=0)
        identity = replace(
            self.identity.without(set(gone)),
            deleted_before=max(segment, self.identity.deleted_before),
            deleted_lsn=max(deleted_lsn, self.identity.deleted_lsn or 0),
        )
        self._make_room(lambda: self._save(identity))
        for path in [info.path for info in gone.values()] + strays:
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                self.disk.unlink(path)
        self.disk.sync_directory(self.layout.segments(self.identity.wal_id))
        self.kept = {number: info for number, info in self.kept.items() if number not in gone}
        self.strays = tuple(path for path in self.strays if path not in strays)
        self.damage = tuple(item for item in self.damage if item.last > deleted_lsn)
        self.metrics.damaged_frames.set(count(self.damage))

    def forget(self, numbers: set[int]) -> None:
        """Lists segments no longer whose files are gone."""
        self._make_room(lambda: self._save(self.identity.without(numbers)))

    def maintain(self) -> None:
        """Looks at the space, makes the next segment ready, keeps the reserve. Called when there is nothing to write, and each `quiet_s`."""
        self.look_at_space()
        if self.disk_state is not DiskState.FULL:
            self.prepare_next()
        if self.disk_state is DiskState.OK and self.config.reserve_file:
            self._reserve.ensure()

    def prepare_next(self) -> None:
        """So that the space of a segment is taken before it is needed, and a full volume is noticed between frames, never inside one."""
        if self._next is None or not self._next.is_listed:
            try:
                self._next = self._prepare(self._newest + 1)
            except OSError as error:
                if not is_full(error):
                    raise

    def look_at_space(self) -> None:
        space = self.disk.space(self.layout.root)
        self.disk_state = judge_space(space, self.config)
        self.metrics.disk_used_ratio.set(space.ratio)

    @property
    def is_half_full(self) -> bool:
        return self._open is not None and self._open.end > self.config.segment_bytes_max // 2

    def close(self) -> None:
        self._close_open()
        self.abandon()

    def abandon(self) -> None:
        """Closes files without writing."""
        for segment in (self._open, self._next):
            if segment is not None:
                with contextlib.suppress(OSError):
                    segment.file.close()
        self._open = self._next = None

    def segments(self) -> tuple[SegmentInfo, ...]:
        """Kept ones by number, the open one last."""
        current, closed = self._open, tuple(self.kept.values())
        return (*closed, self._info(current, is_open=True)) if current is not None and current.end else closed

    def _open_segment(self, number: int) -> None:
        self._open = self._make_room(lambda: self._prepare(number))
        self._next = None

    def _write(self, entries: Sequence[Entry]) -> int:
        segment = self._open
        assert segment is not None
        assert segment.is_listed
        first_lsn = lsn = self.last_lsn + 1
        buffers: list[bytes | memoryview] = [] if segment.end else [self._header(segment, entries[0].kind)]
        size = sum(map(len, buffers))
        for entry in entries:
            buffers.append(encode_header(segment.secret, entry.kind, lsn, self.synced_lsn, entry.payload))
            buffers.extend(entry.payload)
            buffers.append(padding(entry.length))
            size += frame_bytes(entry.length)
            lsn += 1
        assert segment.end + size <= self.config.segment_bytes_max
        if (written := segment.file.write(segment.end, buffers)) != size:
            raise OSError(f"short write: {written} of {size} bytes at offset {segment.end} of {segment.path}")
        self._sync(segment.file)
        segment.first_lsn = segment.first_lsn or first_lsn
        segment.end += size
        segment.ends_empty = entries[-1].kind is Kind.EMPTY
        self.last_lsn = self.synced_lsn = lsn - 1
        self.metrics.frames.inc(len(entries))
        self.metrics.bytes.inc(size)
        return first_lsn

    def _sync(self, file: File) -> None:
        started_ns = self.clock.monotonic_ns()
        file.sync()
        self.metrics.sync_s.observe((self.clock.monotonic_ns() - started_ns) / NS_PER_S)

    def _header(self, segment: _OpenSegment, first: Kind) -> bytes:
        # A header may survive without the recovery record behind it, whose verdict its synced_lsn would overrule: see SegmentHeader.
        synced_lsn = 0 if first is Kind.RECOVERY else self.synced_lsn
        created_ns = max(0, self.clock.now_ns())
        return SegmentHeader(self.identity.wal_id, segment.number, self.last_lsn + 1, synced_lsn, created_ns, segment.secret).encode()

    def _close_open(self) -> None:
        segment = self._open
        if segment is None:
            return
        if segment.end and not segment.ends_empty:
            self._write([Entry(Kind.EMPTY, (), 0)])
        if segment.end:
            self.kept = {**self.kept, segment.number: self._info(segment, is_open=False)}
        self._open = None
        segment.file.close()
        if segment.end:
            self.disk.truncate(segment.path, segment.end)  # gives back what was allocated and not used

    def _info(self, segment: _OpenSegment, *, is_open: bool) -> SegmentInfo:
        return SegmentInfo(segment.number, segment.path, segment.end, segment.first_lsn, self.last_lsn, is_open)

    def _prepare(self, number: int) -> _OpenSegment:
        """A segment ready for frames: allocated, durable under its name, listed. Steps that succeeded are not repeated after an error."""
        if self._next is not None and self._next.number != number:
            self._discard(self._next)
        segment = self._next = self._next or self._create(number)
        if not segment.is_listed:
            self._save(self.identity.with_segment(number, segment.secret))
            segment.is_listed = True
        return segment

    def _create(self, number: int) -> _OpenSegment:
        path = self.layout.segments(self.identity.wal_id) / segment_name(number)
        file = self.disk.create(path)
        try:
            file.allocate(self.config.segment_bytes_max)
            file.sync()
            self.disk.sync_directory(path.parent)
        except OSError:
            file.close()
            with contextlib.suppress(OSError):
                self.disk.unlink(path)
            raise
        self._newest = max(self._newest, number)
        return _OpenSegment(number, path, file, Secret(self.random.randbytes(SECRET_BYTES)))

    def _discard(self, segment: _OpenSegment) -> None:
        # Prepared for a number that a cut has passed while the volume was full.
        self._save(self.identity.without({segment.number}))
        segment.file.close()
        self.disk.unlink(segment.path)
        self._next = None

    def _save(self, identity: Identity) -> None:
        save(self.disk, self.layout, identity)
        self.identity = identity

    def _make_room(self, action: Callable[[], _T]) -> _T:
        """Does `action`; where the volume is full, once more without the reserve."""
        try:
            return action()
        except OSError as error:
            if not is_full(error) or not self._reserve.release():
                raise self._as_full(error) from error
        try:
            return action()
        except OSError as error:
            raise self._as_full(error) from error

    def _as_full(self, error: OSError) -> Exception:
        return DiskFull(self.layout.root, str(error)) if is_full(error) else error

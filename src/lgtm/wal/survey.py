"""What lies in the files of a log directory: read once, in order, kept as a summary of a few hundred bytes a segment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lgtm.wal.disk import Disk, File
from lgtm.wal.errors import ForeignLog
from lgtm.wal.frame import Kind, Secret
from lgtm.wal.record import RecoveryRecord
from lgtm.wal.scan import BadRange, Frame, ReadAt, Window, scan
from lgtm.wal.segment import SEGMENT_HEADER_BYTES, SegmentHeader, segment_number

_SECTOR_BYTES = 4096


@dataclass(slots=True, frozen=True)
class Run:
    """Valid frames that follow each other without a gap in bytes or lsn."""

    offset: int
    end: int
    first_lsn: int
    last_lsn: int


@dataclass(slots=True, frozen=True)
class Survey:
    """One segment file. Nothing here says yet whether what is unreadable was ever acknowledged; see `verdict.py`."""

    path: Path
    number: int
    """As its header says; as its name says when the header is lost."""
    size: int
    header: SegmentHeader | None
    secret: Secret | None
    runs: tuple[Run, ...] = ()
    bad: tuple[BadRange, ...] = ()
    recoveries: tuple[RecoveryRecord, ...] = ()
    synced_lsn: int = 0
    """Highest synced_lsn of a valid frame or the header."""
    frames: int = 0
    payload_bytes: int = 0
    read_errors: int = 0
    """Reads that the device refused; such bytes count as damaged."""

    @property
    def end(self) -> int:
        """Behind the last valid frame."""
        if self.runs:
            return self.runs[-1].end
        return SEGMENT_HEADER_BYTES if self.header else 0

    @property
    def last_lsn(self) -> int:
        return self.runs[-1].last_lsn if self.runs else 0

    @property
    def is_unused(self) -> bool:
        """Nothing but zeros: allocated for a segment that was never written, or all of it lost with the power."""
        return self.header is None and not self.runs and all(bad.is_zero for bad in self.bad) and not self.read_errors

    @property
    def is_clean(self) -> bool:
        """Whether it holds nothing but valid frames and zeros behind them."""
        return self.header is not None and all(bad.is_zero and bad.end == self.size for bad in self.bad) and not self.read_errors

    @property
    def noise_bytes(self) -> int:
        return sum(bad.noise_end - bad.offset for bad in self.bad)


@dataclass(slots=True)
class _Summary:
    runs: list[Run] = field(default_factory=list)
    bad: list[BadRange] = field(default_factory=list)
    recoveries: list[RecoveryRecord] = field(default_factory=list)
    synced_lsn: int = 0
    frames: int = 0
    payload_bytes: int = 0

    def add_frame(self, frame: Frame, where: str) -> None:
        self.frames += 1
        self.payload_bytes += len(frame.payload)
        self.synced_lsn = max(self.synced_lsn, frame.synced_lsn)
        if frame.kind is Kind.RECOVERY:
            self.recoveries.append(RecoveryRecord.decode(frame.payload, where))
        last = self.runs[-1] if self.runs else None
        if last is not None and (last.end, last.last_lsn + 1) == (frame.offset, frame.lsn):
            self.runs[-1] = Run(last.offset, frame.end, last.first_lsn, frame.lsn)
        else:
            self.runs.append(Run(frame.offset, frame.end, frame.lsn, frame.lsn))


def survey_segment(
    disk: Disk, path: Path, wal_id: bytes | None, secrets: Mapping[int, Secret], *, on_frame: Callable[[Frame], None] | None = None
) -> Survey:
    """Reads one file to its end. Raises ForeignLog when its header names another log than `wal_id` (None: any), UnsupportedFormat for a newer one."""
    file_number = segment_number(path.name) or 0
    try:
        file = disk.open(path)
    except OSError:
        return Survey(path, file_number, 0, None, None, read_errors=1)
    with contextlib.closing(file):
        reader = _Reader(file)
        header = SegmentHeader.decode(reader.read(0, SEGMENT_HEADER_BYTES), str(path))
        if header is not None and wal_id is not None and header.wal_id != wal_id:
            raise ForeignLog(path, header.wal_id.hex(), wal_id.hex())
        secret = header.secret if header else secrets.get(file_number)
        summary = _summarise(reader, header, secret, str(path), on_frame or (lambda _: None))
        synced_lsn = max(summary.synced_lsn, header.synced_lsn if header else 0)
        number = header.number if header else file_number
        found = (tuple(summary.runs), tuple(summary.bad), tuple(summary.recoveries), synced_lsn, summary.frames, summary.payload_bytes)
        return Survey(path, number, reader.size, header, secret, *found, reader.errors)


def survey_directory(disk: Disk, directory: Path, wal_id: bytes | None, secrets: Mapping[int, Secret]) -> tuple[list[Survey], list[Survey]]:
    """Every segment in order of its number, and the duplicates: files whose header names a segment that another file is."""
    paths = [directory / name for name in disk.list(directory) if segment_number(name) is not None]
    return _without_duplicates(survey_segment(disk, path, wal_id, secrets) for path in paths)


def read_at(file: File) -> tuple[ReadAt, int]:
    """A reading function that goes on where the device reports errors, and the size of the file."""
    reader = _Reader(file)
    return reader.read, reader.size


def _without_duplicates(surveys: Iterable[Survey]) -> tuple[list[Survey], list[Survey]]:
    segments: dict[int, Survey] = {}
    duplicates: list[Survey] = []
    for survey in surveys:
        other = segments.get(survey.number)
        if other is None:
            segments[survey.number] = survey
        elif segment_number(survey.path.name) == survey.number:
            segments[survey.number] = survey
            duplicates.append(other)
        else:
            duplicates.append(survey)
    return [segments[number] for number in sorted(segments)], duplicates


def _summarise(reader: _Reader, header: SegmentHeader | None, secret: Secret | None, where: str, on_frame: Callable[[Frame], None]) -> _Summary:
    summary = _Summary()
    if header is None:
        summary.bad.extend(_lost_header(reader.read(0, SEGMENT_HEADER_BYTES)))
    for item in scan(Window(reader.read, reader.size), SEGMENT_HEADER_BYTES, secret, where):
        if isinstance(item, Frame):
            summary.add_frame(item, where)
            on_frame(item)
        else:
            summary.bad.append(item)
    return summary


def _lost_header(data: bytes) -> Iterator[BadRange]:
    if data:
        yield BadRange(0, len(data), len(data.rstrip(b"\0")))


class _Reader:
    """Reads a file; where the device reports an error it goes on by sectors, with noise in place of what cannot be read."""

    def __init__(self, file: File) -> None:
        self._file = file
        self.size = file.size()
        self.errors = 0

    def read(self, offset: int, size: int) -> bytes:
        try:
            return self._file.read(offset, size)
        except OSError:
            end = min(offset + size, self.size)
            starts = range(offset, end, _SECTOR_BYTES)
            return b"".join(self._read_sector(start, min(_SECTOR_BYTES, end - start)) for start in starts)

    def _read_sector(self, offset: int, size: int) -> bytes:
        try:
            return self._file.read(offset, size)
        except OSError:
            self.errors += 1
            return b"\xff" * size  # not zeros: those would look like space that was never written

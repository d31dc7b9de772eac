"""Reading back what earlier processes appended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from lgtm.wal.disk import Disk
from lgtm.wal.errors import FrameDamaged
from lgtm.wal.frame import Kind
from lgtm.wal.record import Record
from lgtm.wal.scan import Window, read_frame
from lgtm.wal.survey import Survey, read_at


def replay(disk: Disk, surveys: Sequence[Survey]) -> Iterator[Record]:
    """Every valid data frame in lsn order, each lsn once. One window of a few MiB in memory, plus what the caller keeps.

    Checksums are verified again rather than remembered: the bytes are read a second time, and only a checksum says that they are the same. Raises
    FrameDamaged when they are not.
    """
    lsn = 0
    for survey in surveys:
        for record in _replay_segment(disk, survey):
            if record.lsn > lsn:
                lsn = record.lsn
                yield record


def _replay_segment(disk: Disk, survey: Survey) -> Iterator[Record]:
    if not survey.runs or survey.secret is None:
        return
    with contextlib.closing(disk.open(survey.path)) as file:
        window = Window(*read_at(file))
        for run in survey.runs:
            offset = run.offset
            while offset < run.end:
                frame = read_frame(window, offset, survey.secret, str(survey.path))
                if frame is None:
                    raise FrameDamaged(survey.path, offset)
                if frame.kind is Kind.DATA:
                    yield Record(frame.lsn, survey.number, frame.kind, frame.payload)
                offset = frame.end

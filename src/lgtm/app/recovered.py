"""What an earlier process left in the log: told, replayed, and set aside where it cannot be read."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from functools import partial
from pathlib import Path

from lgtm.clock import Clock
from lgtm.ingester.replay import Replayed, replay
from lgtm.telemetry import event
from lgtm.wal.log import Log
from lgtm.wal.recovery import Recovery

logger = logging.getLogger(__name__)

ID_CHARACTERS = 16
"""Of the log's id, in hex: what names an instance."""


def instance_id(wal_id: str) -> str:
    return wal_id[:ID_CHARACTERS]


def replayed(log: Log, wal_id: str, clock: Clock, unreadable: Path) -> Replayed:
    """What the log holds, in memory again. unreadable: directory for records that cannot be read. Blocks."""
    began = time.monotonic()
    records = ((int(record.segment), record.payload) for record in log.replay())
    me = instance_id(wal_id)
    found = replay(
        records,
        wal_id=wal_id,
        now_ns=clock.monotonic_ns(),
        set_aside=partial(set_aside, unreadable),
        is_primary=lambda part: not part.owners or part.owners[0] == me,
    )
    event(
        logger,
        logging.INFO,
        "log replayed",
        rows=found.row_count,
        parts=found.part_count,
        generations=len(found.generations),
        repeated_parts=found.repeated_parts,
        malformed_records=found.malformed_records,
        seconds=time.monotonic() - began,
    )
    return found


def set_aside(directory: Path, segment: int, data: memoryview) -> str:
    """Keeps the bytes under a name that repeats when replay does, synced; returns the path."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    path = directory / f"{segment:08d}-{digest}.record"
    directory.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    for place in (directory, directory.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return str(path)


def report(recovery: Recovery) -> None:
    """Says in our own log what was found in the write-ahead log."""
    level = logging.ERROR if recovery.is_damaged else logging.INFO
    event(
        logger,
        level,
        "log recovered" if not recovery.is_damaged else "the log is damaged; what is lost here may be on another replica",
        wal_id=recovery.wal_id.hex(),
        segments=len(recovery.segments),
        frames=recovery.frames,
        damaged_ranges=len(recovery.damage),
        missing_segments=len(recovery.missing),
        torn_bytes=recovery.torn_bytes,
        seconds=recovery.duration_s,
    )

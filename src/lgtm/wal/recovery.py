"""From what a directory holds to a log that can be appended to. Blocking; every step can be interrupted and the whole be run again.

    identity → remove what was to be deleted → sync what is there → survey → judge → new segment with the recovery record, synced → tidy up

Files of earlier processes are synced *before* they are read: after a mere process crash a frame may be in memory only, and believing it now and
losing it with the power later would look like damage.
"""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lgtm.clock import NS_PER_S, Clock
from lgtm.telemetry import event
from lgtm.wal.config import WalConfig
from lgtm.wal.disk import Disk
from lgtm.wal.errors import DiskFull, ForeignLog
from lgtm.wal.identity import Identity, Layout, load, save
from lgtm.wal.lsn import Ranges, count
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.record import RecoveryRecord
from lgtm.wal.segment import WAL_ID_BYTES, SegmentInfo, segment_number
from lgtm.wal.survey import Survey, survey_directory
from lgtm.wal.verdict import Damage, Verdict, judge
from lgtm.wal.writer import Writer

logger = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True)
class Recovery:
    """What `Log.open` found. `damage` is news; `known_damage` was reported by an earlier recovery."""

    wal_id: bytes
    is_new: bool
    """The directory held no log."""
    identity_rebuilt: bool
    """The identity file was lost or damaged; the segments told what it said."""
    segments: tuple[SegmentInfo, ...]
    """Of earlier processes, by number: what `replay` reads."""
    first_segment: int
    """The first segment of this process: everything replayed lies below it."""
    next_lsn: int
    frames: int
    payload_bytes: int
    damage: tuple[Damage, ...]
    known_damage: Ranges
    holes: Ranges
    torn_bytes: int
    noise_bytes: int
    """Bytes in which nothing is valid and that are not zero, the torn tail included."""
    missing: tuple[int, ...]
    """Segments that are listed and have no file."""
    duplicates: tuple[Path, ...]
    """Files that are copies of a segment; not read."""
    duration_s: float

    @property
    def is_damaged(self) -> bool:
        """Whether acknowledged frames are gone from this disk, as far as this disk can tell."""
        return bool(self.damage or self.known_damage or self.missing)

    @property
    def may_have_lost(self) -> bool:
        """Whether acknowledged frames may be gone: also those that were written last, for damage there looks like a write that was torn."""
        return self.is_damaged or bool(self.holes) or self.torn_bytes > 0


@dataclass(slots=True, frozen=True)
class Recovered:
    writer: Writer
    recovery: Recovery
    surveys: tuple[Survey, ...]


@dataclass(slots=True, frozen=True)
class _Found:
    identity: Identity
    is_new: bool
    rebuilt: bool
    surveys: tuple[Survey, ...]
    duplicates: tuple[Path, ...]
    verdict: Verdict

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.identity.secrets) - {survey.number for survey in self.surveys}))

    @property
    def unused(self) -> tuple[Survey, ...]:
        """All zeros: what a process had prepared. Kept where they may be what is left of lost frames."""
        return () if self.verdict.damage else tuple(survey for survey in self.surveys if survey.is_unused)


def recover(disk: Disk, root: Path, config: WalConfig, clock: Clock, random: random.Random, metrics: WalMetrics) -> Recovered:
    """The caller holds the lock. Raises ForeignLog, UnsupportedFormat, DiskFull, OSError."""
    started_ns = clock.monotonic_ns()
    layout = Layout(root)
    identity, is_new, rebuilt = _identify(disk, layout, random)
    directory = layout.segments(identity.wal_id)
    disk.make_directory(directory)
    _finish_deletion(disk, directory, identity)
    _settle(disk, layout, directory)
    surveys, duplicates = survey_directory(disk, directory, identity.wal_id, identity.secrets)
    found = _Found(identity, is_new, rebuilt, tuple(surveys), tuple(item.path for item in duplicates), judge(surveys, identity.deleted_lsn))
    _keep_evidence(disk, layout, found)
    writer = _writer(disk, layout, config, clock, random, metrics, found)
    number = 1 + max([identity.deleted_before - 1, 0, *identity.secrets, *(s.number for s in surveys), *_file_numbers(disk, directory)])
    try:
        writer.begin(number, _record(found).encode(config.payload_bytes_max))
        _tidy(disk, writer, found)
    except BaseException:
        writer.abandon()
        raise
    recovery = _report(found, writer, number, (clock.monotonic_ns() - started_ns) / NS_PER_S)
    _announce(recovery, found.verdict, metrics)
    return Recovered(writer, recovery, tuple(survey for survey in surveys if survey not in found.unused))


def _identify(disk: Disk, layout: Layout, random: random.Random) -> tuple[Identity, bool, bool]:
    """The identity, whether the log is new, whether it had to be rebuilt. Nothing is written for an existing log."""
    identity = load(disk, layout)
    wal_ids = layout.wal_ids(disk)
    if identity is None and not wal_ids:
        wal_id = random.randbytes(WAL_ID_BYTES)
        _preserve(disk, layout, layout.identity)
        identity = Identity(wal_id, {})
        save(disk, layout, identity)
        return identity, True, False
    wal_id = identity.wal_id if identity else wal_ids[0]
    for other in wal_ids:
        if other != wal_id:
            raise ForeignLog(layout.segments(other), other.hex(), wal_id.hex())
    if identity is None:
        _preserve(disk, layout, layout.identity)
        return Identity(wal_id, {}, deleted_lsn=None), False, True
    return identity, False, False


def _finish_deletion(disk: Disk, directory: Path, identity: Identity) -> None:
    for name in disk.list(directory):
        number = segment_number(name)
        if number is not None and number < identity.deleted_before and number not in identity.secrets:
            disk.unlink(directory / name)


def _settle(disk: Disk, layout: Layout, directory: Path) -> None:
    """What is read from here on is what is on the disk, now and after a power loss.

    The cache is dropped always, not only after a failure: a failed sync leaves pages that look clean and are not on the disk, and whoever noticed may
    have died without being able to say so.
    """
    for name in disk.list(directory):
        if segment_number(name) is None:
            continue
        try:
            file = disk.open(directory / name)
        except OSError:
            continue  # the survey counts it
        with contextlib.closing(file):
            with contextlib.suppress(OSError):
                file.sync()
            with contextlib.suppress(OSError):
                file.drop_cache()
    disk.sync_directory(directory)
    disk.sync_directory(layout.root)


def _keep_evidence(disk: Disk, layout: Layout, found: _Found) -> None:
    for path in {damage.path for damage in found.verdict.damage}:
        _preserve(disk, layout, path)


def _preserve(disk: Disk, layout: Layout, path: Path) -> None:
    """Gives a damaged file a second name, which nobody but an operator removes. A copy would need space that may not be there."""
    if path.name not in disk.list(path.parent):
        return
    try:
        disk.make_directory(layout.damaged)
        disk.link(path, layout.damaged / path.name)
        disk.sync_directory(layout.damaged)
    except FileExistsError:
        pass
    except OSError as error:
        event(logger, logging.WARNING, "cannot keep a damaged file", path=path, error=error)


def _writer(disk: Disk, layout: Layout, config: WalConfig, clock: Clock, random: random.Random, metrics: WalMetrics, found: _Found) -> Writer:
    unused = {survey.number for survey in found.unused}
    secrets = {s.number: s.secret for s in found.surveys if s.secret is not None}
    # What is missing stays listed until the recovery record that names it is durable.
    identity = replace(found.identity, secrets={**found.identity.secrets, **secrets}).without(unused)
    kept = {info.number: info for info in map(_info, found.surveys) if info.number not in unused}
    return Writer(disk, layout, config, clock, random, metrics, identity, found.verdict.last_lsn, kept, found.duplicates, found.verdict.all_damage)


def _info(survey: Survey) -> SegmentInfo:
    first_lsn = survey.runs[0].first_lsn if survey.runs else survey.header.first_lsn if survey.header else 0
    return SegmentInfo(survey.number, survey.path, survey.end, first_lsn, survey.last_lsn or max(0, first_lsn - 1), False)


def _record(found: _Found) -> RecoveryRecord:
    verdict = found.verdict
    return RecoveryRecord(verdict.last_lsn, verdict.all_holes, verdict.all_damage, found.missing)


def _file_numbers(disk: Disk, directory: Path) -> list[int]:
    return [number for name in disk.list(directory) if (number := segment_number(name)) is not None]


def _tidy(disk: Disk, writer: Writer, found: _Found) -> None:
    """Once the recovery record is durable: removes what holds nothing, and gives back the zeros behind intact segments."""
    for survey in found.unused:
        disk.unlink(survey.path)
    for survey in found.surveys:
        if survey.is_clean and survey.end < survey.size:
            disk.truncate(survey.path, survey.end)
    if found.missing:
        with contextlib.suppress(DiskFull):
            writer.forget(set(found.missing))
    writer.maintain()


def _report(found: _Found, writer: Writer, number: int, duration_s: float) -> Recovery:
    verdict = found.verdict
    return Recovery(
        wal_id=found.identity.wal_id,
        is_new=found.is_new,
        identity_rebuilt=found.rebuilt,
        segments=tuple(info for info in writer.segments() if info.number < number),
        first_segment=number,
        next_lsn=writer.last_lsn + 1,
        frames=sum(survey.frames for survey in found.surveys),
        payload_bytes=sum(survey.payload_bytes for survey in found.surveys),
        damage=verdict.damage,
        known_damage=verdict.known_damage,
        holes=verdict.holes,
        torn_bytes=verdict.torn_bytes,
        noise_bytes=sum(survey.noise_bytes for survey in found.surveys),
        missing=found.missing,
        duplicates=found.duplicates,
        duration_s=duration_s,
    )


def _announce(recovery: Recovery, verdict: Verdict, metrics: WalMetrics) -> None:
    metrics.damaged_frames.set(count(verdict.all_damage))
    metrics.missing_segments.set(len(recovery.missing))
    metrics.hole_frames.set(count(recovery.holes))
    metrics.torn_bytes.set(recovery.torn_bytes)
    for item in recovery.damage:
        event(logger, logging.ERROR, "acknowledged frames are damaged", path=item.path, offset=item.offset, lsns=item.lsns, frames=item.frames)
    if recovery.missing:
        event(logger, logging.ERROR, "segments are missing", numbers=_joined(recovery.missing))
    if recovery.holes:
        event(logger, logging.INFO, "frames that were never acknowledged are gone", lsns=_joined(recovery.holes))
    fields = {"segments": len(recovery.segments), "frames": recovery.frames, "torn_bytes": recovery.torn_bytes, "next_lsn": recovery.next_lsn}
    event(logger, logging.INFO, "log recovered", wal_id=recovery.wal_id.hex(), duration_s=recovery.duration_s, **fields)


def _joined(items: Sequence[object]) -> str:
    return ",".join(map(str, items))

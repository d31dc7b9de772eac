"""Describing a log to people and programs. Reads only: takes no lock, writes nothing, and may look at the log of a running process.

What it says about a running log's last frames may be out of date at once: a half-written frame looks like a torn tail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgtm.wal.disk import Disk
from lgtm.wal.frame import Kind, Secret
from lgtm.wal.identity import Identity, Layout, load
from lgtm.wal.lsn import Ranges, count
from lgtm.wal.scan import Frame
from lgtm.wal.survey import Survey, survey_directory, survey_segment
from lgtm.wal.verdict import Verdict, judge

Json = dict[str, Any]


@dataclass(slots=True, frozen=True)
class FrameDescription:
    offset: int
    lsn: int
    synced_lsn: int
    kind: str
    payload_bytes: int

    def as_json(self) -> Json:
        return {
            "offset": self.offset,
            "lsn": self.lsn,
            "synced_lsn": self.synced_lsn,
            "kind": self.kind,
            "payload_bytes": self.payload_bytes,
        }

    def __str__(self) -> str:
        return f"    {self.offset:>10}  lsn {self.lsn}  {self.kind}  {self.payload_bytes} bytes  synced {self.synced_lsn}"


@dataclass(slots=True, frozen=True)
class SegmentDescription:
    survey: Survey
    frames: tuple[FrameDescription, ...] = ()
    """Empty unless frames were asked for."""

    def as_json(self) -> Json:
        survey, header = self.survey, self.survey.header
        return {
            "path": str(survey.path),
            "number": survey.number,
            "size_bytes": survey.size,
            "header": None if header is None else {
                "wal_id": header.wal_id.hex(), "number": header.number, "first_lsn": header.first_lsn,
                "synced_lsn": header.synced_lsn, "created_ns": header.created_ns,
            },
            "lsns": [[run.first_lsn, run.last_lsn] for run in survey.runs],
            "frame_count": survey.frames,
            "payload_bytes": survey.payload_bytes,
            "synced_lsn": survey.synced_lsn,
            "bad": [{"offset": bad.offset, "end": bad.end, "noise_bytes": bad.noise_end - bad.offset} for bad in survey.bad],
            "read_errors": survey.read_errors,
            "frames": [frame.as_json() for frame in self.frames],
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        survey = self.survey
        lsns = ", ".join(f"{run.first_lsn}-{run.last_lsn}" for run in survey.runs) or "none"
        yield f"  {survey.path.name}  {survey.size} bytes  {survey.frames} frames  lsns {lsns}  synced {survey.synced_lsn}{self._remark()}"
        for bad in survey.bad:
            if not bad.is_zero:
                yield f"    bytes {bad.offset}-{bad.end}: no valid frame, {bad.noise_end - bad.offset} bytes of noise"
        yield from map(str, self.frames)

    def _remark(self) -> str:
        if self.survey.is_unused:
            return "  (prepared, never written)"
        return "" if self.survey.header else "  (header lost)"


@dataclass(slots=True, frozen=True)
class LogDescription:
    root: Path
    identity: Identity | None
    segments: tuple[SegmentDescription, ...]
    duplicates: tuple[Path, ...]
    verdict: Verdict

    @property
    def missing(self) -> tuple[int, ...]:
        listed = set(self.identity.secrets) if self.identity else set()
        return tuple(sorted(listed - {segment.survey.number for segment in self.segments}))

    def as_json(self) -> Json:
        verdict, identity = self.verdict, self.identity
        return {
            "directory": str(self.root),
            "wal_id": identity.wal_id.hex() if identity else None,
            "deleted_before": identity.deleted_before if identity else None,
            "deleted_lsn": identity.deleted_lsn if identity else None,
            "last_lsn": verdict.last_lsn,
            "damage": [{"lsns": [d.lsns.first, d.lsns.last], "path": str(d.path), "offset": d.offset} for d in verdict.damage],
            "known_damage": _pairs(verdict.known_damage),
            "holes": _pairs(verdict.holes),
            "known_holes": _pairs(verdict.known_holes),
            "torn_bytes": verdict.torn_bytes,
            "missing": list(self.missing),
            "duplicates": [str(path) for path in self.duplicates],
            "segments": [segment.as_json() for segment in self.segments],
        }

    def as_text(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        verdict = self.verdict
        yield f"{self.root}  log {self.identity.wal_id.hex() if self.identity else '(identity file lost)'}"
        payload_bytes = sum(segment.survey.payload_bytes for segment in self.segments)
        yield f"  last lsn {verdict.last_lsn}, {len(self.segments)} segments, {payload_bytes} bytes of payload"
        for item in verdict.damage:
            yield f"  DAMAGE: acknowledged frames {item.lsns} cannot be read: {item.path} at offset {item.offset}"
        if verdict.known_damage:
            yield f"  damage that an earlier recovery reported: {count(verdict.known_damage)} frames, {_joined(verdict.known_damage)}"
        if self.missing:
            yield f"  MISSING: segments {', '.join(map(str, self.missing))}"
        if verdict.holes or verdict.known_holes:
            yield f"  holes (never acknowledged): {_joined((*verdict.known_holes, *verdict.holes))}"
        if verdict.torn_bytes:
            yield f"  torn tail: {verdict.torn_bytes} bytes"
        for path in self.duplicates:
            yield f"  duplicate, ignored: {path.name}"
        for segment in self.segments:
            yield from segment.lines()


def inspect_log(disk: Disk, root: Path, *, with_frames: bool = False) -> LogDescription:
    """The log in `root`. with_frames: describe each frame, some 200 bytes of memory each. Raises FileNotFoundError, ForeignLog, UnsupportedFormat."""
    layout = Layout(root)
    identity = load(disk, layout)
    wal_id = identity.wal_id if identity else next(iter(layout.wal_ids(disk)), None)
    if wal_id is None:
        raise FileNotFoundError(f"no log in {root}")
    secrets = identity.secrets if identity else {}
    surveys, duplicates = survey_directory(disk, layout.segments(wal_id), wal_id, secrets)
    segments = [inspect_segment(disk, survey.path, secrets) if with_frames else SegmentDescription(survey) for survey in surveys]
    verdict = judge(surveys, identity.deleted_lsn if identity else None)
    return LogDescription(root, identity, tuple(segments), tuple(item.path for item in duplicates), verdict)


def inspect_segment(disk: Disk, path: Path, secrets: Mapping[int, Secret] | None = None) -> SegmentDescription:
    """One file on its own, with its frames. Nothing can be said about what is missing from it: only later frames tell."""
    frames: list[FrameDescription] = []

    def add(frame: Frame) -> None:
        frames.append(FrameDescription(frame.offset, frame.lsn, frame.synced_lsn, Kind(frame.kind).name.lower(), len(frame.payload)))

    survey = survey_segment(disk, path, None, secrets or {}, on_frame=add)
    return SegmentDescription(survey, tuple(frames))


def _pairs(ranges: Ranges) -> list[list[int]]:
    return [[item.first, item.last] for item in ranges]


def _joined(ranges: Ranges) -> str:
    return ", ".join(map(str, ranges))

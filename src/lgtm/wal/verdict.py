"""Judging what is missing: hole or damage. No files: surveys in, verdict out.

Each frame carries the lsn up to which the log was synced when it was written, so that loss is decidable. A missing frame at or below the synced_lsn
of any later frame was acknowledged: damage. Above all of them it was not: a hole, normal after a power loss, when pages written last may survive
pages written first. Missing frames with nothing valid behind them are not even a hole: a torn tail.

What an earlier recovery judged stays judged; its record says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgtm.wal.lsn import LsnRange, Ranges, intersect, merge, subtract
from lgtm.wal.scan import BadRange
from lgtm.wal.survey import Survey


@dataclass(slots=True, frozen=True)
class Damage:
    """Acknowledged frames that cannot be read. Another replica holds them."""

    lsns: LsnRange
    path: Path
    """Where they were, or would have been."""
    offset: int

    @property
    def frames(self) -> int:
        return len(self.lsns)


@dataclass(slots=True, frozen=True)
class Verdict:
    last_lsn: int
    """Highest lsn that is valid or was passed over; the next process goes on behind it."""
    damage: tuple[Damage, ...]
    """Found now."""
    holes: Ranges
    """Found now."""
    known_damage: Ranges
    """Found by an earlier recovery, still within the segments that are kept."""
    known_holes: Ranges
    torn_bytes: int
    """Bytes behind the last valid frame of the log that are not zero."""

    @property
    def all_damage(self) -> Ranges:
        return merge((*self.known_damage, *(item.lsns for item in self.damage)))

    @property
    def all_holes(self) -> Ranges:
        return merge((*self.known_holes, *self.holes))


@dataclass(slots=True, frozen=True)
class _Gap:
    lsns: LsnRange
    path: Path
    offset: int


def judge(surveys: Sequence[Survey], deleted_lsn: int | None) -> Verdict:
    """surveys: in order of their numbers. deleted_lsn: the last frame that was deleted on purpose; None when the identity file was lost."""
    gaps, last_lsn = _gaps(surveys, deleted_lsn)
    gap_lsns = merge(gap.lsns for gap in gaps)
    recoveries = [record for survey in surveys for record in survey.recoveries]
    known_damage = intersect(gap_lsns, [item for record in recoveries for item in record.damage])
    known_holes = subtract(intersect(gap_lsns, [item for record in recoveries for item in record.holes]), known_damage)
    synced_lsn = max((survey.synced_lsn for survey in surveys), default=0)
    acknowledged = [LsnRange(1, synced_lsn)] if synced_lsn else []
    known = (*known_damage, *known_holes)
    return Verdict(
        last_lsn=last_lsn,
        damage=tuple(Damage(lsns, gap.path, gap.offset) for gap in gaps for lsns in subtract(intersect([gap.lsns], acknowledged), known)),
        holes=subtract(gap_lsns, (*acknowledged, *known)),
        known_damage=known_damage,
        known_holes=known_holes,
        torn_bytes=_torn_bytes(surveys),
    )


@dataclass(slots=True, frozen=True)
class _Mark:
    """A place in the log, in order: frames (or a header, which claims what came before it), or bytes without any."""

    path: Path
    offset: int
    first_lsn: int = 0
    last_lsn: int = 0
    bad: BadRange | None = None


def _marks(survey: Survey) -> list[_Mark]:
    marks = [_Mark(survey.path, bad.offset, bad=bad) for bad in survey.bad]
    marks += [_Mark(survey.path, run.offset, run.first_lsn, run.last_lsn) for run in survey.runs]
    if survey.header is not None:
        marks.append(_Mark(survey.path, 0, survey.header.first_lsn, survey.header.first_lsn - 1))
    return sorted(marks, key=lambda mark: mark.offset)


def _gaps(surveys: Sequence[Survey], deleted_lsn: int | None) -> tuple[list[_Gap], int]:
    gaps: list[_Gap] = []
    reached = deleted_lsn  # up to here each lsn is valid, deleted, or noted as missing
    suspects: list[_Mark] = []  # bad places since the last valid frame
    for mark in (mark for survey in surveys for mark in _marks(survey)):
        if mark.bad is not None:
            suspects.append(mark)
            continue
        if reached is not None and mark.first_lsn > reached + 1:
            place = _most_suspect(suspects) or mark
            gaps.append(_Gap(LsnRange(reached + 1, mark.first_lsn - 1), place.path, place.offset))
        reached = max(mark.first_lsn - 1 if reached is None else reached, mark.first_lsn - 1, mark.last_lsn)
        if mark.last_lsn >= mark.first_lsn:
            suspects.clear()
    return gaps, reached or 0


def _most_suspect(suspects: Sequence[_Mark]) -> _Mark | None:
    """Noise before zeros: most segments end in zeros that mean nothing."""
    noisy = (mark for mark in suspects if mark.bad and not mark.bad.is_zero)
    return next(noisy, suspects[0] if suspects else None)


def _torn_bytes(surveys: Sequence[Survey]) -> int:
    last = max((index for index, survey in enumerate(surveys) if survey.runs), default=0)
    return sum(bad.noise_end - bad.offset for survey in surveys[last:] for bad in survey.bad if bad.offset >= survey.end)

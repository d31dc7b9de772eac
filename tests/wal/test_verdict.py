from pathlib import Path

import pytest

from lgtm.wal.frame import Secret
from lgtm.wal.lsn import LsnRange, Ranges
from lgtm.wal.record import RecoveryRecord
from lgtm.wal.scan import BadRange
from lgtm.wal.segment import SegmentHeader
from lgtm.wal.survey import Run, Survey
from lgtm.wal.verdict import judge


def survey(
    number: int, first_lsn: int, *runs: tuple[int, int], synced: int = 0, record: RecoveryRecord | None = None, header_synced: int = 0
) -> Survey:
    """A segment whose frames are 100 bytes each; what lies between its runs is noise."""
    header = SegmentHeader(b"w" * 16, number, first_lsn, header_synced, 0, Secret(bytes(8)))
    offsets = [Run(100 * (first - first_lsn) + 72, 100 * (last + 1 - first_lsn) + 72, first, last) for first, last in runs]
    starts = [72, *(run.end for run in offsets)]
    bad = [BadRange(start, run.offset, run.offset) for start, run in zip(starts, offsets, strict=False) if start < run.offset]
    records, highest = (record,) if record else (), max(synced, header_synced)
    return Survey(Path(f"{number}.log"), number, 10_000, header, header.secret, tuple(offsets), tuple(bad), records, highest)


def ranges(*pairs: tuple[int, int]) -> Ranges:
    return tuple(LsnRange(*pair) for pair in pairs)


CASES = [
    # what is found, damage, holes, last lsn
    ("nothing", [], (), (), 0),
    ("all there", [survey(1, 1, (1, 9), synced=8)], (), (), 9),
    ("a gap below a later synced_lsn", [survey(1, 1, (1, 4), (7, 9), synced=8)], ((5, 6),), (), 9),
    ("a gap above every synced_lsn", [survey(1, 1, (1, 4), (7, 9), synced=4)], (), ((5, 6),), 9),
    ("a gap that was synced in part", [survey(1, 1, (1, 4), (8, 9), synced=5)], ((5, 5),), ((6, 7),), 9),
    ("synced_lsn of a later segment", [survey(1, 1, (1, 4), (6, 6), synced=3), survey(2, 7, (7, 8), synced=6)], ((5, 5),), (), 8),
    ("the tail of a segment before the next", [survey(1, 1, (1, 4), synced=3), survey(2, 7, (7, 7), synced=6)], ((5, 6),), (), 7),
    ("a header without frames claims those before it", [survey(1, 1, (1, 4)), survey(2, 7, header_synced=6)], ((5, 6),), (), 6),
    ("a missing segment", [survey(1, 1, (1, 4), synced=3), survey(3, 9, (9, 9), synced=8)], ((5, 8),), (), 9),
    ("the first segment missing", [survey(2, 5, (5, 6), synced=5)], ((1, 4),), (), 6),
    ("the same frames twice", [survey(1, 1, (1, 4)), survey(2, 3, (3, 6), synced=5)], (), (), 6),
    (
        "a hole judged by an earlier recovery",
        [survey(1, 1, (1, 4), (6, 6), synced=4), survey(2, 7, (7, 7), synced=6, record=RecoveryRecord(6, ranges((5, 5)), ()))],
        (), (), 7,
    ),
    (
        "damage after the recovery that knew the hole",
        [survey(1, 1, (1, 3), (6, 6), synced=4), survey(2, 7, (7, 7), synced=6, record=RecoveryRecord(6, ranges((5, 5)), ()))],
        ((4, 4),), (), 7,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("surveys", "damage", "holes", "last_lsn"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_missing_is(surveys: list[Survey], damage: tuple[tuple[int, int], ...], holes: tuple[tuple[int, int], ...], last_lsn: int) -> None:
    verdict = judge(surveys, deleted_lsn=0)
    assert tuple(item.lsns for item in verdict.damage) == ranges(*damage)
    assert verdict.holes == ranges(*holes)
    assert verdict.last_lsn == last_lsn


def test_what_was_deleted_is_not_missing() -> None:
    assert judge([survey(2, 5, (5, 6), synced=5)], deleted_lsn=4).damage == ()
    assert judge([survey(2, 5, (5, 6), synced=5)], deleted_lsn=None).damage == ()
    assert judge([], deleted_lsn=8).last_lsn == 8


def test_damage_names_its_place() -> None:
    (damage,) = judge([survey(1, 1, (1, 4), (7, 9), synced=8)], 0).damage
    assert (damage.path, damage.offset, damage.frames) == (Path("1.log"), 472, 2)


def test_known_verdicts_are_kept_apart_from_news() -> None:
    record = RecoveryRecord(9, ranges((5, 5)), ranges((2, 2)))
    verdict = judge([survey(1, 1, (1, 1), (3, 4), (6, 6), (8, 9), synced=8), survey(2, 10, (10, 10), synced=9, record=record)], 0)
    assert (verdict.known_damage, verdict.known_holes, verdict.all_damage) == (ranges((2, 2)), ranges((5, 5)), ranges((2, 2), (7, 7)))

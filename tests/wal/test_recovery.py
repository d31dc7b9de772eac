"""Every cut, every flipped byte and every kind of tampering with a small log, and what the next recovery says about it."""

from __future__ import annotations

import asyncio
import copy
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lgtm.wal.config import WalConfig
from lgtm.wal.errors import ForeignLog, UnsupportedFormat
from lgtm.wal.frame import FRAME_HEADER_BYTES, MAGIC, frame_bytes
from lgtm.wal.identity import Layout
from lgtm.wal.log import Log
from lgtm.wal.lsn import LsnRange, count
from lgtm.wal.recovery import Recovery
from lgtm.wal.scan import WINDOW_BYTES
from lgtm.wal.segment import SEGMENT_HEADER_BYTES, SegmentHeader
from support.simdisk import SimDisk
from support.wal import ROOT, SMALL, drop, open_log, payloads, segment_path

SENT = [b"first" * 9, b"", b"third" * 30, b"4", b"fifth" * 11, b"sixth, in the second segment", b"seventh, in the third"]
"""lsn 1 is the recovery record; 2-6 are the first five, 7 is the empty frame that closes segment 1; 8 and 9, 10 and 11 likewise."""


async def _written() -> SimDisk:
    disk = SimDisk()
    log, _ = await open_log(disk)
    for payload in SENT[:5]:
        await log.append(payload)
    log.cut()
    await log.append(SENT[5])
    log.cut()
    await log.append(SENT[6])
    await log.close()
    return disk


ORIGINAL = asyncio.run(_written())
SEGMENT = [Path(), *(segment_path(ORIGINAL, number) for number in (1, 2, 3))]
RECORD_BYTES = len(b'{"end_lsn":0,"holes":[],"damage":[],"missing":[]}')


@dataclass(slots=True, frozen=True)
class Place:
    """A frame of segment 1."""

    lsn: int
    start: int
    content_end: int
    end: int
    """Behind its padding."""


def _places() -> list[Place]:
    places, start = [], SEGMENT_HEADER_BYTES
    for lsn, length in enumerate([RECORD_BYTES, *map(len, SENT[:5]), 0], 1):
        places.append(Place(lsn, start, start + FRAME_HEADER_BYTES + length, start + frame_bytes(length)))
        start = places[-1].end
    return places


FRAMES = _places()
SIZE = FRAMES[-1].end
assert len(ORIGINAL.contents(SEGMENT[1])) == SIZE


async def recovered(disk: SimDisk) -> tuple[Recovery, list[bytes]]:
    """The recovery and what it replays; a second one must replay the same, know the same damage and find nothing new."""
    log, recovery = await open_log(disk)
    found = payloads(log)
    await log.close()
    again, second = await open_log(disk)
    assert payloads(again) == found
    assert (second.damage, second.holes, second.missing) == ((), (), ())
    assert second.next_lsn > recovery.next_lsn
    assert not second.identity_rebuilt
    assert count(second.known_damage) == count([*recovery.known_damage, *(item.lsns for item in recovery.damage)])
    await again.close()
    return recovery, found


def damaged_lsns(recovery: Recovery) -> list[int]:
    return [lsn for item in recovery.damage for lsn in range(item.lsns.first, item.lsns.last + 1)]


def without(lsns: list[int]) -> list[bytes]:
    return [payload for lsn, payload in zip((2, 3, 4, 5, 6, 8, 10), SENT, strict=True) if lsn not in lsns]


def edited(number: int, change: Callable[[bytearray], object], of: SimDisk = ORIGINAL) -> SimDisk:
    disk = copy.deepcopy(of)
    disk.edit(SEGMENT[number], change)
    return disk


async def test_what_was_written_comes_back() -> None:
    recovery, found = await recovered(copy.deepcopy(ORIGINAL))
    assert found == SENT
    assert not recovery.is_damaged
    assert not recovery.may_have_lost
    assert recovery.torn_bytes == recovery.noise_bytes == 0


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
async def test_any_flipped_byte_costs_at_most_the_frame_it_is_in_and_is_counted(mask: int) -> None:
    for offset in range(SIZE):
        disk = edited(1, lambda data, at=offset: data.__setitem__(at, data[at] ^ mask))  # type: ignore[misc]
        # A flip in the padding or in the header of the segment, of which there is a second copy, costs nothing.
        hit = [frame.lsn for frame in FRAMES if frame.start <= offset < frame.content_end]
        recovery, found = await recovered(disk)
        assert damaged_lsns(recovery) == hit, f"offset {offset}"
        assert found == without(hit)
        assert recovery.may_have_lost == bool(hit)
        if hit:
            assert recovery.damage[0].path == SEGMENT[1]
            assert disk.contents(Layout(ROOT).damaged / SEGMENT[1].name), "the evidence is kept"


async def test_any_cut_of_an_acknowledged_segment_is_damage_of_what_was_cut_off() -> None:
    for size in range(SIZE):
        recovery, found = await recovered(edited(1, lambda data, at=size: data.__delitem__(slice(at, None))))  # type: ignore[misc]
        lost = [frame.lsn for frame in FRAMES if frame.content_end > size]
        assert damaged_lsns(recovery) == lost, f"cut at {size}"
        assert found == without(lost)


def first_segment_alone() -> SimDisk:
    disk = copy.deepcopy(ORIGINAL)
    disk.remove(SEGMENT[2])
    disk.remove(SEGMENT[3])
    disk.edit(Layout(ROOT).identity, lambda data: data.clear())  # it would tell that two segments are missing
    return disk


async def test_damage_to_the_last_frame_is_suspected_though_it_looks_torn() -> None:
    disk, last = first_segment_alone(), FRAMES[-1]
    for offset in range(last.start, last.content_end):
        recovery, found = await recovered(edited(1, lambda data, at=offset: data.__setitem__(at, data[at] ^ 1), disk))  # type: ignore[misc]
        assert (recovery.damage, found) == ((), without([last.lsn, 8, 10])), f"offset {offset}"
        assert recovery.may_have_lost


async def test_any_cut_of_the_last_segment_is_a_torn_tail() -> None:
    disk = first_segment_alone()
    for size in range(SIZE):
        recovery, found = await recovered(edited(1, lambda data, at=size: data.__delitem__(slice(at, None)), disk))  # type: ignore[misc]
        assert recovery.damage == ()
        assert recovery.missing == ()
        whole = [frame.lsn for frame in FRAMES if frame.content_end <= size]
        assert found == without([lsn for lsn in range(12) if lsn not in whole])
        torn = size - max((frame.content_end for frame in FRAMES if frame.content_end <= size), default=SEGMENT_HEADER_BYTES)
        assert recovery.torn_bytes <= max(torn, 0) or size < SEGMENT_HEADER_BYTES


async def test_random_damage_to_a_larger_segment_is_found_and_nothing_else_is_lost() -> None:
    rng = random.Random(7)
    config = WalConfig(segment_bytes_max=512 * 1024, payload_bytes_max=64 * 1024, reserve_file=False)
    disk = SimDisk()
    log, _ = await open_log(disk, config)
    sent = [rng.randbytes(rng.randrange(20_000)) for _ in range(40)]
    for payload in sent:
        await log.append(payload)
    path = log.segments()[0].path
    await log.close()
    for _ in range(60):
        damaged = copy.deepcopy(disk)
        start, size = rng.randrange(len(disk.contents(path))), rng.choice((1, 8, 512, 4096))
        noise = rng.choice((rng.randbytes(size), bytes(size)))
        damaged.edit(path, lambda data, start=start, noise=noise: _overwrite(data, start, noise))  # type: ignore[misc]
        log, recovery = await open_log(damaged, config)
        lost = {lsn - 2 for lsn in damaged_lsns(recovery)}
        is_tail_lost = recovery.next_lsn < 43
        assert (
            payloads(log) == [payload for index, payload in enumerate(sent) if index not in lost][: None if not is_tail_lost else len(payloads(log))]
        )
        assert len(lost) <= 2 + size // 512
        await log.close()


def _overwrite(data: bytearray, start: int, noise: bytes) -> None:
    end = min(len(data), start + len(noise))
    data[start:end] = noise[: end - start]


async def test_the_second_judgement_of_yesterdays_hole_is_the_first_one() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    await log.append(b"synced")
    disk.sync_nothing = True
    await asyncio.gather(*(log.append(name * 500) for name in (b"a", b"b", b"c")))
    await drop(log)
    disk.sync_nothing = False
    path = log.segments()[0].path
    frame = log.segments()[0].bytes - 2 * frame_bytes(500)
    disk.edit(path, lambda data: data.__setitem__(slice(frame, frame + 512), bytes(512)))  # b never reached the disk, c did
    disk.kill()
    for attempt in range(3):
        log, recovery = await open_log(disk)
        assert payloads(log) == [b"synced", b"a" * 500, b"c" * 500]
        assert recovery.holes == ((LsnRange(4, 4),) if attempt == 0 else ())
        assert not recovery.is_damaged
        await log.append(b"") if attempt == 9 else await log.close()


async def test_damage_after_a_recovery_is_seen_although_the_frame_was_never_acknowledged_before_it() -> None:
    disk = copy.deepcopy(ORIGINAL)
    log, _ = await open_log(disk)
    await log.close()
    disk.edit(SEGMENT[3], lambda data: data.__setitem__(-50, data[-50] ^ 1))  # the last record of the old log
    recovery, found = await recovered(disk)
    assert damaged_lsns(recovery) == [10]
    assert found == SENT[:-1]


async def test_a_line_that_looks_like_a_frame_is_never_taken_for_one() -> None:
    disk = copy.deepcopy(ORIGINAL)
    log, _ = await open_log(disk, SMALL)
    copied = disk.contents(SEGMENT[1])[SEGMENT_HEADER_BYTES:]  # whole valid frames of another segment
    await log.append(copied[: 1016 - len(copied) % 8])
    await log.append(b"behind")
    path = log.segments()[-1].path
    await log.close()
    disk.edit(path, lambda data: data.__setitem__(SEGMENT_HEADER_BYTES + frame_bytes(RECORD_BYTES + 1) + 8, 0xEE))
    recovery, found = await recovered(disk)
    assert found == [*SENT, b"behind"]
    assert len(damaged_lsns(recovery)) == 1


async def test_a_payload_full_of_header_shapes_costs_a_search_no_checksum_each() -> None:
    config = WalConfig(segment_bytes_max=20 * 1024 * 1024, reserve_file=False)
    disk = SimDisk()
    log, _ = await open_log(disk, config)
    shape = MAGIC + (8 * 1024 * 1024 - 64).to_bytes(4, "little") + (99).to_bytes(8, "little") + bytes(16)
    await log.append(shape * (7 * 1024 * 1024 // len(shape)))  # 229,000 headers of 8 MiB: 1.8 TB of checksums if they were believed
    await log.append(b"behind")
    path = log.segments()[0].path
    await log.close()
    disk.edit(path, lambda data: data.__setitem__(300, 1))
    log, recovery = await open_log(disk, config)
    assert payloads(log) == [b"behind"]
    assert damaged_lsns(recovery) == [2]
    await log.close()


async def test_deleting_is_the_only_thing_that_removes_a_damaged_segment() -> None:
    disk = edited(1, lambda data: data.__setitem__(150, data[150] ^ 1))
    log, recovery = await open_log(disk)
    assert SEGMENT[1].name in disk.list(SEGMENT[1].parent)
    await log.delete_before(recovery.first_segment)
    assert SEGMENT[1].name not in disk.list(SEGMENT[1].parent)
    await log.close()
    recovery, found = await recovered(disk)
    assert (recovery.is_damaged, found) == (False, [])
    assert disk.contents(Layout(ROOT).damaged / SEGMENT[1].name)


async def test_bytes_that_the_device_cannot_read_are_damage_of_the_frames_in_them() -> None:
    disk = copy.deepcopy(ORIGINAL)
    disk.inode(SEGMENT[2]).bad_sectors = {0}
    log, recovery = await open_log(disk)
    assert payloads(log) == without([8])
    assert damaged_lsns(recovery) == [8, 9]
    await log.close()


# --- tampering with the directory


def missing_in_the_middle(disk: SimDisk) -> None:
    disk.remove(SEGMENT[2])


def missing_at_the_end(disk: SimDisk) -> None:
    disk.remove(SEGMENT[3])


def missing_at_the_start(disk: SimDisk) -> None:
    disk.remove(SEGMENT[1])


def empty(disk: SimDisk) -> None:
    disk.edit(SEGMENT[2], lambda data: data.clear())


def zeroed(disk: SimDisk) -> None:
    disk.edit(SEGMENT[2], lambda data: _overwrite(data, 0, bytes(len(data))))


def noise(disk: SimDisk) -> None:
    disk.edit(SEGMENT[2], lambda data: _overwrite(data, 0, random.Random(1).randbytes(len(data))))


def extended_with_zeros(disk: SimDisk) -> None:
    disk.edit(SEGMENT[1], lambda data: data.extend(bytes(WINDOW_BYTES + 5)))


def extended_with_noise(disk: SimDisk) -> None:
    disk.edit(SEGMENT[1], lambda data: data.extend(random.Random(1).randbytes(WINDOW_BYTES + 5)))


def extended_with_itself(disk: SimDisk) -> None:
    disk.edit(SEGMENT[1], lambda data: data.extend(data))


def duplicate(disk: SimDisk) -> None:
    disk.put(SEGMENT[1].parent / "00000009.log", disk.contents(SEGMENT[2]))


def renamed(disk: SimDisk) -> None:
    disk.put(SEGMENT[1].parent / "00000009.log", disk.contents(SEGMENT[2]))
    disk.remove(SEGMENT[2])


def noise_under_a_far_number(disk: SimDisk) -> None:
    disk.put(SEGMENT[1].parent / "123456789.log", random.Random(1).randbytes(5_000))


def other_names(disk: SimDisk) -> None:
    for name in ("00000002.log.bak", "2.log", "notes.txt", "000000002.log", ".log"):
        disk.put(SEGMENT[1].parent / name, b"?")


def no_identity(disk: SimDisk) -> None:
    disk.remove(Layout(ROOT).identity)


def damaged_identity(disk: SimDisk) -> None:
    disk.edit(Layout(ROOT).identity, lambda data: data.__setitem__(30, data[30] ^ 1))


def empty_identity(disk: SimDisk) -> None:
    disk.edit(Layout(ROOT).identity, lambda data: data.clear())


def lost_header(disk: SimDisk) -> None:
    disk.edit(SEGMENT[1], lambda data: _overwrite(data, 0, bytes(SEGMENT_HEADER_BYTES)))


TAMPERING: list[tuple[Callable[[SimDisk], None], list[int], tuple[int, ...]]] = [
    # what is done, damaged lsns, missing segments
    (missing_in_the_middle, [8, 9], (2,)),
    (missing_at_the_end, [], (3,)),
    (missing_at_the_start, [1, 2, 3, 4, 5, 6, 7], (1,)),
    (empty, [8, 9], ()),
    (zeroed, [8, 9], ()),
    (noise, [8, 9], ()),
    (extended_with_zeros, [], ()),
    (extended_with_noise, [], ()),
    (extended_with_itself, [], ()),
    (duplicate, [], ()),
    (renamed, [], ()),
    (noise_under_a_far_number, [], ()),
    (other_names, [], ()),
    (no_identity, [], ()),
    (damaged_identity, [], ()),
    (empty_identity, [], ()),
    (lost_header, [], ()),
]


@pytest.mark.parametrize(("tamper", "damaged", "missing"), TAMPERING, ids=lambda value: getattr(value, "__name__", ""))
async def test_tampering_is_served_with_a_count(tamper: Callable[[SimDisk], None], damaged: list[int], missing: tuple[int, ...]) -> None:
    disk = copy.deepcopy(ORIGINAL)
    tamper(disk)
    recovery, found = await recovered(disk)
    assert (damaged_lsns(recovery), recovery.missing) == (damaged, missing)
    gone = [*damaged, *([10] if tamper is missing_at_the_end else [])]
    assert found == without(gone)
    assert recovery.identity_rebuilt == tamper.__name__.endswith("identity")
    assert len(recovery.duplicates) == (tamper is duplicate)
    assert recovery.is_damaged == bool(damaged or missing)


async def test_both_copies_of_a_secret_must_be_lost_for_the_frames_to_be() -> None:
    disk = copy.deepcopy(ORIGINAL)
    lost_header(disk)
    no_identity(disk)
    recovery, found = await recovered(disk)
    assert found == SENT[5:]
    assert recovery.noise_bytes > 100


async def test_a_copy_beside_the_segment_is_deleted_with_it() -> None:
    disk = copy.deepcopy(ORIGINAL)
    duplicate(disk)
    log, recovery = await open_log(disk)
    await log.delete_before(recovery.first_segment)
    assert disk.list(SEGMENT[1].parent) == [path.name for path in (log.segments()[0].path, segment_path(disk, recovery.first_segment + 1))]
    await log.close()


async def _foreign_log() -> Path:
    disk = SimDisk()
    log, _ = await open_log(disk, seed=99)
    await log.append(b"theirs")
    await log.close()
    FOREIGN.append(disk.contents(log.segments()[0].path))
    return log.segments()[0].path


FOREIGN: list[bytes] = []
FOREIGN_PATH = asyncio.run(_foreign_log())


async def test_a_segment_of_another_log_is_refused() -> None:
    disk = copy.deepcopy(ORIGINAL)
    disk.put(SEGMENT[2], FOREIGN[0])
    with pytest.raises(ForeignLog, match="belongs to the log"):
        await open_log(disk)
    disk.put(SEGMENT[2], ORIGINAL.contents(SEGMENT[2]))
    assert (await recovered(disk))[1] == SENT


@pytest.mark.parametrize("is_identity_lost", [False, True])
async def test_two_logs_in_one_directory_are_refused(is_identity_lost: bool) -> None:
    disk = copy.deepcopy(ORIGINAL)
    disk.make_directory(FOREIGN_PATH.parent)
    disk.put(FOREIGN_PATH, FOREIGN[0])
    if is_identity_lost:
        no_identity(disk)
    with pytest.raises(ForeignLog):
        await open_log(disk)
    assert disk.contents(FOREIGN_PATH) == FOREIGN[0]


async def test_a_newer_format_is_refused_and_not_misread() -> None:
    def newer(data: bytearray) -> None:
        header = SegmentHeader.decode(bytes(data[:SEGMENT_HEADER_BYTES]), "")
        assert header is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lgtm.wal.segment.SEGMENT_VERSION", 2)
            data[:SEGMENT_HEADER_BYTES] = header.encode()

    with pytest.raises(UnsupportedFormat, match="segment of format version 2"):
        await open_log(edited(2, newer))


async def test_recovery_of_anything_at_all_ends() -> None:
    rng = random.Random(3)
    for _ in range(80):
        disk = copy.deepcopy(ORIGINAL)
        for _ in range(rng.randrange(1, 6)):
            path = rng.choice([*SEGMENT[1:], Layout(ROOT).identity])
            disk.edit(path, lambda data: _spoil(data, rng))
        try:
            _, found = await recovered(disk)
        except ForeignLog:
            continue
        assert set(found) <= set(SENT)


def _spoil(data: bytearray, rng: random.Random) -> None:
    size = rng.randrange(300)
    start = rng.randrange(len(data) + 1)
    match rng.randrange(5):
        case 0:
            _overwrite(data, start, rng.randbytes(size))
        case 1:
            del data[start:]
        case 2:
            data[start:start] = rng.randbytes(size)
        case 3:
            del data[start : start + size]
        case _:
            data[start:start] = data[:size]


async def test_memory_while_reading_back_is_a_few_windows_and_not_the_log() -> None:
    config = WalConfig(segment_bytes_max=64 * 1024 * 1024, reserve_file=False)
    disk = SimDisk()
    log, _ = await open_log(disk, config)
    for _ in range(50):
        await log.append(bytes(1024 * 1024))
    log, _ = await _crash_and_open(disk, log, config)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    assert sum(len(record.payload) for record in log.replay()) == 50 * 1024 * 1024
    assert tracemalloc.get_traced_memory()[1] - before < 4 * WINDOW_BYTES
    tracemalloc.stop()
    await log.close()


async def _crash_and_open(disk: SimDisk, log: Log, config: WalConfig) -> tuple[Log, Recovery]:
    await drop(log)
    disk.kill()
    return await open_log(disk, config)

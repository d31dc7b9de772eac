import asyncio
import dataclasses
import random

import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import ManualClock
from lgtm.wal.config import WalConfig
from lgtm.wal.errors import DiskFull, LogBehind, LogClosed, LogFailed, LogLocked, PayloadTooLarge
from lgtm.wal.inspect import inspect_log
from lgtm.wal.log import Log
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.space import DiskState
from support.simdisk import SimDisk
from support.wal import ROOT, SMALL, HeldExecutor, InlineExecutor, drop, open_log, payloads, reopen, segment_path, settle


async def held_log(disk: SimDisk) -> tuple[Log, HeldExecutor]:
    executor = HeldExecutor()
    log, _ = await Log.open(disk, ROOT, SMALL, clock=ManualClock(), random=random.Random(1), executor=executor)
    return log, executor


async def test_appends_get_rising_lsns_and_come_back_in_order() -> None:
    disk = SimDisk()
    log, recovery = await open_log(disk)
    assert recovery.is_new
    assert [await log.append(name) for name in (b"a", b"b", b"")] == [2, 3, 4]
    log, recovery = await reopen(disk, log)
    assert [(record.lsn, record.segment, bytes(record.payload)) for record in log.replay()] == [(2, 1, b"a"), (3, 1, b"b"), (4, 1, b"")]
    assert (recovery.next_lsn, recovery.first_segment) == (6, 3)
    assert payloads(log) == payloads(log), "replaying twice is replaying once"
    await log.close()


async def test_a_payload_may_come_in_pieces_and_is_not_joined() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    await log.append([b"he", bytearray(b"ll"), memoryview(b"o"), pa.py_buffer(b" arrow"), b"", pa.array([1], pa.int64()).buffers()[1]])
    log, _ = await reopen(disk, log)
    assert payloads(log) == [b"hello arrow" + (1).to_bytes(8, "little")]
    await log.close()


async def test_appends_that_wait_together_share_one_write_and_one_sync() -> None:
    disk = SimDisk()
    log, executor = await held_log(disk)
    executor.is_held = True
    tasks = [asyncio.ensure_future(log.append(b"x" * 100)) for _ in range(10)]
    await settle()
    assert not any(task.done() for task in tasks)
    assert (log.stats().pending_frames, log.stats().pending_bytes) == (10, 1_000)
    syncs, changes = disk.syncs, disk.changes
    executor.release()
    assert await asyncio.gather(*tasks) == list(range(2, 12))
    assert (disk.syncs - syncs, disk.changes - changes) == (1, 2)
    assert log.stats().pending_frames == log.stats().pending_bytes == 0
    await log.close()


async def test_earlier_appends_lie_below_a_cut_and_later_ones_at_or_above_it_however_many_segments_wait() -> None:
    disk = SimDisk()
    log, executor = await held_log(disk)
    executor.is_held = True
    before = [asyncio.ensure_future(log.append(b"before" * 150)) for _ in range(10)]
    await settle()
    boundary = log.cut()
    assert log.cut() == boundary, "cutting twice costs nothing"
    after = [asyncio.ensure_future(log.append(b"after" * 150)) for _ in range(5)]
    await settle()
    assert boundary == 4
    executor.release()
    await asyncio.gather(*before, *after)
    log, _ = await reopen(disk, log)
    found = [(record.segment >= boundary, bytes(record.payload[:5])) for record in log.replay()]
    assert found == [(False, b"befor")] * 10 + [(True, b"after")] * 5
    await log.close()


async def test_deleting_removes_whole_segments_for_good() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    await log.append(b"flushed")
    boundary = log.cut()
    await log.append(b"kept")
    await log.delete_before(boundary)
    assert [segment.number for segment in log.segments()] == [boundary]
    await log.delete_before(boundary)
    disk.put(segment_path(disk, 1), b"a file that a crash kept from being removed")
    log, recovery = await reopen(disk, log)
    assert payloads(log) == [b"kept"]
    assert not recovery.is_damaged
    assert segment_path(disk, 1).name not in disk.list(segment_path(disk, 1).parent)
    await log.close()


async def test_a_log_of_which_everything_was_deleted_goes_on_counting() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    await log.append(b"flushed")
    await log.delete_before(log.cut())
    assert log.segments() == ()
    log, recovery = await reopen(disk, log)
    assert (recovery.next_lsn, recovery.frames, recovery.is_damaged) == (5, 0, False)
    await log.close()


async def test_deleting_what_was_not_cut_is_a_mistake() -> None:
    log, _ = await open_log(SimDisk())
    with pytest.raises(AssertionError, match="cut first"):
        await log.delete_before(99)
    await log.close()


async def test_a_segment_is_closed_when_full_and_gives_back_what_it_did_not_use() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    for _ in range(4):
        await log.append(b"x" * 1_000)
    first, second = log.segments()
    assert (first.is_open, second.is_open) == (False, True)
    assert first.bytes == len(disk.contents(first.path)) < SMALL.segment_bytes_max == len(disk.contents(second.path))
    assert first.last_lsn + 1 == second.first_lsn
    await log.close()


async def test_a_segment_is_closed_at_its_age_although_nothing_comes() -> None:
    clock = ManualClock()
    log, _ = await open_log(SimDisk(), clock=clock)
    await log.append(b"lonely")
    await clock.advance(SMALL.segment_age_s_max + 2)
    assert [segment.is_open for segment in log.segments()] == [False]
    await log.append(b"next")
    assert [segment.is_open for segment in log.segments()] == [False, True]
    await log.close()


async def test_a_quiet_log_proves_once_that_its_last_frame_was_synced() -> None:
    disk, clock = SimDisk(), ManualClock()
    log, _ = await open_log(disk, clock=clock)
    await log.append(b"last words")
    await clock.advance(60)
    frames = inspect_log(disk, ROOT, with_frames=True).segments[0].frames
    assert [(frame.kind, frame.lsn, frame.synced_lsn) for frame in frames[1:]] == [("data", 2, 1), ("empty", 3, 2)]
    disk.edit(segment_path(disk, 1), lambda data: data.__setitem__(165, 0xFF))
    log, recovery = await reopen(disk, log)
    assert [item.lsns.first for item in recovery.damage] == [2], "without the empty frame this were a torn tail"
    await log.close()


@pytest.mark.parametrize("fault", ["fail_sync", "fail_write", "short_write"])
async def test_after_one_failed_write_or_sync_nothing_is_acknowledged_any_more(fault: str) -> None:
    disk = SimDisk()
    log, executor = await held_log(disk)
    assert await log.append(b"before") == 2
    setattr(disk, fault, 1)
    executor.is_held = True
    waiting = [asyncio.ensure_future(log.append(b"waiting" * 100)) for _ in range(8)]  # in several segments
    await settle()
    log.cut()
    executor.release()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [LogFailed] * 8
    assert isinstance(await log.failed, LogFailed)
    changes = disk.changes
    for _ in range(3):  # the disk would say ok now
        with pytest.raises(LogFailed, match="acknowledges nothing any more"):
            await log.append(b"after")
    with pytest.raises(LogFailed):
        await log.delete_before(log.cut())
    await log.close()
    await log.close()
    assert disk.changes == changes, "not one more byte, and no second sync"
    log, _ = await open_log(disk)
    assert payloads(log)[0] == b"before"
    await log.close()


async def test_what_the_failed_sync_left_in_memory_is_not_believed() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    disk.fail_sync = 1
    with pytest.raises(LogFailed):
        await log.append(b"never on the disk")
    await log.close()
    log, recovery = await open_log(disk)
    assert payloads(log) == []
    assert not recovery.is_damaged
    await log.close()


async def test_an_error_nobody_thought_of_fails_the_log_too_and_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = await open_log(SimDisk())
    monkeypatch.setattr("lgtm.wal.writer.encode_header", lambda *_: 1 / 0)
    with pytest.raises(LogFailed, match="ZeroDivisionError"):
        await log.append(b"x")
    await log.close()


async def test_a_hanging_disk_is_visible_and_its_callers_may_leave() -> None:
    disk = SimDisk()
    clock = ManualClock()
    executor = HeldExecutor()
    log, _ = await Log.open(disk, ROOT, SMALL, clock=clock, random=random.Random(1), executor=executor)
    executor.is_held = True
    task = asyncio.ensure_future(log.append(b"unknown"))
    await clock.advance(30)
    assert log.stats().waiting_s == 30
    task.cancel()
    await asyncio.wait({task})
    executor.release()
    await settle()
    assert log.stats().waiting_s == 0
    assert await log.append(b"fine") == 3
    log, _ = await reopen(disk, log)
    assert payloads(log) == [b"unknown", b"fine"]
    await log.close()


async def test_more_than_the_buffer_holds_is_refused_before_it_is_logged() -> None:
    disk = SimDisk()
    log, executor = await held_log(disk)
    executor.is_held = True
    waiting = [asyncio.ensure_future(log.append(bytes(1024))) for _ in range(16)]
    await settle()
    with pytest.raises(LogBehind, match="16384 bytes wait"):
        await log.append(b"x")
    executor.release()
    await asyncio.gather(*waiting)
    await log.append(b"x")
    await log.close()


async def test_a_payload_beyond_the_bound_is_refused() -> None:
    log, _ = await open_log(SimDisk())
    with pytest.raises(PayloadTooLarge, match="1025 bytes does not fit"):
        await log.append([bytes(1024), b"x"])
    assert await log.append(bytes(1024)) == 2
    await log.close()


async def test_a_closed_log_refuses() -> None:
    log, _ = await open_log(SimDisk())
    await log.close()
    with pytest.raises(LogClosed):
        await log.append(b"x")


async def test_close_waits_for_what_was_appended() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    task = asyncio.ensure_future(log.append(b"late"))
    await asyncio.sleep(0)
    await log.close()
    assert await task == 2
    log, _ = await open_log(disk)
    assert payloads(log) == [b"late"]
    await log.close()


async def test_a_second_owner_of_the_directory_is_refused_until_the_first_has_gone() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    with pytest.raises(LogLocked, match="in use by another process"):
        await open_log(disk)
    await log.close()
    log, _ = await open_log(disk)
    await log.close()


async def test_an_open_that_is_cancelled_leaves_the_directory_free() -> None:
    disk, executor = SimDisk(), HeldExecutor()
    executor.is_held = True
    task = asyncio.ensure_future(Log.open(disk, ROOT, SMALL, clock=ManualClock(), executor=executor))
    await settle()
    task.cancel()
    await asyncio.wait({task})
    executor.release()
    log, _ = await open_log(disk)
    await log.close()


# --- a full disk

RESERVED = dataclasses.replace(SMALL, reserve_file=True, disk_pressure_ratio=0.6, disk_refuse_ratio=0.8)
SEGMENT = SMALL.segment_bytes_max


def fill(disk: SimDisk) -> None:
    """Others take whatever is free."""
    disk.capacity = 0
    disk.capacity = -disk.free_bytes


async def is_accepted(log: Log, payload: bytes) -> bool:
    try:
        await log.append(payload)
    except DiskFull:
        return False
    return True


async def test_a_filling_disk_is_told_then_refused_before_logging_and_heals_by_itself() -> None:
    disk, clock = SimDisk(), ManualClock()
    disk.capacity = 10 * SEGMENT
    registry = CollectorRegistry()
    log, _ = await Log.open(disk, ROOT, RESERVED, clock=clock, random=random.Random(1), metrics=WalMetrics(registry), executor=InlineExecutor())
    states, sent = [], 0
    while log.stats().disk is not DiskState.FULL:
        states.append(log.stats().disk)
        await log.append(b"x" * 1_000)
        sent += 1
    assert states[0] is DiskState.OK
    assert states[-1] is DiskState.PRESSURE
    changes = disk.changes
    with pytest.raises(DiskFull, match=r"wal\.disk_refuse_ratio"):
        await log.append(b"refused")
    assert disk.changes == changes
    assert registry.get_sample_value("lgtm_wal_refused_appends_total", {"reason": "disk full"}) == 1
    await log.delete_before(log.cut())
    await clock.advance(1)
    assert log.stats().disk is DiskState.OK
    assert await log.append(b"accepted") > sent
    log, _ = await reopen(disk, log, RESERVED)
    assert payloads(log) == [b"accepted"]
    await log.close()


async def test_a_disk_that_others_fill_to_the_last_byte_refuses_between_frames_and_loses_nothing() -> None:
    config = dataclasses.replace(SMALL, disk_pressure_ratio=1, disk_refuse_ratio=1)
    disk, clock = SimDisk(), ManualClock()
    log, _ = await open_log(disk, config, clock=clock)
    fill(disk)
    accepted: list[bytes] = []
    while await is_accepted(log, payload := b"%d" % len(accepted) * 300):
        accepted.append(payload)
    assert len(accepted) >= 3
    with pytest.raises(DiskFull):
        await log.append(b"still full")
    await clock.advance(5)
    disk.capacity = (disk.capacity or 0) + 4 * SEGMENT
    assert await log.append(b"healed") > 0
    log, recovery = await reopen(disk, log, config)
    assert payloads(log) == [*accepted, b"healed"]
    assert not recovery.is_damaged
    await log.close()


async def test_the_reserve_lets_a_full_disk_be_emptied() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk, RESERVED)
    await log.append(b"flushed")
    boundary = log.cut()
    await settle()
    fill(disk)
    assert "reserve" in disk.list(ROOT)
    await log.delete_before(boundary)
    assert "reserve" not in disk.list(ROOT)
    assert await log.append(b"room again") > 0
    await log.close()


async def test_a_disk_too_full_to_start_says_so_and_lets_go_of_the_directory() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    await log.append(b"kept")
    await drop(log)
    disk.kill()
    fill(disk)
    with pytest.raises(DiskFull, match="is full"):
        await open_log(disk)
    disk.capacity = None
    log, recovery = await open_log(disk)
    assert (payloads(log), recovery.is_damaged) == ([b"kept"], False)
    await log.close()


async def test_its_metrics_tell_what_a_person_would_ask() -> None:
    disk, clock, registry = SimDisk(), ManualClock(), CollectorRegistry()
    log, _ = await Log.open(disk, ROOT, WalConfig(), clock=clock, random=random.Random(1), metrics=WalMetrics(registry), executor=InlineExecutor())
    await log.append(b"x" * 100)
    await clock.advance(1)
    assert registry.get_sample_value("lgtm_wal_frames_total") == 2
    assert registry.get_sample_value("lgtm_wal_sync_duration_seconds_count") == 2
    assert registry.get_sample_value("lgtm_wal_segments") == 1
    assert registry.get_sample_value("lgtm_wal_failed") == 0
    disk.fail_sync = 1
    with pytest.raises(LogFailed):
        await log.append(b"y")
    assert registry.get_sample_value("lgtm_wal_failed") == 1
    await log.close()

import pytest

from lgtm.wal.errors import FrameDamaged
from lgtm.wal.replay import replay
from lgtm.wal.survey import survey_directory
from support.simdisk import SimDisk
from support.wal import open_log, payloads, segment_path


async def written() -> SimDisk:
    disk = SimDisk()
    log, _ = await open_log(disk)
    for payload in (b"one" * 20, b"two" * 20):
        await log.append(payload)
    log.cut()
    await log.append(b"three")
    await log.close()
    return disk


async def test_a_frame_that_goes_bad_after_the_recovery_is_not_passed_on() -> None:
    disk = await written()
    log, _ = await open_log(disk)
    records = log.replay()
    assert bytes(next(records).payload) == b"one" * 20
    disk.edit(segment_path(disk, 1), lambda data: data.__setitem__(300, 0xFF))
    with pytest.raises(FrameDamaged, match="was valid when the log was opened"):
        list(log.replay())
    await log.close()


async def test_frames_that_two_segments_hold_are_read_once() -> None:
    disk = await written()
    path = segment_path(disk, 1)
    surveys, _ = survey_directory(disk, path.parent, None, {})
    twice = [surveys[0], *surveys]
    assert [bytes(record.payload)[:3] for record in replay(disk, twice)] == [b"one", b"two", b"thr"]


async def test_records_outlive_the_reading() -> None:
    disk = await written()
    log, _ = await open_log(disk)
    records = list(log.replay())
    disk.edit(segment_path(disk, 1), lambda data: data.clear())
    assert [bytes(record.payload) for record in records] == [b"one" * 20, b"two" * 20, b"three"]
    assert all(record.payload.readonly for record in records)
    await log.close()


async def test_what_is_appended_now_is_not_replayed_now() -> None:
    disk = await written()
    log, _ = await open_log(disk)
    await log.append(b"four")
    assert len(payloads(log)) == 3
    await log.close()

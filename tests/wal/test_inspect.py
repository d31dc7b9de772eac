import json
from pathlib import Path

import pytest

from lgtm.wal.inspect import inspect_log, inspect_segment
from support.simdisk import SimDisk
from support.wal import ROOT, open_log, segment_path


async def written() -> SimDisk:
    disk = SimDisk()
    log, _ = await open_log(disk)
    for payload in (b"one" * 20, b"two" * 20, b"three"):
        await log.append(payload)
    log.cut()
    await log.append(b"four")
    await log.close()
    return disk


async def test_a_sound_log_is_described_without_touching_it() -> None:
    disk = await written()
    changes = disk.changes
    description = inspect_log(disk, ROOT).as_json()
    assert disk.changes == changes
    assert description["last_lsn"] == 7
    assert [(segment["number"], segment["lsns"]) for segment in description["segments"]] == [(1, [[1, 5]]), (2, [[6, 7]])]
    assert description["damage"] == description["missing"] == description["duplicates"] == []
    assert json.loads(json.dumps(description)) == description


async def test_damage_is_told_with_its_place() -> None:
    disk = await written()
    path = segment_path(disk, 1)
    disk.edit(path, lambda data: data.__setitem__(170, 0xFF))
    description = inspect_log(disk, ROOT, with_frames=True)
    assert description.as_json()["damage"] == [{"lsns": [2, 2], "path": str(path), "offset": 160}]
    text = description.as_text()
    assert f"DAMAGE: acknowledged frames 2 cannot be read: {path} at offset 160" in text
    assert "bytes 160-256: no valid frame, 92 bytes of noise" in text
    assert "lsn 3  data  60 bytes  synced 2" in text


async def test_a_missing_and_a_copied_segment_are_told() -> None:
    disk = await written()
    disk.put(segment_path(disk, 7), disk.contents(segment_path(disk, 2)))
    text = inspect_log(disk, ROOT).as_text()
    assert "duplicate, ignored: 00000007.log" in text
    disk.remove(segment_path(disk, 1))
    assert "MISSING: segments 1" in inspect_log(disk, ROOT).as_text()


async def test_a_log_in_use_shows_its_prepared_segment() -> None:
    disk = SimDisk()
    log, _ = await open_log(disk)
    assert "00000002.log  4096 bytes  0 frames  lsns none  synced 0  (prepared, never written)" in inspect_log(disk, ROOT).as_text()
    await log.close()


async def test_one_file_alone_can_be_described() -> None:
    disk = await written()
    frames = inspect_segment(disk, segment_path(disk, 1)).as_json()["frames"]
    assert [(frame["lsn"], frame["kind"], frame["payload_bytes"]) for frame in frames][1:] == [
        (2, "data", 60), (3, "data", 60), (4, "data", 5), (5, "empty", 0),
    ]  # fmt: skip


def test_a_directory_without_a_log_is_said_to_be_one() -> None:
    with pytest.raises(FileNotFoundError, match="no log in /nowhere"):
        inspect_log(SimDisk(), Path("/nowhere"))

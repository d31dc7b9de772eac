"""The log on the real disk: real threads, real processes, real signals. (The real disk cannot lose power here; `test_power_loss.py` does.)"""

import asyncio
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.wal.config import WalConfig
from lgtm.wal.disk import OsDisk
from lgtm.wal.errors import DiskFull, LogFailed, LogLocked
from lgtm.wal.log import Log
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.space import DiskState
from support.walprocess import payload_of

KIB = 1024
CONFIG = WalConfig(segment_bytes_max=256 * KIB, payload_bytes_max=64 * KIB)
TESTS = Path(__file__).parents[1]


def found(log: Log) -> list[bytes]:
    return [bytes(record.payload) for record in log.replay()]


async def test_concurrent_appends_share_syncs_and_all_come_back(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    log, _ = await Log.open(OsDisk(), tmp_path, CONFIG, metrics=WalMetrics(registry))
    sent = [b"%d " % index + bytes(index * 97 % 5_000) for index in range(400)]
    lsns = await asyncio.gather(*map(log.append, sent))
    assert lsns == sorted(lsns)
    assert (registry.get_sample_value("lgtm_wal_sync_duration_seconds_count") or 0) < len(sent) / 4
    await log.close()
    log, recovery = await Log.open(OsDisk(), tmp_path, CONFIG)
    assert found(log) == sent
    assert not recovery.is_damaged
    assert recovery.torn_bytes == recovery.noise_bytes == 0
    await log.delete_before(recovery.first_segment)
    await log.close()
    assert set(OsDisk().list(tmp_path)) == {recovery.wal_id.hex(), "identity", "lock", "reserve"}


def test_a_file_behaves_as_the_protocol_says(tmp_path: Path) -> None:
    disk = OsDisk()
    path = tmp_path / "deep" / "er" / "file"
    disk.make_directory(path.parent)
    disk.make_directory(path.parent)
    file = disk.create(path)
    file.allocate(8192)
    pieces = [b"%d," % index for index in range(3_000)]  # more than one system call takes
    assert file.write(100, pieces) == sum(map(len, pieces))
    file.sync()
    file.drop_cache()
    assert file.read(100, 10) == b"".join(pieces)[:10]
    assert file.size() == max(8192, 100 + sum(map(len, pieces)))
    assert file.read(file.size() - 3, 10) == file.read(file.size() - 3, 3)
    with pytest.raises(FileExistsError):
        disk.create(path)
    file.close()
    disk.truncate(path, 5)
    disk.link(path, path.with_name("second"))
    with pytest.raises(FileExistsError):
        disk.link(path, path.with_name("second"))
    disk.rename(path, path.with_name("renamed"))
    disk.sync_directory(path.parent)
    assert disk.list(path.parent) == ["renamed", "second"]
    disk.unlink(path.with_name("second"))
    with pytest.raises(FileNotFoundError):
        disk.open(path)
    assert disk.list(tmp_path / "none") == []
    assert 0 < disk.space(tmp_path).ratio < 1


async def test_things_that_are_no_files_are_read_as_damage_not_followed(tmp_path: Path) -> None:
    log, recovery = await Log.open(OsDisk(), tmp_path, CONFIG)
    await log.append(b"kept")
    await log.close()
    directory = tmp_path / recovery.wal_id.hex()
    (directory / "00000050.log").mkdir()
    (directory / "00000051.log").symlink_to("/etc/passwd")
    os.mkfifo(directory / "00000052.log")
    log, recovery = await Log.open(OsDisk(), tmp_path, CONFIG)
    assert found(log) == [b"kept"]
    assert recovery.first_segment == 53
    await log.delete_before(recovery.first_segment)
    await log.close()


async def test_two_processes_cannot_own_one_directory(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "opened\n"
        second = await asyncio.create_subprocess_exec(*command(tmp_path), cwd=TESTS, stderr=asyncio.subprocess.PIPE)
        _, told = await second.communicate()
        assert second.returncode == 1
        assert b"is in use by another process" in told
        with pytest.raises(LogLocked):
            await Log.open(OsDisk(), tmp_path, CONFIG)
    log, _ = await Log.open(OsDisk(), tmp_path, CONFIG)  # the lock has gone with its owner
    await log.close()


KILLS = int(os.environ.get("LGTM_WAL_KILLS", "4"))
"""Set it to a thousand for a night."""


async def test_killed_again_and_again_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    rng = random.Random(5)
    acknowledged: set[int] = set()
    for _ in range(KILLS):
        with running(tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "opened\n"
            for _ in range(rng.randrange(1, 200)):
                acknowledged.add(int(process.stdout.readline()))
            process.kill()
            acknowledged |= {int(line) for line in process.stdout if line.endswith("\n")}
    log, recovery = await Log.open(OsDisk(), tmp_path, WalConfig(segment_bytes_max=64 * KIB, payload_bytes_max=8 * KIB))
    numbers = [int(payload.split(b":")[0]) for payload in found(log)]
    assert set(numbers) >= acknowledged
    assert len(set(numbers)) == len(numbers)
    assert all(payload == payload_of(int(payload.split(b":")[0])) for payload in found(log))
    assert not recovery.is_damaged
    await log.close()


async def test_a_file_size_limit_fails_the_log_and_not_the_data(tmp_path: Path) -> None:
    log, _ = await Log.open(OsDisk(), tmp_path, CONFIG)
    await log.append(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        with pytest.raises(LogFailed, match=r"short write|File too large"):
            await log.append(b"x" * 60_000)
        with pytest.raises(LogFailed):
            await log.append(b"small")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    await log.close()
    log, recovery = await Log.open(OsDisk(), tmp_path, CONFIG)
    assert found(log) == [b"before"]
    assert not recovery.is_damaged
    await log.append(b"after")
    await log.close()


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 4 MiB, where that can be mounted; else a directory on the ordinary disk cannot stand in for it."""
    path = tmp_path / "volume"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(path)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def fill(path: Path) -> None:
    """Takes the last byte."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096:
            pass


async def test_a_small_volume_is_refused_before_it_is_full_and_heals(small_volume: Path) -> None:
    log, _ = await Log.open(OsDisk(), small_volume, CONFIG)
    sent = 0
    while log.stats().disk is not DiskState.FULL:
        await log.append(bytes(50_000))
        sent += 1
        assert sent < 100
    with pytest.raises(DiskFull):
        await log.append(b"refused")
    filler = small_volume / "filler"
    fill(filler)
    boundary = log.cut()
    await log.delete_before(boundary)  # on a volume without one free block
    await log._look_around()
    filler.unlink()
    await log._look_around()
    assert log.stats().disk is DiskState.OK
    assert await log.append(b"accepted") > sent
    await log.close()
    log, recovery = await Log.open(OsDisk(), small_volume, CONFIG)
    assert found(log) == [b"accepted"]
    assert not recovery.is_damaged
    await log.close()


def command(directory: Path) -> list[str]:
    return [sys.executable, "-m", "support.walprocess", str(directory), str(64 * KIB)]


class running:
    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(command(directory), cwd=TESTS, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "subprocess.Popen[str]":
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()

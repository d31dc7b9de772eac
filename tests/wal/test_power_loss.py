"""Crashes of the process and of the machine, at every point and in every mixture, on a disk that keeps any part of what was not synced."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from lgtm.wal import recovery, writer
from lgtm.wal.disk import File
from support.simdisk import SimDisk, SimFile
from support.wal import drop
from support.walmodel import LogModel, run_workload

SEEDS = range(150)


async def work(model: LogModel) -> None:
    """Everything a log does in its life, until the disk stops."""
    await model.open()
    await model.append(10, 900, 900)
    await model.append(900, 900)  # goes over into the second segment
    model.cut()
    await model.append(10)
    await model.delete()
    await model.append(300)
    await model.clock.advance(3)


async def changes_of(scenario: Callable[[LogModel], object]) -> int:
    model = LogModel(SimDisk())
    await scenario(model)  # type: ignore[misc]
    assert model.log is not None
    await drop(model.log)
    return model.disk.changes


async def crashed_at(change: int) -> LogModel:
    model = LogModel(SimDisk())
    model.disk.crash_at = change
    try:
        await work(model)
    except OSError:
        assert model.log is None  # it did not even open
    await drop_if_open(model)
    return model


async def drop_if_open(model: LogModel) -> None:
    if model.log is not None:
        await drop(model.log)
        model.log = None


def fork(model: LogModel) -> LogModel:
    assert model.log is None
    twin = LogModel(SimDisk())
    twin.disk, twin.sent, twin.flushable, twin.unflushed = copy.deepcopy((model.disk, model.sent, model.flushable, model.unflushed))
    return twin


async def test_a_crash_at_any_change_of_the_disk_loses_nothing_acknowledged() -> None:
    for change in range(await changes_of(work) + 1):
        crashed = await crashed_at(change)
        for seed, keep in ((0, 0.0), (1, 0.3), (2, 0.5), (3, 0.8), (4, 1.0)):
            model = fork(crashed)
            await model.crash(random.Random(f"{change}-{seed}"), keep)
            await model.open()
            await model.append(20)
            await model.crash(random.Random(seed), keep)
            await model.open()
            await drop_if_open(model)


async def test_a_recovery_that_is_interrupted_anywhere_and_run_again_finds_the_same() -> None:
    for change in range(8, await changes_of(work) + 1, 5):
        crashed = await crashed_at(change)
        await crashed.crash(random.Random(change), 0.5)
        whole = fork(crashed)
        expected = await whole.open()
        await drop_if_open(whole)
        for interruption in range(whole.disk.changes - crashed.disk.changes):
            model = fork(crashed)
            model.disk.crash_at = model.disk.changes + interruption
            with pytest.raises(OSError, match="crashed here"):
                await model.open()
            await model.crash(random.Random(interruption), 0.5)
            found = await model.open()
            assert (found.damage, found.missing, found.known_damage) == ((), (), ())
            assert found.next_lsn - expected.next_lsn in (0, 1)  # 1: the record of the interrupted recovery
            await drop_if_open(model)


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_work_with_random_crashes_keeps_every_promise(seed: int) -> None:
    await run_workload(SimDisk(), seed)


def lazy_file_sync(disk: SimDisk, _: pytest.MonkeyPatch) -> None:
    disk.sync_nothing = True


def lazy_directory_sync(disk: SimDisk, _: pytest.MonkeyPatch) -> None:
    disk.sync_directory_nothing = True


def acknowledge_before_the_sync(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writer.Writer, "_sync", lambda self, file: None)


def retry_a_failed_sync(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    def sync(self: writer.Writer, file: File) -> None:
        try:
            file.sync()
        except OSError:
            file.sync()

    patch.setattr(writer.Writer, "_sync", sync)


def believe_files_before_they_are_synced(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "_settle", lambda *_: None)


def believe_the_page_cache_after_a_failed_sync(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimFile, "drop_cache", lambda self: None)


def forget_what_earlier_recoveries_judged(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    original = recovery._record
    patch.setattr(recovery, "_record", lambda found: dataclasses.replace(original(found), holes=()))


def remove_before_unlisting(_: SimDisk, patch: pytest.MonkeyPatch) -> None:
    original = writer.Writer.delete_before

    def delete_before(self: writer.Writer, segment: int) -> None:
        self.close_below(segment)
        for number, info in self.kept.items():
            if number < segment:
                self.disk.unlink(info.path)
                self.disk.sync_directory(Path(info.path).parent)
        original(self, segment)

    patch.setattr(writer.Writer, "delete_before", delete_before)


MUTANTS = [
    lazy_file_sync,
    lazy_directory_sync,
    acknowledge_before_the_sync,
    retry_a_failed_sync,
    believe_files_before_they_are_synced,
    believe_the_page_cache_after_a_failed_sync,
    forget_what_earlier_recoveries_judged,
    remove_before_unlisting,
]


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
async def test_the_random_work_above_catches(mutate: Callable[[SimDisk, pytest.MonkeyPatch], None]) -> None:
    for seed in SEEDS:
        with pytest.MonkeyPatch.context() as patch:
            disk = SimDisk()
            mutate(disk, patch)
            try:
                await run_workload(disk, seed)
            except AssertionError:
                return
    pytest.fail(f"no seed of {len(SEEDS)} noticed")


class LogMachine(RuleBasedStateMachine):
    """As the random work, but hypothesis chooses, and shrinks what it finds to the shortest history."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = LogModel(SimDisk())

    @initialize()
    def open(self) -> None:
        self.loop.run_until_complete(self.model.open())

    @rule(sizes=st.lists(st.sampled_from((0, 1, 7, 300, 1000)), min_size=1, max_size=8))
    def append(self, sizes: list[int]) -> None:
        self.loop.run_until_complete(self.model.append(*sizes))

    @rule()
    def cut(self) -> None:
        async def cut() -> None:
            self.model.cut()

        self.loop.run_until_complete(cut())

    @rule()
    def delete(self) -> None:
        self.loop.run_until_complete(self.model.delete())

    @rule(seconds=st.sampled_from((1.0, 2.0, 2_000.0)))
    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(self.model.clock.advance(seconds))

    @rule(changes=st.integers(0, 10))
    def stop_the_disk_soon(self, changes: int) -> None:
        self.model.disk.crash_at = self.model.disk.changes + changes

    @rule(fault=st.sampled_from(("fail_sync", "fail_write", "short_write")))
    def break_the_disk_once(self, fault: str) -> None:
        setattr(self.model.disk, fault, 1)

    @rule()
    def kill_and_reopen(self) -> None:
        self.loop.run_until_complete(self.model.crash())
        self.loop.run_until_complete(self.model.open())

    @rule(seed=st.integers(0, 1_000), keep=st.sampled_from((0.0, 0.5, 0.9, 1.0)), interruption=st.none() | st.integers(0, 25))
    def lose_power_and_reopen(self, seed: int, keep: float, interruption: int | None) -> None:
        self.loop.run_until_complete(self.model.crash(random.Random(seed), keep))
        if interruption is not None:
            self.model.disk.crash_at = self.model.disk.changes + interruption
            with contextlib.suppress(OSError):
                self.loop.run_until_complete(self.model.open())
            self.loop.run_until_complete(self.model.crash(random.Random(seed + 1), keep))
        self.loop.run_until_complete(self.model.open())

    def teardown(self) -> None:
        self.loop.run_until_complete(drop_if_open(self.model))
        self.loop.close()


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

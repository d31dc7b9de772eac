"""Logs on a simulated disk, run without threads, so that a seed decides everything."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from lgtm.clock import Clock, ManualClock
from lgtm.wal.config import WalConfig
from lgtm.wal.identity import Layout, load
from lgtm.wal.log import Log
from lgtm.wal.recovery import Recovery
from support.simdisk import SimDisk

ROOT = Path("/wal")
SMALL = WalConfig(segment_bytes_max=4096, payload_bytes_max=1024, pending_bytes_max=16 * 1024, reserve_file=False)
"""Segments that hold a handful of records."""


class InlineExecutor:
    """Runs functions on the event loop itself, in its next round: appends of one round form a batch."""

    def submit(self, function: Callable[[], None]) -> object:
        return asyncio.get_running_loop().call_soon(function)

    def shutdown(self) -> None:
        pass


class HeldExecutor:
    """A disk that hangs: functions run when `release` is called."""

    def __init__(self) -> None:
        self.is_held = False
        self._waiting: list[Callable[[], None]] = []

    def submit(self, function: Callable[[], None]) -> object:
        if self.is_held:
            self._waiting.append(function)
        else:
            asyncio.get_running_loop().call_soon(function)
        return None

    def release(self) -> None:
        self.is_held = False
        waiting, self._waiting = self._waiting, []
        for function in waiting:
            function()

    def shutdown(self) -> None:
        pass


async def open_log(disk: SimDisk, config: WalConfig = SMALL, *, clock: Clock | None = None, seed: int = 0) -> tuple[Log, Recovery]:
    return await Log.open(disk, ROOT, config, clock=clock or ManualClock(), random=random.Random(f"{seed}-{disk.changes}"), executor=InlineExecutor())


async def drop(log: Log) -> None:
    """What a crash leaves of the log inside this process: nothing that runs."""
    log._housekeeping.cancel()
    await asyncio.wait({log._housekeeping})
    await settle()


async def settle() -> None:
    """Lets everything that can run on the loop run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def reopen(disk: SimDisk, log: Log, config: WalConfig = SMALL) -> tuple[Log, Recovery]:
    """As after a crash of the process."""
    await drop(log)
    disk.kill()
    return await open_log(disk, config)


def payloads(log: Log) -> list[bytes]:
    return [bytes(record.payload) for record in log.replay()]


def segment_path(disk: SimDisk, number: int) -> Path:
    identity = load(disk, Layout(ROOT))
    wal_id = identity.wal_id if identity else Layout(ROOT).wal_ids(disk)[0]
    return Layout(ROOT).segments(wal_id) / f"{number:08d}.log"


def run(scenario: Callable[[], object]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]

"""The log on a simulated disk beside a plain list of what was sent to it, and what must hold between the two after every crash."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass

from lgtm.clock import ManualClock
from lgtm.wal.config import WalConfig
from lgtm.wal.errors import DiskFull, LogBehind, LogFailed
from lgtm.wal.log import Log
from lgtm.wal.recovery import Recovery
from support.simdisk import SimDisk
from support.wal import SMALL, drop, open_log, payloads


@dataclass(slots=True, eq=False)
class Sent:
    payload: bytes
    segment: int
    """The segment that was current when it was sent: a lower bound of where it is."""
    is_acked: bool = False
    is_refused: bool = False
    deletion: str = "none"  # none, maybe, done


class LogModel:
    def __init__(self, disk: SimDisk, config: WalConfig = SMALL, *, may_be_damaged: bool = False) -> None:
        self.disk, self.config, self.may_be_damaged = disk, config, may_be_damaged
        self.clock = ManualClock()
        self.log: Log | None = None
        self.sent: list[Sent] = []
        self.boundary: int | None = None
        self.unflushed: list[Sent] = []
        """Sent since the last cut."""
        self.flushable: list[Sent] = []
        """Sent before it: what a deletion at the boundary removes."""

    async def open(self) -> Recovery:
        self.log, recovery = await open_log(self.disk, self.config, clock=self.clock)
        self.check(recovery, payloads(self.log))
        # What survived is below the first segment of this process, together with what did not.
        self.flushable, self.unflushed = list(self.sent), []
        self.boundary = recovery.first_segment
        return recovery

    async def append(self, *sizes: int) -> None:
        """Sends as many payloads at once."""
        sent = [Sent(b"%d." % (len(self.sent) + index) + b"x" * size, 0) for index, size in enumerate(sizes)]
        self.sent += sent
        self.unflushed += sent
        await asyncio.gather(*map(self._append, sent))

    async def _append(self, sent: Sent) -> None:
        assert self.log is not None
        try:
            await self.log.append(sent.payload)
        except (DiskFull, LogBehind):
            sent.is_refused = True
        except LogFailed:
            pass
        else:
            sent.is_acked = True

    def cut(self) -> None:
        assert self.log is not None
        self.boundary = self.log.cut()
        self.flushable, self.unflushed = self.flushable + self.unflushed, []

    async def delete(self) -> None:
        assert self.log is not None
        assert self.boundary is not None
        for sent in self.flushable:
            sent.deletion = "done" if sent.deletion == "done" else "maybe"
        with contextlib.suppress(LogFailed, DiskFull):
            await self.log.delete_before(self.boundary)
            for sent in self.flushable:
                sent.deletion = "done"

    async def crash(self, rng: random.Random | None = None, keep: float = 0.5) -> None:
        """The process dies; with `rng` the power fails too."""
        if self.log is not None:
            await drop(self.log)
        self.log = None
        self.disk.kill() if rng is None else self.disk.power_loss(rng, keep)

    def check(self, recovery: Recovery, found: list[bytes]) -> None:
        known = {sent.payload: index for index, sent in enumerate(self.sent)}
        order = [known[payload] for payload in found]  # a KeyError here: something was found that nobody sent
        assert order == sorted(set(order)), "each record once, in the order of sending"
        for sent in self.sent:
            is_found = sent.payload in set(found)
            assert is_found or not sent.is_acked or sent.deletion != "none", f"acknowledged and lost: {sent}"
            assert not is_found or not sent.is_refused, f"refused and found: {sent}"
            assert not is_found or sent.deletion != "done", f"deleted and found: {sent}"
            assert sent.deletion != "none" or is_found or not sent.is_acked
            if not is_found:
                sent.deletion = "done"  # what a recovery did not find must never come back
        if not self.may_be_damaged:
            assert not recovery.is_damaged, f"a crash is no damage: {recovery}"
        assert not recovery.duplicates


async def run_workload(disk: SimDisk, seed: int, *, steps: int = 25) -> None:
    """Random work, random crashes; raises AssertionError where the log breaks a promise."""
    rng = random.Random(seed)
    model = LogModel(disk)
    await model.open()
    for _ in range(steps):
        await _step(model, rng)
    await model.crash(rng, rng.choice((0.0, 0.5, 1.0)))
    await model.open()
    assert model.log is not None
    await drop(model.log)


async def _step(model: LogModel, rng: random.Random) -> None:
    match rng.choices(("append", "cut", "delete", "quiet", "crash", "fault"), (50, 8, 5, 12, 15, 10))[0]:
        case "append":
            await model.append(*(rng.choice((0, 10, 300, 900)) for _ in range(rng.choice((1, 1, 3, 8)))))
        case "cut":
            model.cut()
        case "delete":
            await model.delete()
        case "quiet":
            await model.clock.advance(rng.choice((1.0, 2.5)))
        case "crash":
            await _crash(model, rng)
        case _:
            fault = rng.choice(("fail_sync", "fail_write", "short_write", "crash_at"))
            setattr(model.disk, fault, model.disk.changes + rng.randrange(12) if fault == "crash_at" else 1)


async def _crash(model: LogModel, rng: random.Random) -> None:
    await model.crash(rng if rng.random() < 0.7 else None, rng.choice((0.0, 0.2, 0.5, 0.8, 1.0)))
    while model.log is None:
        if rng.random() < 0.3:
            model.disk.crash_at = model.disk.changes + rng.randrange(25)  # recovery itself is interrupted
        try:
            await model.open()
        except OSError:
            await model.crash(rng if rng.random() < 0.5 else None)

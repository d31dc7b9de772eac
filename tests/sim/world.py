"""Hosts with a disk, an address and a clock each, one network, one object store; and the processes that come and go on them."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from lgtm.app import loop_lag
from lgtm.app.build import Node, running
from lgtm.app.config import Config
from lgtm.app.config_load import load
from lgtm.app.machine import Machine
from lgtm.storage.memory import MemoryStore
from lgtm.wal.errors import DiskFull, LogFailed
from sim.loop import PROCESS, HostState, LoopClock, Process, SimExecutor, SimLoop
from sim.network import Network
from sim.store import SimStore, Trouble
from support.simdisk import SimDisk

_log = logging.getLogger("sim")
EPOCH_NS = 1_795_780_800 * 10**9
GOSSIP, CALLS = 7946, 3101

SMALL = {
    "wal.segment_bytes_max": "64KiB",
    "wal.payload_bytes_max": "16KiB",
    "wal.pending_bytes_max": "1MiB",
    "wal.reserve_file": "false",
    "ingester.generation_bytes_max": "48KiB",
    "ingester.head_bytes_max": "8MiB",
    "ingester.generation_age_s_max": "15",
    "ingester.generation_idle_s_max": "8",
    "ingester.cover_wait_s_max": "40",
    "ingester.stop_grace_s": "10",
    "ingester.flush_retry_s_max": "5",
    "storage.poll_interval_s": "5",
    "storage.tombstone_delay_s": "60",
    "storage.store": "memory",
    "compactor.interval_s": "12",
    "compactor.fan_in": "3",
    "limits.max_entries_limit_per_query": "0",
    "ring.cluster": "sim",
    "ring.leave_s": "1",
    "ring.gossip_interval_ms": "700",
    "ring.rejoin_s": "10",
    "query.threads": "1",
}
"""Everything small and soon, so that a minute has what elsewhere takes a day."""


@dataclass(eq=False)
class Host:
    name: str
    address: str
    disk: SimDisk
    directory: Path
    clock: LoopClock
    process: Process | None = None
    node: Node | None = None
    stop: asyncio.Event | None = None
    restart_at_s: float | None = None
    """When somebody (ECS, an operator) starts it again."""
    sync_s: float = 0.004
    right_skew_s: float = 0.0
    """By how much its clock is wrong when nothing is wrong."""

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.state is not HostState.DEAD

    @property
    def is_ready(self) -> bool:
        return self.node is not None and self.process is not None and self.process.state is HostState.RUNNING


@dataclass
class Journal:
    """What happened, for people, and as a digest of the whole run. directory: of the run; it has another name each time, so errors that name a file
    in it are noted without."""

    loop: SimLoop
    directory: Path
    entries: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.entries.append(f"{self.loop.time():9.3f} {text}".replace(f"{self.directory}/", ""))
        _log.info(self.entries[-1])

    def violated(self, invariant: str, text: str) -> None:
        self.note(f"VIOLATION {invariant}: {text}")
        self.violations.append(f"{invariant}: {text}")


class World:
    """settings: of every node, over SMALL."""

    def __init__(self, loop: SimLoop, seed: int, count: int, directory: Path, settings: dict[str, str] | None = None) -> None:
        self.loop, self.rng, self.directory = loop, random.Random(f"world {seed}"), directory
        self.journal = Journal(loop, directory)
        self.network = loop.network = Network(loop, random.Random(f"network {seed}"))
        self.objects = MemoryStore(lambda: EPOCH_NS + int(loop.time() * 1e9))
        self.trouble = Trouble()
        loop_lag.INTERVAL_S = 10.0  # there is no lag in virtual time
        self.settings = {**SMALL, **(settings or {})}
        self.hosts = [self._host(at, name) for at, name in enumerate("abcde"[:count])]
        self._graveyard: list[Process] = []
        """Kept to the end: a coroutine that is collected runs its `finally`, and would remove files that the host's next process has made."""

    def _host(self, at: int, name: str) -> Host:
        place = self.directory / name
        place.mkdir(parents=True)
        clock = LoopClock(self.loop, EPOCH_NS)
        clock.skew_s = self.rng.uniform(-0.2, 0.2)
        return Host(name, f"10.0.0.{at + 1}", SimDisk(), place, clock, right_skew_s=clock.skew_s)

    def now_ns(self) -> int:
        return EPOCH_NS + int(self.loop.time() * 1e9)

    def config(self, host: Host) -> Config:
        seeds = ",".join(f"{each.address}:{GOSSIP}" for each in self.hosts)
        own = {"data_dir": str(host.directory), "server.host": host.address, "ring.advertise": host.address, "ring.join": seeds}
        ports = {"ring.port": str(GOSSIP), "peer.port": str(CALLS), "storage.cache_directory": str(host.directory / "cache")}
        return load(flags={**self.settings, **own, **ports})

    # --- processes

    def start(self, host: Host) -> None:
        assert not host.is_up
        host.restart_at_s = None
        process = host.process = Process(host.address)
        host.node = None
        self.journal.note(f"{host.name} starts")
        task = self.loop.create_task(self._live(host, process), context=process.context.copy())
        task.add_done_callback(lambda ended: self._ended(host, process, ended), context=_outside())

    async def _live(self, host: Host, process: Process) -> None:
        seed = self.rng.random()
        rng = random.Random(seed)
        machine = Machine(
            clock=host.clock,
            disk=host.disk,
            wal_executor=lambda: SimExecutor(self.loop, lambda: rng.uniform(0.0005, host.sync_s)),
            open_store=lambda _config, _metrics: SimStore(self.objects, rng, self.trouble),
            transport=self.network,
            new_random=lambda: random.Random(rng.random()),
            identities=random.Random(seed + 1),
            die=lambda error: self._died(host, process, error),
        )
        stop = host.stop = asyncio.Event()
        async with running(self.config(host), registry=CollectorRegistry(), machine=machine) as node:
            node.log.failed.add_done_callback(lambda failed: self.crash(host, process, f"its log failed: {failed.result().cause}"))
            host.node = node
            self.journal.note(f"{host.name} is ready as {node.ingester.id[:6]}")
            await stop.wait()

    def _ended(self, host: Host, process: Process, task: asyncio.Task[Any]) -> None:
        """The process ended by itself: a graceful stop, or a start that failed."""
        if process.state is HostState.DEAD:
            return
        error = None if task.cancelled() else task.exception()
        self.journal.note(f"{host.name} ended: {error or 'gracefully'}")
        if error is not None and not isinstance(error, OSError | LogFailed | DiskFull):
            self.journal.violated("I6", f"{host.name} did not start: {error!r}")
        self._bury(host, process)
        host.disk.kill()

    def _died(self, host: Host, process: Process, error: BaseException) -> None:
        if not isinstance(error, LogFailed):
            self.journal.violated("I6", f"{host.name} died of a bug: {error!r}")
        self.crash(host, process, f"died of {error!r}")

    def crash(self, host: Host, process: Process, why: str, *, power: bool = False) -> None:
        """At once, wherever it is: not another line of it runs. power: what was not synced is lost, or torn."""
        if process.state is HostState.DEAD or host.process is not process:
            return
        self.journal.note(f"{host.name} crashes: {why}")
        self._bury(host, process)
        if power:
            host.disk.power_loss(self.rng)
        else:
            host.disk.kill()

    def _bury(self, host: Host, process: Process) -> None:
        process.state = HostState.DEAD
        process.held.clear()
        self._graveyard.append(process)
        self.network.unplug(process)
        host.node = host.stop = None
        if host.restart_at_s is None:
            host.restart_at_s = self.loop.time() + self.rng.uniform(0.5, 15)

    def wipe(self, host: Host) -> None:
        """The disk is gone, and the host comes back with an empty one."""
        assert not host.is_up
        self.journal.note(f"{host.name} loses its disk")
        host.disk = SimDisk()
        shutil.rmtree(host.directory)
        host.directory.mkdir()

    def kill_all(self, *, power: bool) -> None:
        for host in self.hosts:
            if host.is_up and host.process is not None:
                self.crash(host, host.process, "everything goes down", power=power)

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        end_s = self.loop.time() + within_s
        while self.loop.time() < end_s:
            if holds():
                return True
            await asyncio.sleep(0.5)
        return holds()

    def ready(self) -> list[Host]:
        return [host for host in self.hosts if host.is_ready]

    async def keep_alive(self) -> None:
        """Starts hosts again when their time has come, for ever."""
        while True:
            for host in self.hosts:
                if not host.is_up and host.restart_at_s is not None and self.loop.time() >= host.restart_at_s:
                    self.start(host)
            await asyncio.sleep(0.25)


def _outside() -> Any:
    import contextvars

    context = contextvars.copy_context()
    context.run(PROCESS.set, None)
    return context

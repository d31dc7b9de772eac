"""The write-ahead log: an append returns once its frame would survive a power loss. See DESIGN.md.

This is the half on the event loop: it decides where frames go, refuses, waits and accounts. `writer.py` does what blocks, `pump.py` joins the two.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random as random_module
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from lgtm.clock import NS_PER_S, Clock, SystemClock
from lgtm.wal.config import WalConfig
from lgtm.wal.disk import Disk, Lock, is_full
from lgtm.wal.errors import DiskFull, LogBehind, LogClosed, LogFailed, LogLocked, PayloadTooLarge
from lgtm.wal.executor import Executor, ThreadExecutor
from lgtm.wal.frame import Kind
from lgtm.wal.identity import Layout
from lgtm.wal.lsn import Lsn, SegmentNumber
from lgtm.wal.metrics import WalMetrics
from lgtm.wal.placement import Placement
from lgtm.wal.pump import Append, Pump
from lgtm.wal.record import Record
from lgtm.wal.recovery import Recovered, Recovery, recover
from lgtm.wal.replay import replay
from lgtm.wal.segment import SegmentInfo
from lgtm.wal.space import DiskState
from lgtm.wal.writer import Entry

Payload = bytes | bytearray | memoryview | Sequence[Any]
"""Bytes, or several buffers (anything with the buffer protocol, such as Arrow's) that are written one after the other without joining them."""


@dataclass(slots=True, frozen=True)
class LogStats:
    next_lsn: int
    synced_lsn: int
    segments: int
    bytes: int
    """Of valid frames in the segments that are kept."""
    pending_frames: int
    pending_bytes: int
    waiting_s: float
    """How long the log has made no progress although something waits for it; the sign of a disk that hangs."""
    disk: DiskState
    is_failed: bool


class Log:
    """Create with `Log.open`. Methods are for the event loop that opened it; the iterator of `replay` may run in any thread."""

    def __init__(self, disk: Disk, config: WalConfig, clock: Clock, metrics: WalMetrics, executor: Executor, opened: Opened) -> None:
        self._disk, self._config, self._clock, self._metrics = disk, config, clock, metrics
        self._executor, self._lock = executor, opened.lock
        self._writer, self._surveys = opened.recovered.writer, opened.recovered.surveys
        first = self._writer.segments()[-1]
        limits = {"frames_end": config.frames_end, "age_ns_max": config.segment_age_s_max * NS_PER_S}
        self._placement = Placement(first.number, first.bytes, now_ns=clock.monotonic_ns(), **limits)
        self._pump = Pump(self._writer, executor, self._settled, self._failed)
        self.failed: asyncio.Future[LogFailed] = asyncio.get_running_loop().create_future()
        """Done once the log has failed. The process must end then (`os._exit`: the writer's thread may hang): only a new one may trust the disk."""
        self._is_closed = False
        self._pending_frames = 0
        self._pending_bytes = 0
        self._progress_ns = clock.monotonic_ns()
        self._is_proven = False  # whether the last frame is an empty one, which says that all before it are synced
        self._was_quiet = False  # whether nothing was appended since the last look around
        self._housekeeping = asyncio.get_running_loop().create_task(self._keep_house(), name="wal housekeeping")

    @classmethod
    async def open(
        cls,
        disk: Disk,
        directory: Path,
        config: WalConfig | None = None,
        *,
        clock: Clock | None = None,
        random: random_module.Random | None = None,
        metrics: WalMetrics | None = None,
        executor: Executor | None = None,
    ) -> tuple[Log, Recovery]:
        """Recovers what is in `directory` (created when absent) and opens a new segment behind it.

        random: source of the log's id and secrets; the system's by default. Raises LogLocked, ForeignLog, UnsupportedFormat, DiskFull, or OSError.
        """
        config, clock = config or WalConfig(), clock or SystemClock()
        random, metrics = random or random_module.SystemRandom(), metrics or WalMetrics(CollectorRegistry())
        executor = executor or ThreadExecutor()
        opening = _Opening(functools.partial(_lock_and_recover, disk, directory, config, clock, random, metrics))
        try:
            opened = await opening.run(executor)
        except BaseException:
            executor.submit(opening.undo)
            executor.shutdown()
            raise
        return cls(disk, config, clock, metrics, executor, opened), opened.recovered.recovery

    def replay(self) -> Iterator[Record]:
        """What earlier processes appended and nobody deleted, in lsn order. Blocks while it reads. To be read before the first deletion."""
        return replay(self._disk, self._surveys)

    async def append(self, payload: Payload) -> Lsn:
        """Returns once the payload is durable. The buffers must not change until then.

        The frame's place is decided before the first suspension: an append that was awaited before `cut` lies below the boundary. When the caller is
        cancelled, or LogFailed is raised while waiting, the payload may or may not be found by the next recovery. Raises PayloadTooLarge, DiskFull,
        LogBehind, LogFailed, LogClosed; after DiskFull and LogBehind the payload is certainly not in the log.
        """
        pieces = _pieces(payload)
        length = sum(len(piece) for piece in pieces)
        self._check(length)
        return Lsn(await self._hand_over(Kind.DATA, pieces, length))

    def cut(self) -> SegmentNumber:
        """Closes the current segment without waiting. Frames of earlier appends lie below the returned number, later ones at or above it."""
        boundary = self._placement.cut()
        if not self._is_over:
            self._is_proven = True  # a segment is closed with an empty frame
            self._pump.call(functools.partial(self._writer.close_below, boundary)).add_done_callback(_retrieve)
        return SegmentNumber(boundary)

    async def delete_before(self, segment: int) -> None:
        """Removes whole segments below `segment`, a number that `cut` gave; durable on return. Raises DiskFull when even the reserve has gone."""
        assert segment <= self._placement.segment, "cut first"
        self._check_alive()
        await self._pump.call(functools.partial(self._writer.delete_before, segment))

    def segments(self) -> tuple[SegmentInfo, ...]:
        """Those that are kept, by number; the open one is last."""
        return self._writer.segments()

    def stats(self) -> LogStats:
        segments = self.segments()
        waiting_ns = self._clock.monotonic_ns() - self._progress_ns if self._pending_frames else 0
        return LogStats(
            next_lsn=self._writer.last_lsn + 1,
            synced_lsn=self._writer.synced_lsn,
            segments=len(segments),
            bytes=sum(segment.bytes for segment in segments),
            pending_frames=self._pending_frames,
            pending_bytes=self._pending_bytes,
            waiting_s=waiting_ns / NS_PER_S,
            disk=self._writer.disk_state,
            is_failed=self.failed.done(),
        )

    async def close(self) -> None:
        """Waits for what was appended, closes the segment, releases the directory. Safe to call twice, and after a failure."""
        if self._is_closed:
            return
        self._is_closed = True
        self._housekeeping.cancel()
        await asyncio.wait({self._housekeeping})
        if not self.failed.done():
            with contextlib.suppress(LogFailed):
                await self._pump.call(self._writer.close)
        self._writer.abandon()
        self._lock.release()
        self._executor.shutdown()

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self.failed.done()

    def _check_alive(self) -> None:
        if self.failed.done():
            raise LogFailed(self.failed.result().cause)
        if self._is_closed:
            raise LogClosed

    def _check(self, length: int) -> None:
        """Whether an append may be logged: every refusal comes before its first byte is."""
        self._check_alive()
        if length > self._config.payload_bytes_max:
            raise PayloadTooLarge(length, self._config.payload_bytes_max)
        if self._writer.disk_state is DiskState.FULL:
            self._metrics.refused.labels("disk full").inc()
            raise DiskFull(self._writer.layout.root, f"over {self._config.disk_refuse_ratio:.0%}, see wal.disk_refuse_ratio")
        if self._pending_bytes + length > self._config.pending_bytes_max:
            self._metrics.refused.labels("disk slow").inc()
            raise LogBehind(self._pending_bytes)

    def _hand_over(self, kind: Kind, pieces: Sequence[memoryview], length: int) -> asyncio.Future[int]:
        now_ns = self._clock.monotonic_ns()
        if not self._pending_frames:
            self._progress_ns = now_ns
        self._pending_frames += 1
        self._pending_bytes += length
        self._is_proven = self._was_quiet = False
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pump.put(Append(self._placement.place(length, now_ns), Entry(kind, pieces, length), future))
        return future

    def _settled(self, appends: Sequence[Append]) -> None:
        self._progress_ns = self._clock.monotonic_ns()
        self._pending_frames -= len(appends)
        self._pending_bytes -= sum(append.entry.length for append in appends)

    def _failed(self, error: LogFailed) -> None:
        self._metrics.failed.set(1)
        self.failed.set_result(error)

    async def _keep_house(self) -> None:
        while not self._is_over:
            await self._clock.sleep(self._config.quiet_s)
            with contextlib.suppress(LogFailed, DiskFull):
                await self._look_around()

    async def _look_around(self) -> None:
        self._check_alive()
        if self._placement.is_old(self._clock.monotonic_ns()):
            self.cut()
        if self._was_quiet and not self._is_proven and not self._pending_frames:
            lsn = await self._hand_over(Kind.EMPTY, (), 0)
            self._is_proven = not self._pending_frames and self._writer.last_lsn == lsn
        self._was_quiet = True
        await self._pump.call(self._writer.maintain)
        self._observe(self.stats())

    def _observe(self, stats: LogStats) -> None:
        self._metrics.segments.set(stats.segments)
        self._metrics.segment_bytes.set(stats.bytes)
        self._metrics.pending_bytes.set(stats.pending_bytes)


@dataclass(slots=True, frozen=True)
class Opened:
    lock: Lock
    recovered: Recovered


@dataclass(slots=True)
class _Opening:
    """Runs in the executor; undone there when the caller was cancelled meanwhile, so that the directory does not stay locked."""

    begin: functools.partial[Opened]
    opened: Opened | None = None

    async def run(self, executor: Executor) -> Opened:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Opened] = loop.create_future()

        def run() -> None:
            try:
                self.opened = self.begin()
            except Exception as error:
                loop.call_soon_threadsafe(_finish, done, None, error)
            else:
                loop.call_soon_threadsafe(_finish, done, self.opened, None)

        executor.submit(run)
        return await done

    def undo(self) -> None:
        if self.opened is not None:
            self.opened.recovered.writer.abandon()
            self.opened.lock.release()


def _lock_and_recover(
    disk: Disk, directory: Path, config: WalConfig, clock: Clock, random: random_module.Random, metrics: WalMetrics
) -> Opened:  # fmt: skip
    try:
        disk.make_directory(directory)
        lock = disk.lock(Layout(directory).lock)
    except BlockingIOError as error:
        raise LogLocked(directory) from error
    try:
        return Opened(lock, recover(disk, directory, config, clock, random, metrics))
    except BaseException as error:
        lock.release()
        if isinstance(error, OSError) and is_full(error):
            raise DiskFull(directory, str(error)) from error
        raise


def _pieces(payload: Payload) -> list[memoryview]:
    buffers: Sequence[Any] = (payload,) if isinstance(payload, bytes | bytearray | memoryview) else payload
    views = [memoryview(buffer) for buffer in buffers]
    return [view if view.format == "B" and view.ndim == 1 else view.cast("B") for view in views if view.nbytes]


def _finish(future: asyncio.Future[Opened], opened: Opened | None, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    elif opened is not None:
        future.set_result(opened)


def _retrieve(future: asyncio.Future[Any]) -> None:
    """A cut has nobody who waits for it; what goes wrong is told through `failed`."""
    if not future.cancelled():
        future.exception()

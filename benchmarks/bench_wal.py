"""What does it cost to make a part durable, and how many appends share a sync?

Sketch: a part of 5,000 lines is 370 KB; writing it costs 0.1 ms of copying and one fdatasync of the device's latency, so 200 of them from four
connections should need 0.1 CPU-s and hardly more syncs than appends / 2. Small appends from 64 tasks should share a sync by the dozen.
Measured: 0.04 CPU-s and 51 syncs for the 200 parts, 64 small appends a sync. Making the parts costs more than logging them: 0.57 CPU-s (zstd 1).
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from benchmarks.datasets import LOKI, dataset
from benchmarks.parts import batches, parts
from benchmarks.report import Figure
from benchmarks.scale import Scale
from lgtm.wal.disk import OsDisk
from lgtm.wal.log import Log
from lgtm.wal.metrics import WalMetrics

SMALL = bytes(range(256)) * 4


@dataclass(slots=True, frozen=True)
class Appending:
    wall_s: float
    cpu_s: float
    syncs: float
    nbytes: float
    p99_ms: float


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    found = batches(data)
    began = time.process_time()
    payloads = parts(found)
    encode_s = time.process_time() - began
    large = measure(list(itertools.islice(itertools.cycle(payloads), scale.wal_large)), writers=4)
    small = measure([SMALL] * scale.wal_small, writers=64)
    per_million = 1e6 / data.shape.lines
    appended_lines = scale.wal_large * len(found[0])
    return [
        Figure("WAL: encode parts of 5,000 lines (Arrow, zstd)", encode_s * per_million, "CPU-s/1M lines"),
        Figure("WAL: parts / raw bytes", data.raw_bytes / sum(map(len, payloads)), "times smaller"),
        Figure(f"WAL: append {scale.wal_large} parts, 4 writers", large.cpu_s / appended_lines * 1e6, "CPU-s/1M lines"),
        Figure("WAL: … appends a sync", scale.wal_large / large.syncs, f"({large.syncs:.0f} syncs, {large.nbytes / 1e6:.1f} MB)"),
        Figure("WAL: … append p99", large.p99_ms, "ms"),
        Figure(f"WAL: append {scale.wal_small} × 1 KiB, 64 writers", small.cpu_s / scale.wal_small * 1e6, "CPU-µs each"),
        Figure("WAL: … appends a sync", scale.wal_small / small.syncs, f"({small.syncs:.0f} syncs, {scale.wal_small / small.wall_s:,.0f}/s)"),
    ]


def measure(payloads: Sequence[bytes], *, writers: int) -> Appending:
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-wal-") as directory:
        return asyncio.run(_append_all(Path(directory), payloads, writers))


async def _append_all(directory: Path, payloads: Sequence[bytes], writers: int) -> Appending:
    registry = CollectorRegistry()
    log, _ = await Log.open(OsDisk(), directory / "wal", metrics=WalMetrics(registry))
    waiting, latencies = iter(payloads), list[float]()

    async def write() -> None:
        for payload in waiting:
            began = time.perf_counter()
            await log.append(payload)
            latencies.append(time.perf_counter() - began)

    syncs, nbytes = _count(registry, "lgtm_wal_sync_duration_seconds_count"), _count(registry, "lgtm_wal_written_bytes_total")
    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(writers):
            tasks.create_task(write())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    syncs, nbytes = _count(registry, "lgtm_wal_sync_duration_seconds_count") - syncs, _count(registry, "lgtm_wal_written_bytes_total") - nbytes
    await log.close()
    return Appending(wall, cpu, syncs, nbytes, sorted(latencies)[int(len(latencies) * 0.99)] * 1e3)


def _count(registry: CollectorRegistry, name: str) -> float:
    return registry.get_sample_value(name) or 0.0

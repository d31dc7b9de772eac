"""How long is a node away after `kill -9` with nothing flushed?

Sketch: 1M lines are 76 MB of parts in the log; reading and checking them 0.1 s, zstd 0.2 s, columns for nothing. Importing the program takes longer.
Measured: 1.3 to 1.6 s, of which imports and listeners 0.8, scanning the log 0.06, replay 0.45, the query 0.1.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.bench_queries import ALL_IN_MEMORY, check_count, count_lines
from benchmarks.client import Client, QueryFailed
from benchmarks.datasets import LOKI, dataset
from benchmarks.loading import push_all
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess

INTERPRETER_RUNS = 5
Count = Callable[[Client], int]
"""Asks how many rows there are. Raises QueryFailed."""


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory:
        place = Path(directory) / "data"
        with NodeProcess(place, ALL_IN_MEMORY) as node:
            push_all(node, data.kind, data.requests)
            check_count(node, data)
        lines = f"{data.shape.lines:,} lines"
        return recovery_figures(
            place, lines, partial(count_lines, data=data), data.shape.lines, scale.restarts, 1.5, "Loki 12.8, and its count differed"
        )


def recovery_figures(
    place: Path, rows: str, count: Count, expected: int, restarts: int, target_s: float | None = None, peers: str = ""
) -> list[Figure]:
    """Of a node that was killed and left its data in `place`, everything in its log. rows: how many of what, for people.

    Each node is killed again, so that the next one finds the same log.
    """
    starts = []
    for _ in range(restarts):
        with NodeProcess(place, ALL_IN_MEMORY) as node:
            answered_s = first_exact_answer(node, count, expected)
            starts.append((answered_s, node.ready_s - node.started_s, node.cpu_s(), node.rss_peak_bytes()))
    with NodeProcess(place.with_name("empty")) as node:
        empty_s, empty_cpu_s = node.ready_s - node.started_s, node.cpu_s()
    answered_s, ready_s, cpu_s = (statistics.median(values) for values in list(zip(*starts, strict=True))[:3])
    interpreter_s, name = interpreter_start(), f"kill -9, {rows} in the log"
    beyond = f"s beyond interpreter start ({interpreter_s * 1e3:.0f} ms); {cpu_s:.2f} CPU-s"
    return [
        Figure(f"{name}: first exact answer, median of {restarts}", answered_s - interpreter_s, beyond, target_s, peers),
        Figure(f"{name}: … until ready", ready_s - interpreter_s, "s"),
        Figure(f"{name}: … of it, start with an empty log", empty_s - interpreter_s, f"s ({empty_cpu_s:.2f} CPU-s: imports, listeners)"),
        Figure(f"{name}: peak RSS of the recovered node", max(peak for *_, peak in starts) / 1e6, "MB"),
    ]


def first_exact_answer(node: NodeProcess, count: Count, expected: int) -> float:
    """Seconds from the start of the process. Raises AssertionError when an answer is wrong: refusing is fine, guessing is not."""
    while True:
        try:
            counted = count(node.client)
        except QueryFailed:
            time.sleep(0.01)
            continue
        answered_s = time.perf_counter() - node.started_s
        if counted != expected:
            raise AssertionError(f"{counted} rows counted after recovery, {expected} pushed")
        return answered_s


def interpreter_start() -> float:
    """Best of some, in seconds: Python that does nothing."""
    found = []
    for _ in range(INTERPRETER_RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        found.append(time.perf_counter() - began)
    return min(found)

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
from pathlib import Path

from benchmarks.bench_queries import ALL_IN_MEMORY, check_count, count_expr
from benchmarks.client import QueryFailed, push
from benchmarks.datasets import LOKI, Dataset, dataset
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, disk_bytes

INTERPRETER_RUNS = 5


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory:
        empty_s = first_start(Path(directory) / "empty")
        place = Path(directory) / "data"
        with NodeProcess(place, ALL_IN_MEMORY) as node:
            push(node.http, data.kind, data.requests)
            check_count(node, data)
        log_bytes = disk_bytes(place / "wal")
        starts = [_recover(place, data) for _ in range(scale.restarts)]
    answered_s, ready_s, cpu_s = (statistics.median(values) for values in list(zip(*starts, strict=True))[:3])
    interpreter_s = interpreter_start()
    return [
        Figure(
            f"kill -9: first exact answer, all lines in the log, median of {scale.restarts}",
            answered_s - interpreter_s,
            f"s beyond interpreter start ({interpreter_s * 1e3:.0f} ms); {cpu_s:.2f} CPU-s",
            1.5,
            "Loki 12.8, and its count differed",
        ),
        Figure("kill -9: … until ready", ready_s - interpreter_s, f"s ({log_bytes / 1e6:.0f} MB of log files)"),
        Figure("kill -9: … of it, start with an empty log until ready", empty_s - interpreter_s, "s (imports, listeners)"),
        Figure("kill -9: peak RSS of the recovered node", max(peak for *_, peak in starts) / 1e6, "MB"),
    ]


def _recover(place: Path, data: Dataset) -> tuple[float, float, float, int]:
    """Seconds to the first exact answer and until ready, CPU seconds, peak RSS. The node is killed again, so that the next one finds the same log."""
    with NodeProcess(place, ALL_IN_MEMORY) as node:
        answered_s = first_exact_answer(node, data)
        return answered_s, node.ready_s - node.started_s, node.cpu_s(), node.rss_peak_bytes()


def first_exact_answer(node: NodeProcess, data: Dataset) -> float:
    """Seconds from the start of the process. Raises AssertionError when an answer is wrong: refusing is fine, guessing is not."""
    while True:
        try:
            found = node.client.query(count_expr(data), time=data.end_ns)
        except QueryFailed:
            time.sleep(0.01)
            continue
        answered_s = time.perf_counter() - node.started_s
        counted = [int(one["value"][1]) for one in found]
        if counted != [data.shape.lines]:
            raise AssertionError(f"{counted} lines counted after recovery, {data.shape.lines} pushed")
        return answered_s


def first_start(data_dir: Path) -> float:
    with NodeProcess(data_dir) as node:
        return node.ready_s - node.started_s


def interpreter_start() -> float:
    """Best of some, in seconds: Python that does nothing."""
    found = []
    for _ in range(INTERPRETER_RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        found.append(time.perf_counter() - began)
    return min(found)

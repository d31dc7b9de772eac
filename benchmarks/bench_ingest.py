"""What does a line cost from the socket to the verified block, and how long does a push take?

Sketch for 1M lines as Loki push: HTTP and snappy 0.4, decode 0.6, validation and levels 0.4, part and log 0.7, head and merge 0.3, block 1.4:
3.8 CPU-s. OTLP has a resource for each stream, two attributes and a trace id for each record, all columns to build, log and sort: twice that.
Measured: 4.3 to 4.7 CPU-s, OTLP 5.4 to 6.9. The sketch is short of levels 0.5, merging in the head 0.5. Peak RSS 720 MB, of which idle 142
and rows 218; Arrow's allocator keeps 400 MB of free pages after the flush, 250 less with jemalloc, which reads blocks at half the speed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.client import Pushed
from benchmarks.datasets import LOKI, OTLP, Dataset, dataset
from benchmarks.loading import load, load_figures, longest_lag_ms, push_all
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess


def run(scale: Scale) -> list[Figure]:
    loki, otlp = dataset(LOKI, scale.loki), dataset(OTLP, scale.otlp)
    figures, full = measure("Loki push", loki, target_cpu_s=5, peers_cpu_s="Loki 8.7, VictoriaLogs 8.2", with_peers=True)
    otlp_figures, _ = measure("OTLP logs", otlp, target_cpu_s=8, peers_cpu_s="Loki 16.9, VictoriaLogs 14.6", with_peers=False)
    return figures + measure_paced(loki, full) + otlp_figures


def measure(name: str, data: Dataset, *, target_cpu_s: float, peers_cpu_s: str, with_peers: bool) -> tuple[list[Figure], Pushed]:
    """One node with the settings that it has by default, but for rate limits."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data") as node:
        loaded = load(node, data.kind, data.requests)
    memory = ("Loki 422, VictoriaLogs 225", 600.0) if with_peers else ("", None)
    size = ("VictoriaLogs 3.7", 4.0) if with_peers else ("", None)
    ratio, blocks = data.raw_bytes / loaded.blocks_bytes, f"({loaded.blocks_count} blocks)"
    figures = [
        *load_figures(name, "lines", loaded, target_cpu_s, peers_cpu_s),
        Figure(f"{name}: peak RSS", loaded.rss_peak_bytes / 1e6, "MB", memory[1], memory[0]),
        Figure(f"{name}: raw bytes / bytes on disk", ratio, blocks, size[1], size[0], at_least=True),
    ]
    return figures, loaded.pushed


def measure_paced(data: Dataset, full: Pushed) -> list[Figure]:
    """Pushes at half the speed that was reached at full load."""
    rate = len(data.requests) / full.wall_s / 2
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data") as node:
        pushed = push_all(node, data.kind, data.requests, requests_per_s=rate)
        lag_ms = longest_lag_ms(node)
    name = f"{data.shape.lines_per_request:,} lines"
    return [
        Figure(f"Loki push: p50 of {name} at 50 % load", pushed.percentile_ms(0.5), f"ms ({rate:.0f} requests/s)"),
        Figure(f"Loki push: p99 of {name} at 50 % load", pushed.percentile_ms(0.99), "ms", 150),
        Figure("Loki push: longest event-loop lag at 50 % load, at most", lag_ms, "ms", 50),
    ]

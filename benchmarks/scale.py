"""How much of everything a run does."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.datasets import Shape


@dataclass(slots=True, frozen=True)
class Scale:
    loki: Shape
    otlp: Shape
    wal_large: int
    """Appends of a part of 5,000 lines."""
    wal_small: int
    """Appends of 1 KiB."""
    query_runs: int
    restarts: int
    promql_series: int
    """Series of 240 samples; six and 24 times as many of fewer."""
    trace_blocks: int
    trace_spans: int
    """In each block."""
    spans: int
    """Spans that metrics are made of."""
    cluster_sizes: tuple[int, ...]
    cluster_idle_s: int
    """After which a node of a cluster writes its block, and for how long nodes are watched while nobody does anything."""


FULL = Scale(
    Shape(),
    Shape(lines=400_000),
    wal_large=200,
    wal_small=20_000,
    query_runs=5,
    restarts=3,
    promql_series=4_167,
    trace_blocks=100,
    trace_spans=20_000,
    spans=200_000,
    cluster_sizes=(1, 3, 5),
    cluster_idle_s=3,
)
TINY = Scale(
    Shape(lines=4_000, lines_per_request=500),
    Shape(lines=2_000, lines_per_request=500),
    wal_large=5,
    wal_small=50,
    query_runs=1,
    restarts=1,
    promql_series=20,
    trace_blocks=3,
    trace_spans=200,
    spans=2_000,
    cluster_sizes=(1, 3),
    cluster_idle_s=1,
)
"""Each benchmark once, in seconds: that it runs, not what it says."""

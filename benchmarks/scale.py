"""How much of everything a run does."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.datasets import Shape
from benchmarks.sample_data import SampleShape
from benchmarks.span_data import SpanShape


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
    spans_pushed: SpanShape
    one_trace: SpanShape
    """All of whose spans are of one trace."""
    samples: SampleShape
    wide: SampleShape
    """Many series with few samples."""
    known: SampleShape
    """Series that are there when many new ones come."""
    churn: SampleShape
    """New series at once, as many as a tenant may have."""


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
    spans_pushed=SpanShape(),
    one_trace=SpanShape(spans=100_000, seconds=600),
    samples=SampleShape(),
    wide=SampleShape(series=200_000, scrapes=5),
    known=SampleShape(scrapes=2),
    churn=SampleShape(series=1_000_000, scrapes=1, prefix="churn"),
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
    spans_pushed=SpanShape(spans=2_000, spans_per_request=200),
    one_trace=SpanShape(spans=1_000, seconds=600),
    samples=SampleShape(series=960, scrapes=6, series_per_request=200),
    wide=SampleShape(series=960, scrapes=3, series_per_request=200),
    known=SampleShape(series=480, scrapes=2, series_per_request=200),
    churn=SampleShape(series=960, scrapes=1, series_per_request=200, prefix="churn"),
)
"""Each benchmark once, in seconds: that it runs, not what it says."""

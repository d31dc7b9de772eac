"""What does a sample cost from the socket to the verified block, how long do people wait for PromQL, and how long is the node away after `kill -9`?

Sketch for 1M samples of remote write 1.0, 180 bytes each before snappy: snappy 0.2, finding the series of known label bytes 0.4, value and time
0.1, admission 0.1, part and log 0.2, head 0.2, block 0.5: 1.7 CPU-s. Stored: 60 samples a series; half of the values are new and cost 2 to 3 bytes,
times nothing, labels some 50 bytes a series or 0.8 a sample: 2.5 bytes. A rate over 1.6M samples at 61 steps is 160 ms of evaluation
(bench_promql.py) and as much for reading. Recovery: 2.4M samples are 24 bytes each once read, 0.1 s, and 40,000 series 0.1 s; imports take longer.
Measured where logs took 1.3 times what README.md says: 3.7 CPU-s, of which 3.2 until the last ack; 2.95 bytes; the rate 570 CPU-ms from blocks and
440 from memory. Recovery 5 CPU-s, of which 1.3 are imports: a part of the log names a series for each sample.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bench_queries import ALL_IN_MEMORY
from benchmarks.bench_recovery import recovery_figures
from benchmarks.client import Answer, Client
from benchmarks.loading import load, load_figures, push_all
from benchmarks.report import Figure
from benchmarks.sample_data import SampleDataset, sample_dataset
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from benchmarks.timing import Timing, timed, timed_figure

INSTANT_AFTER_S = 600
STEP_S = 15


@dataclass(slots=True, frozen=True)
class Query:
    """instant: asked at one time instead of at steps over all scrapes."""

    expr: str
    instant: bool = False
    target_ms: float | None = None
    peers: str = ""


QUERIES = (
    Query("bench_temperature_0", instant=True),
    Query("sum(bench_requests_total_1)", instant=True),
    Query('count({job="job-3"})', instant=True),
    Query("topk(5, rate(bench_requests_total_1[5m]))", instant=True),
    Query("sum by (job) (rate(bench_requests_total_1[5m]))"),
    Query('sum by (code) (rate({__name__=~"bench_requests_total_.*"}[5m]))', False, 390, "Prometheus 390"),
    Query("histogram_quantile(0.9, sum by (le) (rate(bench_none_bucket[5m])))"),
    Query("avg_over_time(bench_temperature_0[10m])"),
    Query('max by (pod) (max_over_time({__name__=~"bench_temperature_.*", job="job-3"}[5m]))', False, 218, "Prometheus 218, VictoriaMetrics 35"),
    Query('sum(rate(bench_requests_total_1{code="500"}[5m])) / sum(rate(bench_requests_total_1[5m]))'),
    Query('count by (__name__) ({__name__=~"bench_.*"})'),
    Query("quantile(0.9, rate(bench_requests_total_2[5m]))"),
)


def run(scale: Scale) -> list[Figure]:
    data = sample_dataset(scale.samples)
    cost, blocks = _cost(data, scale.query_runs)
    head = _from_head(data, scale.query_runs)
    name = f"PromQL, {data.shape.samples:,} samples in blocks"
    queries = [
        timed_figure(f"{name}: {one.expr}{', once' if one.instant else ''}", blocks[one], head[one], one.target_ms, one.peers) for one in QUERIES
    ]
    return [*cost, *queries, *_killed(data, scale.restarts)]


def _cost(data: SampleDataset, runs: int) -> tuple[list[Figure], dict[Query, Timing]]:
    """One node with the settings that it has by default, but for rate limits; then its answers from blocks."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data") as node:
        loaded = load(node, data.kind, data.requests)
        timings = _timings(node, data, runs)
        answering_peak = node.rss_peak_bytes()
    nbytes, blocks = loaded.blocks_bytes / data.shape.samples, loaded.blocks_count
    figures = [
        *load_figures("Remote write", "samples", loaded, 2, "Prometheus 4.3, VictoriaMetrics 0.88"),
        Figure("Remote write: peak RSS", loaded.rss_peak_bytes / 1e6, f"MB ({answering_peak / 1e6:.0f} with all queries)"),
        Figure("Remote write: on disk, index included", nbytes, f"bytes a sample ({blocks} blocks)", 3, "VictoriaMetrics 3.0"),
    ]
    return figures, timings


def _from_head(data: SampleDataset, runs: int) -> dict[Query, Timing]:
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data", ALL_IN_MEMORY) as node:
        push_all(node, data.kind, data.requests)
        settle(node)
        return _timings(node, data, runs)


def _timings(node: NodeProcess, data: SampleDataset, runs: int) -> dict[Query, Timing]:
    """A fast wrong answer is no figure: samples are counted and values of counters added up first."""
    found = (count_samples(node.client, data), _added_up(node.client, data))
    if found != (data.shape.samples, data.counted):
        raise AssertionError(f"{found} samples, and their newest counters added up; pushed were {data.shape.samples, data.counted}")
    return {query: timed(node, partial(_ask, node.client, data, query), runs) for query in QUERIES}


def count_samples(client: Client, data: SampleDataset) -> int:
    """All of them, at the time of the last scrape. A range leaves its left end out, so it is a second longer. Raises QueryFailed."""
    seconds = data.newest_s - data.start_s + 1
    found = client.promql(f'sum(count_over_time({{__name__=~"{data.shape.prefix}_.*"}}[{seconds}s]))', time=data.newest_s)
    return sum(int(one["value"][1]) for one in found)


def _added_up(client: Client, data: SampleDataset) -> int:
    found = client.promql(f'sum({{__name__=~"{data.shape.prefix}_requests_total_.*"}})', time=data.newest_s)
    return sum(int(one["value"][1]) for one in found)


def _ask(client: Client, data: SampleDataset, query: Query) -> Answer:
    if query.instant:
        return client.get("/api/v1/query", query=query.expr, time=min(data.start_s + INSTANT_AFTER_S, data.newest_s))
    end_s = data.start_s + data.shape.scrapes * data.shape.interval_s
    return client.get("/api/v1/query_range", query=query.expr, start=data.start_s, end=end_s, step=STEP_S)


def _killed(data: SampleDataset, restarts: int) -> list[Figure]:
    """Killed as soon as the last request is acknowledged."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory:
        place, samples = Path(directory) / "data", data.shape.samples
        with NodeProcess(place, ALL_IN_MEMORY) as node:
            push_all(node, data.kind, data.requests)
        return recovery_figures(place, f"{samples:,} samples", partial(count_samples, data=data), samples, restarts, 1, "Prometheus 0.72, exact")

"""What does an active series cost in memory, what can be asked of very many, and what becomes of a node that is sent a million new ones at once?

Sketch: a series has seven labels of 150 bytes in all; the distributor knows it by the bytes it came as (250 bytes), the ingester by its labels
(300 bytes) and a number, and five samples are 24 bytes each: 800 bytes. A sum over 100,000 series at one step is 28 ms (bench_promql.py) and as much
for finding and reading them.
A million new ones in one go: 30 µs each are 30 s, the last are refused; nothing else may notice but for the wait.
Measured: 1,240 bytes a series, 1,090 of them after one scrape; the sum 1,060 CPU-ms from blocks, whose labels every query reads anew, and 180 from
memory. The million took 21 CPU-s; 960,000 came in, the rest was refused with 400, at 1.2 GB.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.bench_queries import ALL_IN_MEMORY
from benchmarks.bench_samples import count_samples
from benchmarks.client import Answer, Client, Pushed, push
from benchmarks.loading import push_all
from benchmarks.report import Figure
from benchmarks.sample_data import CODES, SampleDataset, sample_dataset
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from benchmarks.timing import Timing, timed, timed_figure

MB = 1e6


def run(scale: Scale) -> list[Figure]:
    return [*_wide(sample_dataset(scale.wide), scale.query_runs), *_churn(sample_dataset(scale.known), sample_dataset(scale.churn))]


def _wide(data: SampleDataset, runs: int) -> list[Figure]:
    series, samples = data.shape.series, data.shape.samples
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data", ALL_IN_MEMORY) as node:
        idle = node.rss_bytes()
        push_all(node, data.kind, data.scrape(0))
        settle(node)
        after_one = node.rss_bytes()
        push_all(node, data.kind, data.requests[len(data.scrape(0)) :])
        settle(node)
        after_all, peak = node.rss_bytes(), node.rss_peak_bytes()
        head = _wide_timings(node, data, runs)
        node.flush()
        settle(node)
        blocks = _wide_timings(node, data, runs)
    beside = f"bytes (RSS {idle / MB:.0f} to {after_all / MB:.0f} MB, peak {peak / MB:.0f}; after one scrape {(after_one - idle) / series:,.0f} each)"
    return [
        Figure(f"Memory of an active series: {series:,} of them, {data.shape.scrapes} scrapes", (after_all - idle) / series, beside, 2_000),
        timed_figure(f"PromQL over {series // 2:,} series in blocks, once: sum by (code)", blocks[0], head[0]),
        timed_figure(f"PromQL over {samples:,} samples in blocks, {data.shape.scrapes} steps: sum by (job) (sum_over_time)", blocks[1], head[1]),
    ]


def _wide_timings(node: NodeProcess, data: SampleDataset, runs: int) -> tuple[Timing, Timing]:
    """Half of the series at one time; all samples, a window for each scrape."""
    check_count(node, data)
    half = f'sum by (code) ({{__name__=~"bench_.*", code=~"{CODES[0]}|{CODES[1]}"}})'
    every = f'sum by (job) (sum_over_time({{__name__=~"bench_.*"}}[{data.shape.interval_s}s]))'
    return timed(node, partial(_instant, node.client, data, half), runs), timed(node, partial(_range, node.client, data, every), runs)


def _instant(client: Client, data: SampleDataset, expr: str) -> Answer:
    return client.get("/api/v1/query", query=expr, time=data.newest_s)


def _range(client: Client, data: SampleDataset, expr: str) -> Answer:
    return client.get("/api/v1/query_range", query=expr, start=data.start_s, end=data.newest_s, step=data.shape.interval_s)


def check_count(node: NodeProcess, data: SampleDataset) -> None:
    if (counted := count_samples(node.client, data)) != data.shape.samples:
        raise AssertionError(f"{counted} samples counted, {data.shape.samples} pushed")


def _churn(known: SampleDataset, new: SampleDataset) -> list[Figure]:
    """Some series are there; as many new ones come as there may be series in all, so that the last are refused; then the known ones go on."""
    limit = {"limits.max_global_series_per_user": str(new.shape.series)}
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data", limit) as node:
        push_all(node, known.kind, known.scrape(0))
        settle(node)
        idle, cpu_s = node.rss_bytes(), node.cpu_s()
        pushed = push(node.http, new.kind, new.requests)
        cpu_s, after, peak = node.cpu_s() - cpu_s, node.rss_bytes(), node.rss_peak_bytes()
        began = time.perf_counter()
        going_on = push_all(node, known.kind, known.scrape(1))
        going_on_s = time.perf_counter() - began
        check_count(node, known)
        accepted = count_samples(node.client, new)
        asked = timed(node, partial(_instant, node.client, new, 'count by (job) ({__name__=~"churn_.*"})'), 1)
    return [
        Figure(
            "A million new series at once: accepted" if new.shape.series == 10**6 else "New series at once: accepted", accepted, _refused(pushed, new)
        ),
        Figure("… in", pushed.wall_s, f"s ({cpu_s:.1f} CPU-s)"),
        Figure("… RSS after it", after / MB, f"MB (before {idle / MB:.0f}, peak {peak / MB:.0f})"),
        Figure("… bytes a new series", (after - idle) / max(1, accepted), "bytes"),
        Figure("… then the next scrape of the known ones, all accepted", going_on_s, f"s (p99 of a request {going_on.percentile_ms(0.99):.0f} ms)"),
        Figure("… then all of the new ones counted by job", asked.median_ms, f"ms ({asked.cpu_ms:.0f} CPU-ms)"),
    ]


def _refused(pushed: Pushed, new: SampleDataset) -> str:
    answers = sorted({text.split()[0] for text in pushed.refusals})
    return (
        f"of {new.shape.series:,}; {sum(pushed.refusals.values())} of {len(new.requests)} requests refused, in part or whole ({', '.join(answers)})"
    )

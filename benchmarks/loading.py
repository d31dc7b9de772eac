"""Everything pushed to a node, then flushed: what that takes of CPU, memory and disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.client import SAMPLES, Pushed, push
from benchmarks.datasets import LOKI, Request
from benchmarks.report import Figure
from benchmarks.server import NodeProcess, disk_bytes, settle

LAG_BUCKET = 'lgtm_event_loop_lag_seconds_bucket{le="'


@dataclass(slots=True, frozen=True)
class Loaded:
    """acked_cpu_s: until the last ack, as is lag_ms, the longest of the event loop. cpu_s: through the flushed block, until the node rests."""

    pushed: Pushed
    requests: int
    acked_cpu_s: float
    cpu_s: float
    lag_ms: float | str
    rss_peak_bytes: int
    blocks_bytes: int
    blocks_count: int


def load(node: NodeProcess, kind: str, requests: Sequence[Request]) -> Loaded:
    """Raises AssertionError when not everything is accepted."""
    before = node.cpu_s()
    pushed = push_all(node, kind, requests)
    lag_ms, acked_cpu_s = longest_lag_ms(node), node.cpu_s() - before
    node.flush()
    settle(node)
    blocks = node.data_dir / "blocks"
    count = len(list(blocks.rglob("meta.json")))
    return Loaded(pushed, len(requests), acked_cpu_s, node.cpu_s() - before, lag_ms, node.rss_peak_bytes(), disk_bytes(blocks), count)


def push_all(node: NodeProcess, kind: str, requests: Sequence[Request], *, requests_per_s: float | None = None) -> Pushed:
    """Raises AssertionError when not everything is accepted."""
    url = node.http if kind in (LOKI, SAMPLES) else node.otlp_http
    pushed, rows = push(url, kind, requests, requests_per_s=requests_per_s), sum(request.rows for request in requests)
    if pushed.rows != rows:
        raise AssertionError(f"{pushed.rows} of {rows} rows were accepted: {pushed.refusals}")
    return pushed


def load_figures(name: str, rows: str, loaded: Loaded, target_cpu_s: float, peers_cpu_s: str) -> list[Figure]:
    """What every kind of data is asked. rows: what they are called."""
    pushed, per_million = loaded.pushed, 1e6 / loaded.pushed.rows
    return [
        Figure(f"{name}: CPU through the flushed block", loaded.cpu_s * per_million, f"CPU-s/1M {rows}", target_cpu_s, peers_cpu_s),
        Figure(f"{name}: … of it until the last ack", loaded.acked_cpu_s * per_million, f"CPU-s/1M {rows}"),
        Figure(f"{name}: {rows} a second, {loaded.requests} requests, 4 connections", pushed.rows / pushed.wall_s, f"({pushed.wall_s:.1f} s)"),
        Figure(f"{name}: request p50 at full load", pushed.percentile_ms(0.5), "ms"),
        Figure(f"{name}: request p99 at full load", pushed.percentile_ms(0.99), "ms"),
        Figure(f"{name}: longest event-loop lag at full load, at most", loaded.lag_ms, "ms", 50),
    ]


def longest_lag_ms(node: NodeProcess) -> float | str:
    """The bucket that holds the longest one, which is what the node's own histogram tells."""
    buckets = {float(key[len(LAG_BUCKET) :].split('"')[0]): count for key, count in node.metrics().items() if key.startswith(LAG_BUCKET)}
    if not buckets:
        return "not measured"
    return min(bound for bound, count in buckets.items() if count == max(buckets.values())) * 1e3

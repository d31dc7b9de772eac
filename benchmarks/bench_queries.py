"""How long do people wait for an answer over an hour of logs?

Sketch: from a block, reading the line column of 1M rows is 0.3 CPU-s of zstd, a regex kernel over it 0.08 s, extracting a field from 333k JSON lines
0.1 s; counting by minute needs only the time column, 20 ms. Head and blocks hold the same rows; the head is not compressed.
Measured: reading all lines once is 0.15 CPU-s, but the needle takes 0.55: blocks are sorted by series, so each slice of time reads most of a block.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.client import Answer, Client, push
from benchmarks.datasets import LOKI, Dataset, dataset
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from benchmarks.timing import Timing, timed, timed_figure

NEEDLE = "<needle>"
STEP_S = 60
LIMIT = 100
ALL_IN_MEMORY = {"ingester.generation_bytes_max": "1GiB", "ingester.head_bytes_max": "3GiB"}


@dataclass(slots=True, frozen=True)
class Query:
    """expr: None asks for the names of labels. loki_ms, victorialogs_ms: medians over the same lines."""

    name: str
    expr: str | None
    loki_ms: float | None = None
    victorialogs_ms: float | None = None

    @property
    def peers(self) -> str:
        return "" if self.loki_ms is None else f"Loki {self.loki_ms:g}, VictoriaLogs {self.victorialogs_ms:g}"


QUERIES = (
    Query("labels", None),
    Query("newest 100 of a stream", '{app="bench", pod="pod-3"}', 25, 26),
    Query("needle, one trace id", f'{{app="bench"}} |= "{NEEDLE}"', 539, 2.7),
    Query("regex filter", '{app="bench", fmt="access"} |~ "HTTP/1.1\\" 5[0-9]{2}"', 106, 90),
    Query("json, status >= 500", '{app="bench", fmt="json"} | json | status >= 500', 194, 133),
    Query("logfmt, duration > 500ms", '{app="bench", fmt="logfmt"} | logfmt | duration > 500ms'),
    Query("count by level", 'sum by (level) (count_over_time({app="bench", fmt="logfmt"} | logfmt [1m]))', 475, 286),
    Query("rate of all", 'sum(rate({app="bench"}[1m]))', 1190, 20),
    Query("bytes by service", 'sum by (service_name) (bytes_over_time({app="bench"}[5m]))', 1576, 145),
    Query("p99 of an unwrapped field", 'quantile_over_time(0.99, {app="bench", fmt="json"} | json | unwrap duration_ms [1m]) by (pod)', 733, 133),
    Query("topk of paths", 'topk(5, sum by (path) (count_over_time({app="bench", fmt="logfmt"} | logfmt [5m])))'),
)


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    head = _measure(data, scale.query_runs, flushed=False)
    blocks = _measure(data, scale.query_runs, flushed=True)
    lines = f"{len(data.requests) * data.shape.lines_per_request:,} lines"
    return [
        timed_figure(f"Query, {lines} in blocks: {query.name}", blocks[query.name], head[query.name], query.loki_ms, query.peers) for query in QUERIES
    ]


def _measure(data: Dataset, runs: int, *, flushed: bool) -> dict[str, Timing]:
    settings = {"limits.max_query_series": "0"} | ({} if flushed else ALL_IN_MEMORY)
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data", settings) as node:
        push(node.http, data.kind, data.requests)
        if flushed:
            node.flush()
        settle(node)
        check_count(node, data)
        return {query.name: timed(node, partial(_ask, node, data, query), runs) for query in QUERIES}


def check_count(node: NodeProcess, data: Dataset) -> None:
    """A fast wrong answer is no figure."""
    if (counted := count_lines(node.client, data)) != data.shape.lines:
        raise AssertionError(f"{counted} lines counted, {data.shape.lines} pushed")


def count_lines(client: Client, data: Dataset) -> int:
    """All lines, at `end_ns`. A range leaves its left end out, so it is a second longer."""
    expr = f'sum(count_over_time({{app="bench"}}[{data.shape.seconds + 1}s]))'
    return sum(int(one["value"][1]) for one in client.query(expr, time=data.end_ns))


def _ask(node: NodeProcess, data: Dataset, query: Query) -> Answer:
    window = {"start": data.start_ns, "end": data.end_ns}
    if query.expr is None:
        return node.client.get("/loki/api/v1/labels", **window)
    expr = query.expr.replace(NEEDLE, data.needle)
    return node.client.get("/loki/api/v1/query_range", query=expr, step=STEP_S, limit=LIMIT, **window)

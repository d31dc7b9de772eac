"""What does a span cost from the socket to the verified block, how long do people wait for traces, and is one lost when the node is killed?

Sketch for 1M spans of 286 bytes with seven attributes: HTTP 0.2, decode 2 (some thirty columns, each text copied once), admission 0.5, part and
log 1, head and merge 0.8, block with its index of ids 2.5: 7 CPU-s, twice a log record of OTLP. Stored: ids of 16 and 8 bytes are random and stay,
url and customer cost some 8 bytes, the rest little: 60 bytes a span. By id from blocks: 10 ms (bench_traces.py). A search stops at 20 traces, so one
that finds much is quick; one that finds little reads a column or two of 300,000 rows, 20 ms. Metrics read all of a column, 10 ms.
Measured where logs took 1.3 times what README.md says: 8.4 to 9.8 CPU-s, of which 6.4 to 7.7 until the last ack; 51.5 bytes; by id 12 CPU-ms,
searches 22 to 80, metrics 26 to 42. A trace of 100,000 spans is a Python object for each field: 2.1 CPU-s as JSON, 4.2 as protobuf, peak RSS 730 MB.

Tempo's figures are known as the range over its answers to the queries of a kind; the target is the upper end.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from benchmarks.bench_queries import ALL_IN_MEMORY
from benchmarks.bench_recovery import recovery_figures
from benchmarks.client import Answer, Client, QueryFailed
from benchmarks.loading import load, load_figures, push_all
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from benchmarks.span_data import SpanDataset, one_trace, span_dataset
from benchmarks.timing import Timing, timed, timed_figure

LIMIT = 20
STEP = "60s"
BY_ID, SEARCH, METRICS = "/api/traces/", "/api/search", "/api/metrics/query_range"
TEMPO_MS = {BY_ID: (36, 116), SEARCH: (8, 98), METRICS: (41, 91)}


@dataclass(slots=True, frozen=True)
class Query:
    path: str
    text: str = ""

    @property
    def name(self) -> str:
        return self.text if self.path != BY_ID else "trace by id"

    @property
    def peers(self) -> str:
        least, most = TEMPO_MS[self.path]
        return f"Tempo {least}–{most}"


SEARCHES = (
    "{}",
    "{ span.http.status_code = 503 }",
    '{ resource.service.name = "svc-3" && duration > 100ms }',
    '{ span.customer.id = "c777" }',
    "{ status = error } >> { kind = server }",
    "{ } | count() > 20",
    '{ name =~ "GET /.*a.*" } | avg(duration) > 50ms',
)
OVER_TIME = (
    "{ } | rate() by (resource.service.name)",
    "{ status=error } | count_over_time()",
    "{ } | quantile_over_time(duration, .5, .99)",
)
QUERIES = (Query(BY_ID), *(Query(SEARCH, text) for text in SEARCHES), *(Query(METRICS, text) for text in OVER_TIME))


def run(scale: Scale) -> list[Figure]:
    data = span_dataset(scale.spans_pushed)
    cost, blocks = _cost(data, scale.query_runs)
    head = _from_head(data, scale.query_runs)
    queries = [
        timed_figure(f"TraceQL, {data.spans:,} spans in blocks: {one.name}", blocks[one], head[one], TEMPO_MS[one.path][1], one.peers)
        for one in QUERIES
    ]
    return [*cost, *queries, *_killed(data, scale.restarts), *_large_trace(one_trace(scale.one_trace))]


def _cost(data: SpanDataset, runs: int) -> tuple[list[Figure], dict[Query, Timing]]:
    """One node with the settings that it has by default, but for rate limits; then its answers from blocks."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data") as node:
        loaded = load(node, data.kind, data.requests)
        timings = _timings(node, data, runs)
        answering_peak = node.rss_peak_bytes()
    raw_bytes = sum(request.raw_bytes for request in data.requests)
    figures = [
        *load_figures("OTLP spans", "spans", loaded, 8, "Tempo 12.2–13.3, VictoriaTraces 16.1"),
        Figure("OTLP spans: peak RSS", loaded.rss_peak_bytes / 1e6, f"MB ({answering_peak / 1e6:.0f} with all queries)"),
        Figure(
            "OTLP spans: bytes on disk",
            loaded.blocks_bytes / data.spans,
            f"bytes a span ({loaded.blocks_count} blocks; raw {raw_bytes / data.spans:.0f})",
        ),
    ]
    return figures, timings


def _from_head(data: SpanDataset, runs: int) -> dict[Query, Timing]:
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data", ALL_IN_MEMORY) as node:
        push_all(node, data.kind, data.requests)
        settle(node)
        return _timings(node, data, runs)


def _timings(node: NodeProcess, data: SpanDataset, runs: int) -> dict[Query, Timing]:
    """A fast wrong answer is no figure: all spans, errors and the spans of one trace are counted first."""
    found = (
        count_spans(node.client, data),
        count_spans(node.client, data, "{ status = error }"),
        _spans_of(node.client.get(BY_ID + data.trace_id)),
    )
    if found != (data.spans, data.errors, data.trace_spans):
        raise AssertionError(f"{found} spans, errors and spans of a trace; pushed were {data.spans, data.errors, data.trace_spans}")
    return {query: timed(node, partial(_ask, node.client, data, query), runs) for query in QUERIES}


def count_spans(client: Client, data: SpanDataset, selected: str = "{ }") -> int:
    """Raises QueryFailed."""
    answer = client.get("/api/metrics/query", q=f"{selected} | count_over_time()", **_window(data))
    if answer.status != 200:
        raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
    return sum(int(series["value"]) for series in answer.json()["series"])


def _ask(client: Client, data: SpanDataset, query: Query) -> Answer:
    if query.path == BY_ID:
        return client.get(BY_ID + data.trace_id)
    return client.get(query.path, q=query.text, **_window(data), **({"limit": LIMIT} if query.path == SEARCH else {"step": STEP}))


def _window(data: SpanDataset) -> dict[str, int]:
    return {"start": data.start_ns // 10**9, "end": data.end_ns // 10**9}


def _killed(data: SpanDataset, restarts: int) -> list[Figure]:
    """Killed as soon as the last request is acknowledged. An answer that is not exact ends the benchmark, so all spans are there when it does not."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory:
        place = Path(directory) / "data"
        with NodeProcess(place, ALL_IN_MEMORY) as node:
            push_all(node, data.kind, data.requests)
        found = recovery_figures(place, f"{data.spans:,} spans", partial(count_spans, data=data), data.spans, restarts)
    left, all_of_them = data.spans, f"of {data.spans:,}"
    return [Figure("kill -9 just after the acks: spans left", left, all_of_them, data.spans, "Tempo monolith 0 of 300,004", at_least=True), *found]


def _large_trace(data: SpanDataset) -> list[Figure]:
    """Each answer is read and counted; peak RSS is of everything until then."""
    name = f"One trace of {data.spans:,} spans"
    figures = []
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, NodeProcess(Path(directory) / "data") as node:
        pushed = push_all(node, data.kind, data.requests)
        figures.append(Figure(f"{name}: pushed", pushed.wall_s, f"s (peak RSS {node.rss_peak_bytes() / 1e6:.0f} MB)"))
        for place in ("the head", "blocks"):
            if place == "blocks":
                node.flush()
                settle(node)
            for kind, accept in (("JSON", "application/json"), ("protobuf", "application/protobuf")):
                answers = list[Answer]()
                timing = timed(node, partial(_remember, answers, node.client, data, accept), 1)
                if (found := _spans_of(answers[0])) != data.spans:
                    raise AssertionError(f"{found} of {data.spans} spans of one trace in {kind} from {place}")
                beside = f"ms ({timing.cpu_ms:.0f} CPU-ms, {timing.nbytes / 1e6:.0f} MB, peak RSS {node.rss_peak_bytes() / 1e6:.0f} MB)"
                figures.append(Figure(f"{name}: {kind} from {place}", timing.median_ms, beside))
    return figures


def _remember(answers: list[Answer], client: Client, data: SpanDataset, accept: str) -> Answer:
    answers.append(client.request("GET", BY_ID + data.trace_id, headers={"Accept": accept}))
    return answers[-1]


def _spans_of(answer: Answer) -> int:
    """As many as a trace in an answer has, in JSON or protobuf."""
    if answer.status != 200:
        raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
    if "json" in answer.headers["content-type"]:
        return sum(len(scope["spans"]) for batch in answer.json()["batches"] for scope in batch["scopeSpans"])
    return sum(len(scope.spans) for batch in TracesData.FromString(answer.body).resource_spans for scope in batch.scope_spans)

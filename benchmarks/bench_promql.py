"""How long does PromQL take once the samples are in memory: rates over a million of them, and sums over 100,000 series?

Sketch: a rate touches each sample three times (which window, was it reset, what lies between) and each window some twenty times, 8 bytes each; at
5 GB/s that is 5 ms for 1M samples and 30 ms for 1.6M windows. A sum over 100,000 series at one step is one pass to find the newest samples of
2M (10 ms) and one over a column of labels. Measured: rate of 1M samples 35 ms; of 1.5M windows, then summed, 160 ms, of which a quarter is the sum,
because no digit is lost; sums over 100,000 series 28 ms.

Peers were asked over HTTP and read their samples from their own storage; ours are evaluation alone, so they say what is left for reading.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from benchmarks.report import Figure
from benchmarks.scale import Scale
from lgtm.api.prometheus.encode import encode_result, sample_count
from lgtm.promql.columns import Selected, offsets_of
from lgtm.promql.evaluate import evaluate
from lgtm.promql.parser import parse
from lgtm.promql.prepare import prepare
from lgtm.promql.times import Times
from lgtm.vectors.label_table import Column, LabelTable

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
HOUR = Times(HOUR_MS, 2 * HOUR_MS, MINUTE_MS)
_SEED = 1


def run(scale: Scale) -> list[Figure]:
    dense = counters(scale.promql_series, samples=240, step_ms=15_000)
    sparse = counters(scale.promql_series * 6, samples=60, step_ms=MINUTE_MS)
    wide = counters(scale.promql_series * 24, samples=20, step_ms=15_000)
    instant = Times(HOUR_MS + 20 * 15_000, HOUR_MS + 20 * 15_000)
    return [
        _figure("rate(x[5m])", dense, HOUR, scale),
        _figure("max by (pod) (max_over_time(x[5m]))", dense, HOUR, scale, 218, "Prometheus 218, VictoriaMetrics 35"),
        _figure("sum by (code) (rate(x[5m]))", sparse, HOUR, scale, 390, "Prometheus 390"),
        _figure("sum by (code) (x)", wide, instant, scale),
        _figure("sum by (pod) (x)", wide, instant, scale),
        _figure("x / on (pod, code, method) group_left x", wide, instant, scale),
        _encoding("x", dense, scale),
        _encoding("rate(x[5m])", dense, scale),
    ]


def counters(series: int, *, samples: int, step_ms: int) -> Selected:
    """Counters that grow at random, scraped at offsets of their own, labelled by code (5), method (4) and pod."""
    random = np.random.default_rng(_SEED)
    offsets_ms = np.repeat(random.integers(0, step_ms, series), samples)
    ts_ms = HOUR_MS + np.tile(np.arange(samples) * step_ms, series) + offsets_ms
    values = np.cumsum(random.integers(0, 50, (series, samples)), axis=1).astype(np.float64).ravel()
    return Selected(_labels(series), offsets_of(np.full(series, samples)), ts_ms, values)


def _labels(series: int) -> LabelTable:
    number = np.arange(series)
    places = {"code": number % 5, "method": number // 5 % 4, "pod": number // 20, "__name__": np.zeros(series, dtype=np.int64)}
    return LabelTable(series, {name: Column(["", *_values(name, int(at.max()))], (at + 1).astype(np.int32)) for name, at in places.items()})


def _values(name: str, largest: int) -> list[str]:
    return ["x"] if name == "__name__" else [f"{name}-{place}" for place in range(largest + 1)]


def _figure(query: str, data: Selected, times: Times, scale: Scale, target: float | None = None, peers: str = "") -> Figure:
    what = f"PromQL: {query}, {len(data.labels):,} series, {len(data.ts_ms):,} samples, {len(times.steps_ms)} steps"
    return Figure(what, statistics.median(_elapsed_ms(query, data, times) for _ in range(scale.query_runs)), "ms", target, peers)


def _encoding(query: str, data: Selected, scale: Scale) -> Figure:
    """Of the answer to a range query that has as many points as there are samples."""
    prepared = prepare(parse(query), Times(HOUR_MS + MINUTE_MS, HOUR_MS + HOUR_MS, 15_000))
    result = evaluate(prepared, [data] * len(prepared.selections))
    elapsed = []
    for _ in range(scale.query_runs):
        began = time.perf_counter()
        text = encode_result(result, is_range=True, limit=0, stats=None)
        elapsed.append((time.perf_counter() - began) * 1e3)
    what = f"JSON of {query}, {sample_count(result):,} points, {len(text):,} bytes"
    return Figure(what, statistics.median(elapsed), "ms", 1_000, "a second for a million")


def _elapsed_ms(query: str, data: Selected, times: Times) -> float:
    prepared = prepare(parse(query), times)
    began = time.perf_counter()
    result = evaluate(prepared, [data] * len(prepared.selections))
    elapsed = (time.perf_counter() - began) * 1e3
    assert len(result.labels)
    return elapsed

"""A stock Prometheus writes to a node by remote write what it scrapes, and both answer the same queries alike.

Skipped where there is none: `apt-get install prometheus`, or PROMETHEUS=/path/to/prometheus. Minutes of it:
`make test-long ARGS=tests/e2e/test_stock_prometheus.py`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from benchmarks.client import Client
from benchmarks.server import NodeProcess
from e2e.asking import eventually
from e2e.conftest import Start
from e2e.prometheus import BINARY, SCRAPE_S, StockPrometheus

pytestmark = pytest.mark.skipif(BINARY is None, reason="no stock Prometheus here: apt-get install prometheus, or name one in PROMETHEUS")

QUERIES = (
    "up",
    "count({__name__=~'.+'})",
    "count by (job, __name__) ({__name__=~'.+'})",
    "{__name__=~'lgtm_.*|prometheus_.*|process_.*'}",
    "sum without (instance) (scrape_samples_scraped)",
    "rate(prometheus_tsdb_head_samples_appended_total[5s])",
    "irate(process_cpu_seconds_total[5s])",
    "increase(prometheus_http_requests_total{handler='/metrics'}[7s])",
    "delta(process_resident_memory_bytes[5s])",
    "deriv(process_resident_memory_bytes[6s])",
    "predict_linear(process_resident_memory_bytes[6s], 60)",
    "histogram_quantile(0.9, sum by (le, handler) (rate(prometheus_http_request_duration_seconds_bucket{handler='/metrics'}[5s])))",
    "histogram_quantile(0.5, prometheus_http_response_size_bytes_bucket)",
    "sum(rate(lgtm_http_requests_total[5s])) by (path, status)",
    "topk(3, scrape_duration_seconds)",
    "max_over_time(scrape_duration_seconds[5s]) / min_over_time(scrape_duration_seconds[5s])",
    "quantile_over_time(0.7, scrape_duration_seconds[6s])",
    "stddev_over_time(scrape_duration_seconds[6s])",
    "avg_over_time(up[4s])",
    "changes(process_resident_memory_bytes[8s])",
    "resets(process_cpu_seconds_total[8s])",
    "absent(up{job='nobody'})",
    "absent_over_time(up{job='nodes'}[2s])",
    "present_over_time({job='nodes', __name__='process_open_fds'}[3s])",
    "up offset 3s",
    "max_over_time(rate(process_cpu_seconds_total[3s])[6s:1s])",
    "label_replace(up, 'port', '$1', 'instance', '.*:(.*)')",
    "process_resident_memory_bytes / on (job, instance) group_left (version) prometheus_build_info",
    "up == 0 or up > 0",
    "up unless on (instance) process_start_time_seconds",
    "timestamp(up)",
    "sort_desc(process_resident_memory_bytes)",
    "count_values('samples', scrape_samples_scraped)",
    "sum by (quantile) (go_gc_duration_seconds)",
    "clamp(process_open_fds, 5, 20)",
    "time() - process_start_time_seconds",
    "vector(1) + scalar(sum(up))",
)
LONGEST_RANGE_S, FIRST_SCRAPE_S = 8, 6
"""Ranges that begin before the first sample are left out: version 3 extrapolates counters that are young otherwise than version 2."""


def ask(client: Client, path: str, **parameters: Any) -> Any:
    answer = client.get(f"{path}?{urlencode(parameters, doseq=True)}")
    assert answer.status == 200, f"{path} {parameters}: {answer.body[:300]!r}"
    return answer.json()["data"]


def instant(client: Client, query: str, at_s: float) -> Any:
    return in_order(ask(client, "/api/v1/query", query=query, time=at_s), keep="sort" in query)


def over_time(client: Client, query: str, start_s: float, end_s: float) -> Any:
    return in_order(ask(client, "/api/v1/query_range", query=query, start=start_s, end=end_s, step=SCRAPE_S))


def in_digits(found: Any) -> Any:
    """Values of 12 digits: versions differ in the order in which they add and multiply."""
    match found:
        case [float() | int() as at, str() as value]:
            return [at, f"{float(value):.12g}"]
        case list():
            return [in_digits(one) for one in found]
        case dict():
            return {name: one if name == "metric" else in_digits(one) for name, one in found.items()}
    return found


def in_order(data: Any, *, keep: bool = False) -> Any:
    """Series have no order of their own, unless the query sorts."""
    kind, result = data["resultType"], in_digits(data["result"])
    return kind, result if keep or kind in ("scalar", "string") else sorted(result, key=lambda one: sorted(one["metric"].items()))


def between_scrapes(prometheus: StockPrometheus, at_s: float) -> float:
    """The time next to `at_s` that lies half way between scrapes of all targets: no window then begins or ends at a sample, about which
    versions 2 and 3 differ."""
    scraped = ask(prometheus.client, "/api/v1/query", query="timestamp(up)", time=at_s)["result"]
    offsets = sorted({float(one["value"][1]) % SCRAPE_S for one in scraped})
    gaps = [(following - offset, offset) for offset, following in zip(offsets, [*offsets[1:], offsets[0] + SCRAPE_S], strict=True)]
    gap, offset = max(gaps)
    return round(at_s // SCRAPE_S * SCRAPE_S + offset + gap / 2, 3)


def differences(ours: Client, theirs: Client, start_s: float, end_s: float) -> list[str]:
    """Queries that are answered differently, at the end or from start to end."""
    at_end = [query for query in QUERIES if instant(ours, query, end_s) != instant(theirs, query, end_s)]
    ranges = [query for query in QUERIES if over_time(ours, query, start_s, end_s) != over_time(theirs, query, start_s, end_s)]
    return [f"{query} at {end_s}" for query in at_end] + [f"{query} from {start_s} to {end_s}" for query in ranges]


def run_for(seconds: float) -> None:
    """Scrapes take place by the clock of the wall, of a process that is not ours."""
    time.sleep(seconds)


def compare(start: Start, tmp_path: Path, seconds: float) -> None:
    node, target = start(), start()
    with StockPrometheus(tmp_path / "prometheus", targets=[host(node), host(target)], remote_write=f"{node.http}/api/v1/write") as prometheus:
        began_s = time.time()
        run_for(seconds * 0.7)
        target.kill()  # its series end with markers
        run_for(seconds * 0.3)
        end_s = between_scrapes(prometheus, time.time() - 2 * SCRAPE_S)
        start_s = end_s - SCRAPE_S * int((end_s - began_s - LONGEST_RANGE_S - FIRST_SCRAPE_S) / SCRAPE_S)
        assert instant(prometheus.client, "count(up == 0)", end_s)[1][0]["value"][1] == "1"
        assert int(instant(prometheus.client, "count({__name__=~'.+'})", end_s)[1][0]["value"][1]) > 500
        eventually(lambda: differences(node.client, prometheus.client, start_s, end_s), is_right=lambda found: not found, deadline_s=30)

        for path in ("/api/v1/labels", "/api/v1/label/__name__/values", "/api/v1/label/job/values"):
            # Of all times: of some, Prometheus tells what its memory holds beside.
            eventually(lambda path=path: ask(node.client, path) == ask(prometheus.client, path))  # type: ignore[misc]
        node.kill()


def host(node: NodeProcess) -> str:
    return node.http.removeprefix("http://")


def test_a_stock_prometheus_and_the_node_that_it_writes_to_answer_alike(start: Start, tmp_path: Path) -> None:
    compare(start, tmp_path, seconds=22)


@pytest.mark.long
def test_they_still_answer_alike_after_minutes(start: Start, tmp_path: Path) -> None:
    compare(start, tmp_path, seconds=240)

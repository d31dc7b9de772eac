"""What the query side tells about itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class QueryApiMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("lgtm_api_query_requests_total", "Answered queries.", ["route", "status"], registry=registry)
        self._answer_bytes = Counter("lgtm_api_query_answer_bytes_total", "Bytes of answers.", ["route"], registry=registry)
        self._seconds = Histogram(
            "lgtm_api_query_seconds", "From the headers to the answer.", ["route"], buckets=LATENCY_BUCKETS_S, registry=registry
        )
        self.tails = Gauge("lgtm_api_tails", "Open tails.", registry=registry)
        self.tail_dropped = Counter("lgtm_api_tail_dropped_entries_total", "Entries that slow clients of tails did not get.", registry=registry)

    def answered(self, route: str, status: str, seconds: float, answer_bytes: int) -> None:
        self._requests.labels(route, status).inc()
        self._answer_bytes.labels(route).inc(answer_bytes)
        self._seconds.labels(route).observe(seconds)

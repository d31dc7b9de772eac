"""What the push side tells about itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class PushMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("lgtm_api_push_requests_total", "Answered pushes.", ["route", "status"], registry=registry)
        self._body_bytes = Counter("lgtm_api_push_body_bytes_total", "Bytes of bodies as received.", ["route"], registry=registry)
        self._rows = Counter("lgtm_api_push_rows_total", "Rows decoded from bodies.", ["route"], registry=registry)
        self._seconds = Histogram(
            "lgtm_api_push_seconds", "From the first byte to the answer.", ["route"], buckets=LATENCY_BUCKETS_S, registry=registry
        )

    def received(self, route: str, body_bytes: int) -> None:
        self._body_bytes.labels(route).inc(body_bytes)

    def decoded(self, route: str, rows: int) -> None:
        self._rows.labels(route).inc(rows)

    def answered(self, route: str, status: str, seconds: float) -> None:
        """status: an HTTP status or the name of a gRPC one."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

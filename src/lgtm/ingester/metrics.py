"""What the ingester tells about itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class IngesterMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter("lgtm_ingester_rows_total", "Rows appended to the log and the head.", ["signal"], registry=registry)
        self._bytes = Counter("lgtm_ingester_part_bytes_total", "Bytes of the parts appended to the log.", ["signal"], registry=registry)
        self.flush_seconds = Histogram("lgtm_ingester_flush_seconds", "One try to flush a generation.", buckets=LATENCY_BUCKETS_S, registry=registry)
        self.flush_failures = Counter("lgtm_ingester_flush_failures_total", "Tries that failed and will be repeated.", registry=registry)
        self.replayed_rows = Counter("lgtm_ingester_replayed_rows_total", "Rows read back from the log at start.", registry=registry)
        self.unlabelled_series = Counter(
            "lgtm_ingester_unlabelled_series_total", "Series whose labels were lost with a damaged stretch of the log.", registry=registry
        )

    def appended(self, signal: str, rows: int, part_bytes: int) -> None:
        self._rows.labels(signal).inc(rows)
        self._bytes.labels(signal).inc(part_bytes)

"""What the ingester tells about itself."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class Heads(Protocol):
    def head_bytes(self) -> int: ...

    def head_rows(self) -> int: ...

    def head_series(self) -> int: ...

    def flush_backlog(self) -> int: ...


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

        self._head_bytes = Gauge(
            "lgtm_ingester_head_bytes", "Memory of rows not yet in blocks; ingester.head_bytes_max bounds it.", registry=registry
        )
        self._head_rows = Gauge("lgtm_ingester_head_rows", "Rows not yet in blocks.", registry=registry)
        self._head_series = Gauge("lgtm_ingester_head_series", "Series with rows not yet in blocks, by generation.", registry=registry)
        self._backlog = Gauge("lgtm_ingester_flush_backlog", "Sealed generations that wait for the object store.", registry=registry)

    def watch(self, heads: Heads) -> None:
        """Reads the gauges from the ingester whenever they are asked for."""
        self._head_bytes.set_function(heads.head_bytes)
        self._head_rows.set_function(heads.head_rows)
        self._head_series.set_function(heads.head_series)
        self._backlog.set_function(heads.flush_backlog)

    def appended(self, signal: str, rows: int, part_bytes: int) -> None:
        self._rows.labels(signal).inc(rows)
        self._bytes.labels(signal).inc(part_bytes)

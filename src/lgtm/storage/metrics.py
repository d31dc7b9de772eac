"""Our counters of storage."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lgtm.storage.column_cache import ColumnCache
from lgtm.telemetry import LATENCY_BUCKETS_S


class StorageMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.operation_seconds = Histogram(
            "lgtm_storage_operation_seconds",
            "Operations on the object store, retries included, by outcome: ok, absent, exists, unavailable.",
            ["operation", "outcome"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.retries = Counter("lgtm_storage_retries_total", "Tries after the first.", ["operation"], registry=registry)
        self.sent_bytes = Counter("lgtm_storage_sent_bytes_total", "Bytes put.", registry=registry)
        self.received_bytes = Counter("lgtm_storage_received_bytes_total", "Bytes got.", registry=registry)
        self.cache_bytes = Gauge("lgtm_storage_cache_bytes", "Block files on local disk.", registry=registry)
        self.cache_requests = Counter(
            "lgtm_storage_cache_requests_total", "Blocks opened, by where they were: open, disk, store.", ["found"], registry=registry
        )
        self.damaged = Counter("lgtm_storage_damaged_total", "Stored bytes that are not what was written.", ["what"], registry=registry)
        self.blocks = Gauge("lgtm_storage_blocks", "Blocks in the catalogue.", ["signal"], registry=registry)
        self.polls = Counter("lgtm_storage_polls_total", "Polls of the catalogue, by outcome: ok, failed.", ["outcome"], registry=registry)
        self.published = Counter(
            "lgtm_storage_published_total", "Blocks published, by outcome: new, repeated, conflict.", ["outcome"], registry=registry
        )
        self._decoded_bytes = Gauge("lgtm_storage_decoded_bytes", "Columns of blocks kept decoded in memory.", registry=registry)
        self._decoded_hits = Gauge("lgtm_storage_decoded_hits", "Columns of row groups that were found decoded since the start.", registry=registry)
        self._decoded_misses = Gauge("lgtm_storage_decoded_misses", "Columns of row groups that had to be decoded.", registry=registry)

    def watch_decoded(self, decoded: ColumnCache) -> None:
        self._decoded_bytes.set_function(lambda: decoded.nbytes)
        self._decoded_hits.set_function(lambda: decoded.hits)
        self._decoded_misses.set_function(lambda: decoded.misses)

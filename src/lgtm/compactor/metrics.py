"""What the compactor tells about itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class CompactorMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.jobs = Counter(
            "lgtm_compactor_jobs_total", "Merges, by why they were made and outcome: ok, failed.", ["reason", "outcome"], registry=registry
        )
        self.rows = Counter("lgtm_compactor_rows_total", "Rows of merged blocks: read, or dropped as copies.", ["what"], registry=registry)
        self.bytes = Counter("lgtm_compactor_bytes_total", "Bytes of blocks: read, or written.", ["what"], registry=registry)
        self.deleted = Counter("lgtm_compactor_deleted_blocks_total", "Blocks marked as deleted, by reason.", ["reason"], registry=registry)
        self.erased = Counter("lgtm_compactor_erased_blocks_total", "Blocks whose objects are gone.", registry=registry)
        self.orphans = Gauge("lgtm_compactor_orphans", "Old objects that belong to no block, at the last look.", registry=registry)
        self.seconds = Histogram("lgtm_compactor_job_seconds", "One merge.", buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000), registry=registry)
        self.last_round = Gauge("lgtm_compactor_last_round_timestamp_seconds", "When the last complete round ended.", registry=registry)

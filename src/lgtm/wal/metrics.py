"""The log's own metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class WalMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.frames = Counter("lgtm_wal_frames_total", "Frames acknowledged.", registry=registry)
        self.bytes = Counter("lgtm_wal_written_bytes_total", "Bytes written to segments, headers and padding included.", registry=registry)
        self.sync_s = Histogram("lgtm_wal_sync_duration_seconds", "One fdatasync of a segment.", registry=registry, buckets=LATENCY_BUCKETS_S)
        self.refused = Counter("lgtm_wal_refused_appends_total", "Appends refused before logging, by reason.", ["reason"], registry=registry)
        self.failed = Gauge("lgtm_wal_failed", "1 once a write or sync has failed: the process must end.", registry=registry)
        self.pending_bytes = Gauge("lgtm_wal_pending_bytes", "Bytes that wait for the disk.", registry=registry)
        self.segments = Gauge("lgtm_wal_segments", "Segments that are kept.", registry=registry)
        self.segment_bytes = Gauge("lgtm_wal_segment_bytes", "Bytes of valid frames in the segments that are kept.", registry=registry)
        self.disk_used_ratio = Gauge("lgtm_wal_disk_used_ratio", "Used part of the log's volume, space or inodes.", registry=registry)
        self.damaged_frames = Gauge("lgtm_wal_damaged_frames", "Acknowledged frames in kept segments that cannot be read.", registry=registry)
        self.missing_segments = Gauge("lgtm_wal_missing_segments", "Segments whose files the last recovery did not find.", registry=registry)
        self.hole_frames = Gauge("lgtm_wal_hole_frames", "Unacknowledged frames that power loss took, found by the last recovery.", registry=registry)
        self.torn_bytes = Gauge("lgtm_wal_torn_tail_bytes", "Bytes behind the last valid frame at the last recovery.", registry=registry)

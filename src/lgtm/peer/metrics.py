"""What calls between nodes tell about themselves."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from lgtm.telemetry import LATENCY_BUCKETS_S


class PeerMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter("lgtm_peer_calls_total", "Calls to other nodes, by method and outcome.", ["method", "outcome"], registry=registry)
        self.seconds = Histogram(
            "lgtm_peer_call_seconds", "Time until another node answered.", ["method"], buckets=LATENCY_BUCKETS_S, registry=registry
        )
        self.sent_bytes = Counter("lgtm_peer_sent_bytes_total", "Bytes of requests to other nodes.", ["method"], registry=registry)
        self.received_bytes = Counter("lgtm_peer_received_bytes_total", "Bytes of answers from other nodes.", ["method"], registry=registry)
        self.rejected = Counter("lgtm_peer_rejected_total", "Calls refused from strangers, by reason.", ["reason"], registry=registry)

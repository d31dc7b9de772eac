"""What the gossip tells about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

STATES = ("alive", "suspect", "dead", "left")
RING_STATES = ("JOINING", "ACTIVE", "LEAVING", "UNHEALTHY")


class GossipMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.received_bytes = Counter("lgtm_gossip_received_bytes_total", "Bytes of datagrams received.", registry=registry)
        self.sent_bytes = Counter("lgtm_gossip_sent_bytes_total", "Bytes of datagrams sent.", registry=registry)
        self.refused = Counter("lgtm_gossip_refused_total", "Packets and streams refused, by reason.", ["reason"], registry=registry)
        self._members = Gauge("lgtm_gossip_members", "Members known, by state.", ["state"], registry=registry)
        self._health = Gauge("lgtm_gossip_health_score", "0: this node answers in time; higher: it is slow itself.", registry=registry)
        self._instances = Gauge("lgtm_ring_instances", "Instances in the ring, by state.", ["state"], registry=registry)
        self._expected = Gauge("lgtm_ring_instances_expected", "How many there should be (ring.instances_expected); 0: not told.", registry=registry)
        self._skew = Gauge("lgtm_ring_clock_skew_seconds", "Largest lead of another instance's clock over ours.", registry=registry)

    def watch(
        self,
        members: Callable[[], Mapping[str, int]],
        instances: Callable[[], Mapping[str, int]],
        health: Callable[[], float],
        expected: Callable[[], float],
        skew_s: Callable[[], float],
    ) -> None:
        """Reads the gauges whenever they are asked for."""
        for state in STATES:
            self._members.labels(state).set_function(lambda state=state: members().get(state, 0))  # type: ignore[misc]
        for state in RING_STATES:
            self._instances.labels(state).set_function(lambda state=state: instances().get(state, 0))  # type: ignore[misc]
        self._health.set_function(health)
        self._expected.set_function(expected)
        self._skew.set_function(skew_s)

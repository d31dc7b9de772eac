"""How late the event loop runs: who holds it longer than a moment is seen here before a user notices."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram

from lgtm.clock import NS_PER_S, Clock
from lgtm.telemetry import LATENCY_BUCKETS_S

INTERVAL_S = 0.02
"""Between two looks. Whatever holds the loop for longer than this is seen; looking costs a node about a thousandth of a core."""


class LoopLag:
    """A coroutine that sleeps a little and records by how much it was woken late."""

    def __init__(self, clock: Clock, registry: CollectorRegistry) -> None:
        self._clock = clock
        self._lag = Histogram(
            "lgtm_event_loop_lag_seconds",
            "How late the event loop woke a task that wanted to sleep for 20 ms.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due_ns = self._clock.monotonic_ns() + int(INTERVAL_S * NS_PER_S)
            await self._clock.sleep(INTERVAL_S)
            self._lag.observe(max(0, self._clock.monotonic_ns() - due_ns) / NS_PER_S)

"""What the query side tells about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lgtm.errors import LgtmError
from lgtm.telemetry import LATENCY_BUCKETS_S


class QueryMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "lgtm_query_duration_seconds", "Queries by kind, waiting included.", ["kind"], buckets=LATENCY_BUCKETS_S, registry=registry
        )
        self._ended = Counter("lgtm_query_ended_total", "Queries by kind and outcome.", ["kind", "outcome"], registry=registry)
        self.running = Gauge("lgtm_query_running", "Queries being evaluated.", registry=registry)
        self.asked_again = Counter(
            "lgtm_query_asked_again_total", "Reads begun anew because an instance went away or flushed while it was read.", registry=registry
        )
        self.waiting = Gauge("lgtm_query_waiting", "Queries that wait for their turn.", registry=registry)

    @contextmanager
    def query(self, kind: str) -> Iterator[None]:
        """Times a query and counts how it ended: ok, cancelled, refused (a limit or a bad request), failed."""
        outcome = "failed"
        try:
            with self._seconds.labels(kind).time():
                yield
            outcome = "ok"
        except (asyncio.CancelledError, GeneratorExit):
            outcome = "cancelled"
            raise
        except LgtmError:
            outcome = "refused"
            raise
        finally:
            self._ended.labels(kind, outcome).inc()

"""Settings of Prometheus' API. How long a query may run and how much it may read are limits of the tenant."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.limits import KIB
from lgtm.promql.prepare import LOOKBACK_MS

POINTS_MAX = 11_000


@dataclass(slots=True, frozen=True, kw_only=True)
class PrometheusApiConfig:
    lookback_ms: int = LOOKBACK_MS
    """How old the newest sample of a series may be to count at a time, unless the request says otherwise (`lookback_delta`)."""
    experimental: bool = True
    """What Prometheus has behind flags, as a whole: experimental functions and aggregations, `anchored` and `smoothed`, `fill`; names are dropped at
    the very end (promql-delayed-name-removal), and rates know of resets from when a counter says that it started (use-start-timestamps)."""
    admin_enabled: bool = False
    """Whether series may be deleted over HTTP. Off as in Prometheus: whoever reaches the port could delete."""
    points_max: int = POINTS_MAX
    """A range may be this many steps long; more is refused."""
    samples_max: int = 0
    """Samples that a query may hold at a time. 0: 50 million, as in Prometheus, or one for every 256 bytes of memory where that is less."""
    query_bytes_max: int = 128 * KIB
    """Size of a query, and of all selectors of a request together; more is refused. Some 0.5 s of parsing, in a thread. 0 for any."""
    head_ms: int = 3 * 3_600_000
    """How far back series count in `/status/tsdb`, which Prometheus answers from what it holds in memory."""

    def __post_init__(self) -> None:
        if min(self.lookback_ms, self.points_max, self.head_ms) < 1:
            raise ValueError("prometheus_query sizes and times must be at least 1")
        if self.samples_max < 0:
            raise ValueError("prometheus_query.samples_max must not be negative")
        if self.query_bytes_max < 0:
            raise ValueError("prometheus_query.query_bytes_max must not be negative")

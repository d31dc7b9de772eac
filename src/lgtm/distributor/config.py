"""Settings of the distributor. What a tenant may send is in `model.limits`."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.limits import MIB


@dataclass(slots=True, frozen=True, kw_only=True)
class DistributorConfig:
    copies: int = 0
    """Synced logs that must hold a row before its request is answered. 0: 2 in a cluster, 1 for a node by itself."""
    hedge_ms: float = 300.0
    """After so long without an answer a further node is asked for a copy too."""
    batch_bytes_target: int = MIB
    """Requests of a tenant that wait for an earlier write are sent once they are this large together."""
    batch_wait_ms_max: float = 5.0
    """Or once the first of them has waited this long. A request that finds nothing under way never waits."""
    in_flight_bytes_max: int = 256 * MIB
    """Rows of all tenants between decoding and acknowledgement. Beyond it requests are refused with 503 before anything is logged.
    At least batch_bytes_target."""
    write_timeout_s: float = 10.0
    """A request whose rows are not acknowledged by then is answered 503; the write itself goes on. Longer than a failed node takes to be noticed."""
    offload_bytes_min: int = MIB
    """Larger batches are completed on a thread instead of the event loop."""
    stream_idle_s_max: int = 1_800
    """A stream counts as active for this long after its last entry. Loki: chunk_idle_period."""
    tracked_streams_max: int = 1_000_000
    """Active streams remembered of a tenant without a stream limit; the ones unused longest are forgotten."""
    cached_streams_max: int = 20_000
    """Streams of a tenant whose labels are not judged and hashed again in each push."""
    cached_tenants_max: int = 5_000
    """Tenants whose streams and rates are remembered; the ones unused longest are forgotten."""
    known_series_max: int = 500_000
    """Series remembered of each ingester as known to it. When there are more, labels travel once more."""
    metrics_tenants_max: int = 1_000
    """Tenants with counters of their own; all further ones are counted together as `other`."""

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise ValueError("distributor.copies must not be below 0")
        if self.hedge_ms <= 0:
            raise ValueError("distributor.hedge_ms must be above 0")
        if self.in_flight_bytes_max < self.batch_bytes_target:
            raise ValueError("distributor.in_flight_bytes_max must be at least distributor.batch_bytes_target")

"""Settings of the ingester."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.limits import MIB


@dataclass(slots=True, frozen=True, kw_only=True)
class IngesterConfig:
    generation_bytes_max: int = 128 * MIB
    """A generation is flushed when its rows take this much memory. Larger ones make fewer, larger blocks and longer replays."""
    generation_age_s_max: int = 3_600
    """A generation is flushed at this age even if small, which bounds what one disk holds alone."""
    generation_idle_s_max: int = 900
    """A generation that has received nothing for this long is flushed."""
    head_bytes_max: int = 768 * MIB
    """Rows in memory over all generations, flushed ones in waiting included. Beyond it writes are refused (503) until the object store takes
    blocks again. At least twice generation_bytes_max."""
    linger_s: float = 0.0
    """How long rows stay in memory after their blocks were verified. In a cluster at least twice storage.poll_interval_s is used, so that every
    node has heard of the blocks before."""
    cover_wait_s_max: int = 5_400
    """In a cluster one of the two nodes that hold a row brings it into a block. The other one waits so long after its generation was cut, or until
    half of head_bytes_max is taken, and then does it too."""
    degraded_ack: str = "local"
    """What one synced log is worth while neither another node nor the object store can take a second copy: `local` acknowledges, counts and alarms,
    `reject` answers 503."""
    spill_timeout_s: float = 5.0
    """How long the object store may take for a second copy while this is the only node."""
    merge_rows_min: int = 65_536
    """Small runs of rows are merged in the background into runs of at least this many, because each run costs a query some kernel calls."""
    flush_retry_s_min: float = 1.0
    """First wait after a failed flush; doubled up to flush_retry_s_max, with jitter."""
    flush_retry_s_max: float = 60.0
    """Longest wait between two tries of a flush. Nothing is ever given up."""
    stop_grace_s: float = 25.0
    """How long a graceful stop may flush. What is left is replayed from the log at the next start."""

    def __post_init__(self) -> None:
        if self.head_bytes_max < 2 * self.generation_bytes_max:
            raise ValueError("ingester.head_bytes_max must be at least twice ingester.generation_bytes_max")
        if self.degraded_ack not in ("local", "reject"):
            raise ValueError(f"ingester.degraded_ack is {self.degraded_ack!r}; use local or reject")

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

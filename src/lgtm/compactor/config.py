"""Settings of the compactor."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.limits import MIB


@dataclass(slots=True, frozen=True, kw_only=True)
class CompactorConfig:
    enabled: bool = True
    """Whether this node merges small blocks, enforces retention and erases what was deleted. In a cluster each tenant belongs to one node."""
    interval_s: float = 300.0
    """How often it looks for something to do."""
    fan_in: int = 8
    """Blocks of one level that are merged into one of the next. Fewer make fewer objects, and rewrite each row more often."""
    block_bytes_max: int = 256 * MIB
    """A merge takes blocks until they have this many bytes; blocks of more than half of it are left as they are."""
    closed_after_s: int = 6 * 3_600
    """A date that ended this long ago and got nothing new for this long is merged into as few blocks as block_bytes_max allows."""
    erase_orphans_after_s: int = 24 * 3_600
    """Objects of a block that was never completed are erased at this age. 0: they are only counted."""

    def __post_init__(self) -> None:
        if self.fan_in < 2:
            raise ValueError("compactor.fan_in must be at least 2")
        if self.interval_s <= 0:
            raise ValueError("compactor.interval_s must be positive")

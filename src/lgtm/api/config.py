"""Settings of the push side of the API."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.limits import KIB, MIB
from lgtm.wire.bounds import BodyBounds


@dataclass(slots=True, frozen=True, kw_only=True)
class PushConfig:
    bounds: BodyBounds = field(default_factory=BodyBounds)
    """What one request may hold."""
    in_flight_bytes_max: int = 256 * MIB
    """Bodies and rows of requests that are not answered yet. One more is answered with 503 and Retry-After. At least two of the largest bodies."""
    inline_bytes_max: int = 512 * KIB
    """Bodies up to this size, decompressed, are decoded on the event loop within some milliseconds, larger ones in a thread. Threads take the
    interpreter from each other, so that handing over costs spans of usual requests a third of their CPU."""
    read_timeout_s: float = 60.0
    """How long a body may take to arrive; then it is answered with 408."""
    decode_threads: int = 2
    """Bodies that are decoded at the same time. More threads add memory rather than speed."""

    def __post_init__(self) -> None:
        if self.in_flight_bytes_max < 2 * self.bounds.compressed_bytes_max:
            raise ValueError("push.in_flight_bytes_max must be at least twice push.bounds.compressed_bytes_max")
        if self.read_timeout_s <= 0:
            raise ValueError("push.read_timeout_s must be positive")
        if self.decode_threads < 1:
            raise ValueError("push.decode_threads must be at least 1")

"""A token bucket: `rate` a second in the long run, `burst` at once. Time is an argument."""

from __future__ import annotations

from lgtm.clock import NS_PER_S


class TokenBucket:
    """Starts full. A rate of 0 allows everything."""

    __slots__ = ("_at_ns", "_tokens", "burst", "rate")

    def __init__(self, rate: int, burst: int, now_ns: int) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at_ns = float(burst), now_ns

    def allow(self, amount: int, now_ns: int) -> bool:
        """Takes `amount` and returns True, or takes nothing. now_ns: monotonic."""
        if self.rate <= 0:
            return True
        self._refill(now_ns)
        if amount > self._tokens:
            return False
        self._tokens -= amount
        return True

    def wait_s(self, amount: int, now_ns: int) -> float | None:
        """Seconds until `amount` would be allowed; None when it never will be, because it exceeds the burst."""
        if amount > self.burst:
            return None
        self._refill(now_ns)
        return max(0.0, (amount - self._tokens) / self.rate)

    def _refill(self, now_ns: int) -> None:
        elapsed_ns = max(0, now_ns - self._at_ns)
        self._at_ns += elapsed_ns
        self._tokens = min(float(self.burst), self._tokens + self.rate * elapsed_ns / NS_PER_S)

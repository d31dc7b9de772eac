"""When to ask an object store again: full jitter between tries, and a budget that all operations share.

Jitter over the whole interval spreads clients that failed together (M. Brooker, AWS architecture blog, 2015). The budget bounds what retries add to
the load of a store in trouble, which a limit of tries a request does not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S, Clock
from lgtm.storage.config import S3Config

BURST_S = 10


@dataclass(slots=True)
class RetryBudget:
    """A bucket of retries that fills steadily and starts full."""

    clock: Clock
    per_s: float
    _tokens: float = field(init=False)
    _filled_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._filled_ns = self.per_s * BURST_S, self.clock.monotonic_ns()

    def take(self) -> bool:
        """Whether one more retry may be made."""
        now_ns = self.clock.monotonic_ns()
        self._tokens = min(self.per_s * BURST_S, self._tokens + (now_ns - self._filled_ns) / NS_PER_S * self.per_s)
        self._filled_ns = now_ns
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def wait_s(config: S3Config, tries: int, rng: random.Random) -> float:
    """Seconds before the next try, after `tries` of them."""
    return rng.uniform(0, min(config.backoff_max_s, config.backoff_first_s * 2.0 ** min(tries - 1, 60)))

"""How long a member may be suspected before it is declared dead: shorter the more others agree (Lifeguard, Dadgar et al. 2018, section 4.2)."""

from __future__ import annotations

import math

MAX_FACTOR = 6


class Suspicion:
    """members: how many the cluster has; interval_ns: of probes. The first accuser opens it and counts for nothing."""

    def __init__(self, accuser: str, members: int, *, multiplier: int, interval_ns: int, now_ns: int) -> None:
        scale = math.floor(max(1.0, math.log10(max(1, members))) * 1_000) / 1_000
        self._least_ns = int(multiplier * scale * interval_ns)
        confirmations = multiplier - 2
        self._wanted = confirmations if members - 2 >= confirmations else 0
        self._most_ns = MAX_FACTOR * self._least_ns if self._wanted > 0 else self._least_ns
        self._started_ns = now_ns
        self._accusers = {accuser}

    def confirm(self, accuser: str) -> bool:
        """Whether this is news that others should hear too."""
        if accuser in self._accusers or len(self._accusers) > self._wanted:
            return False
        self._accusers.add(accuser)
        return True

    def restart(self, now_ns: int) -> None:
        """As if it had begun now: for a member that slept through it."""
        self._started_ns = now_ns

    @property
    def deadline_ns(self) -> int:
        confirmed = len(self._accusers) - 1
        if self._wanted <= 0:
            return self._started_ns + self._least_ns
        share = math.log(confirmed + 1) / math.log(self._wanted + 1)
        return self._started_ns + max(self._least_ns, int(self._most_ns - share * (self._most_ns - self._least_ns)))

"""Whether a node is worth a call now. Pure: the time is an argument.

closed ── refused, or silent three times in a row ──▶ open ── each second one call may try ──▶ closed when it succeeds
"""

from __future__ import annotations

from lgtm.clock import NS_PER_S

SILENT_MAX = 3
PROBE_NS = NS_PER_S


class Breaker:
    def __init__(self) -> None:
        self._silent = 0
        self._open_since_ns: int | None = None
        self._probe_ns = 0

    @property
    def is_open(self) -> bool:
        return self._open_since_ns is not None

    def would_allow(self, now_ns: int) -> bool:
        """Whether `allow` would say yes, without taking the one call that may try."""
        return self._open_since_ns is None or now_ns >= self._probe_ns

    def allow(self, now_ns: int) -> bool:
        """Whether to call. While open, true once a second: that call is the probe."""
        if not self.would_allow(now_ns):
            return False
        self._probe_ns = now_ns + PROBE_NS
        return True

    def succeeded(self) -> None:
        """Any answer counts, also an error that the node told."""
        self._silent, self._open_since_ns = 0, None

    def failed(self, now_ns: int, *, unreachable: bool) -> None:
        """unreachable: the request never got there. Otherwise there was silence."""
        self._silent += 1
        if unreachable or self._silent >= SILENT_MAX:
            if self._open_since_ns is None:
                self._open_since_ns = now_ns
            self._probe_ns = now_ns + PROBE_NS

"""Log lines about targets, at most so many a minute: when a network fails, a thousand targets do, and one line says as much as a thousand."""

from __future__ import annotations

import logging

from lgtm.clock import NS_PER_S, Clock
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

LINES_MAX = 30
WINDOW_NS = 60 * NS_PER_S


class TargetLog:
    """What is left out is counted on the first line of a later minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window_ns = clock.monotonic_ns()
        self._lines = self._left_out = 0

    def tell(self, level: int, message: str, **fields: object) -> None:
        """As `telemetry.event`."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._window_ns >= WINDOW_NS:
            self._window_ns, self._lines = now_ns, 0
        self._lines += 1
        if self._lines > LINES_MAX:
            self._left_out += 1
            return
        left_out = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        event(logger, level, message, **fields, **left_out)

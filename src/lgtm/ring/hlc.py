"""A hybrid logical clock: versions that follow the wall clock and still never go back, repeat, or lose to news that was already seen.

A version is milliseconds since the epoch with a 16-bit counter below them, one integer. Two changes within a millisecond differ, and a clock that
was set back does not make a member's newer words look older than its earlier ones. (Kulkarni et al., Logical Physical Clocks, 2014.)
"""

from __future__ import annotations

COUNTER_BITS = 16
NS_PER_MS = 1_000_000


class HybridClock:
    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ns: int) -> int:
        """A version above all that were given out or observed. now_ns: wall time."""
        self._last = max(version_at(now_ns), self._last + 1)
        return self._last

    def observe(self, version: int) -> None:
        """Somebody, perhaps this member in an earlier life, has used the version already."""
        self._last = max(self._last, version)

    def correct(self, now_ns: int, ahead_ns_max: int) -> None:
        """The wall clock was ahead by more than others accept, and is right again: nobody took those versions, so they are not continued."""
        if wall_ns(self._last) - now_ns > ahead_ns_max:
            self._last = version_at(now_ns)


def version_at(now_ns: int) -> int:
    """The least version of a moment."""
    return (now_ns // NS_PER_MS) << COUNTER_BITS


def wall_ns(version: int) -> int:
    """When a version was given out, by the clock of who gave it."""
    return (version >> COUNTER_BITS) * NS_PER_MS

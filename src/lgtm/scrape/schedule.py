"""When a target is asked: on a grid of its own that is the same on every node, so that targets spread over the interval and times compress well."""

from __future__ import annotations

from lgtm.clock import NS_PER_S

TOLERANCE_NS = 2 * NS_PER_S // 1_000
"""By so much, and at most by a hundredth of the interval, a scrape may be late (or early: timers are) and still have the time that was planned."""
_NS_PER_MS = 1_000_000


def next_ns(hash_: int, interval_ns: int, seed: int, after_ns: int) -> int:
    """The first time on the grid of this target that is later than `after_ns`, in whole milliseconds."""
    offset_ns = (hash_ ^ seed) % interval_ns // _NS_PER_MS * _NS_PER_MS
    return after_ns + interval_ns - (after_ns - offset_ns) % interval_ns


def timestamp_ns(planned_ns: int, now_ns: int, interval_ns: int) -> int:
    """The time of the samples: the planned one if it is near enough, in whole milliseconds anyway."""
    if abs(now_ns - planned_ns) <= min(TOLERANCE_NS, interval_ns // 100):
        return planned_ns
    return now_ns // _NS_PER_MS * _NS_PER_MS


def after_ns(planned_ns: int, now_ns: int, interval_ns: int) -> int:
    """The time after which the next scrape is due: never before the last planned one, unless the clock was set back by more than an interval."""
    return planned_ns if 0 < planned_ns - now_ns < interval_ns else now_ns

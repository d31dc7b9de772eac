"""The moments at which a metric has samples. Each stands for the interval that ends there: (moment - step, moment]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.traceql.columns import I64

_STEPS_WANTED = 240
_UNITS_S = (3600, 300, 60, 15, 5, 1)
_FINE_NS = 50_000_000


@dataclass(slots=True, frozen=True)
class Steps:
    """first_ns: the first moment. step_ns: also the length of the first interval."""

    first_ns: int
    step_ns: int
    count: int

    @classmethod
    def ranging(cls, start_ns: int, end_ns: int, step_ns: int) -> Steps:
        """Multiples of the step from the one at or before the start to the one at or behind the end."""
        first = start_ns // step_ns
        return cls(first * step_ns, step_ns, -(-end_ns // step_ns) - first + 1)

    @classmethod
    def instant(cls, start_ns: int, end_ns: int) -> Steps:
        """One interval: (start, end]."""
        return cls(end_ns, end_ns - start_ns, 1)

    @property
    def moments_ns(self) -> I64:
        return self.first_ns + np.arange(self.count) * self.step_ns

    @property
    def start_ns(self) -> int:
        """Where the first interval begins; it is not part of it."""
        return self.first_ns - self.step_ns

    @property
    def end_ns(self) -> int:
        """Where the last interval ends; it is part of it."""
        return self.first_ns + (self.count - 1) * self.step_ns

    def index(self, times_ns: I64) -> I64:
        """The interval of each time; -1 for those in none."""
        found = -((self.first_ns - times_ns) // self.step_ns)
        return np.asarray(np.where((found >= 0) & (found < self.count), found, -1))


def default_step_ns(start_ns: int, end_ns: int) -> int:
    """A round length for about 240 intervals."""
    wanted = (end_ns - start_ns) // _STEPS_WANTED
    if end_ns - start_ns < 60 * NS_PER_S:
        return max(wanted // _FINE_NS * _FINE_NS, _FINE_NS)
    unit_ns = next((unit_s * NS_PER_S for unit_s in _UNITS_S if unit_s * NS_PER_S <= wanted), NS_PER_S)
    return max(wanted // unit_ns * unit_ns, NS_PER_S)

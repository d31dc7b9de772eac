"""The range aggregations: what each keeps of a sample, and the number it makes of the samples in a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.logql.samples import Folded, Raw
from lgtm.vectors import over_time
from lgtm.vectors.matrix import F64, I64
from lgtm.vectors.windows import Bounds


@dataclass(slots=True, frozen=True, eq=False)
class Windows:
    """The windows to evaluate, groups × steps, and what some functions ask about them."""

    bounds: Bounds
    starts_ns: I64
    ends_ns: I64
    parameter: float

    @property
    def seconds(self) -> float:
        return int(self.ends_ns[0] - self.starts_ns[0]) / NS_PER_S


@dataclass(slots=True, frozen=True)
class FoldedFunction:
    """ufunc: how samples of one interval become one number; None keeps their count only."""

    ufunc: np.ufunc | None
    evaluate: Callable[[Folded, Windows], F64]


@dataclass(slots=True, frozen=True)
class RawFunction:
    evaluate: Callable[[Raw, Windows], F64]


RangeFunction = FoldedFunction | RawFunction


def _count(samples: Folded, windows: Windows) -> F64:
    return over_time.sum_integers_over(samples.counts, windows.bounds).astype(np.float64)


def _bytes(samples: Folded, windows: Windows) -> F64:
    return over_time.sum_integers_over(samples.values.astype(np.int64), windows.bounds).astype(np.float64)


def _sum(samples: Folded, windows: Windows) -> F64:
    return over_time.sum_over(samples.values, windows.bounds)


def _avg(samples: Folded, windows: Windows) -> F64:
    return _sum(samples, windows) / np.maximum(_count(samples, windows), 1)


def _per_second(total: Callable[[Folded, Windows], F64]) -> Callable[[Folded, Windows], F64]:
    return lambda samples, windows: total(samples, windows) / windows.seconds


def _rate_counter(samples: Raw, windows: Windows) -> F64:
    bounds = windows.bounds
    rate = over_time.extrapolated_rate(samples.values, samples.ts_ns, bounds, starts_ns=windows.starts_ns, ends_ns=windows.ends_ns)
    return np.where(bounds.counts < 2, 0.0, rate)


def _of_values(function: Callable[[F64, Bounds], F64]) -> RawFunction:
    return RawFunction(lambda samples, windows: function(samples.values, windows.bounds))


OF_ENTRIES: dict[str, RangeFunction] = {
    "count_over_time": FoldedFunction(None, _count),
    "rate": FoldedFunction(None, _per_second(_count)),
    "bytes_over_time": FoldedFunction(np.add, _bytes),
    "bytes_rate": FoldedFunction(np.add, _per_second(_bytes)),
    "absent_over_time": FoldedFunction(None, _count),
}
OF_UNWRAPPED: dict[str, RangeFunction] = {
    "rate": FoldedFunction(np.add, _per_second(_sum)),
    "sum_over_time": FoldedFunction(np.add, _sum),
    "avg_over_time": FoldedFunction(np.add, _avg),
    "min_over_time": FoldedFunction(np.fmin, lambda samples, windows: over_time.min_over(samples.values, windows.bounds)),
    "max_over_time": FoldedFunction(np.fmax, lambda samples, windows: over_time.max_over(samples.values, windows.bounds)),
    "absent_over_time": FoldedFunction(None, _count),
    "first_over_time": _of_values(over_time.first_over),
    "last_over_time": _of_values(over_time.last_over),
    "stdvar_over_time": _of_values(over_time.stdvar_over),
    "stddev_over_time": _of_values(over_time.stddev_over),
    "quantile_over_time": RawFunction(lambda samples, windows: over_time.quantile_over(windows.parameter, samples.values, windows.bounds)),
    "rate_counter": RawFunction(_rate_counter),
}

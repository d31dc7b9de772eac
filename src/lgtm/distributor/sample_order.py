"""Which samples come too late for a tenant that has an out-of-order window, as Prometheus judges it: they are older than the newest of their series,
and older than the newest of the tenant by more than the window. A series that is new has no newest, and may be no older than the window either.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lgtm.model.window import TS_NS_MIN

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def too_old(series: I64, ts: I64, newest: I64, newest_of_all: int, window_ns: int) -> Flags:
    """Of samples in the order in which they came. newest: of each series the time of its newest sample, TS_NS_MIN where it has none."""
    before = _newest_before(series, ts, newest)
    of_all = np.maximum.accumulate(np.concatenate((np.array([newest_of_all], np.int64), ts)))[:-1]
    is_late = (ts < before) | (before == TS_NS_MIN)
    # Differences are never negative where they count, and may need the 64th bit.
    distance = of_all.view(np.uint64) - ts.view(np.uint64)
    late: Flags = is_late & (ts < of_all) & (distance > np.uint64(window_ns))
    return late


def _newest_before(series: I64, ts: I64, newest: I64) -> I64:
    """The newest time of each sample's series before it: what was known, or samples in front of it."""
    if len(np.unique(series)) == len(series):
        return newest[series]
    order = np.argsort(series, kind="stable")
    known, times = newest[series[order]], ts[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = series[order][1:] != series[order][:-1]
    values, ranks = np.unique(np.concatenate((known, times)), return_inverse=True)
    of_known, of_times = ranks[: len(order)], ranks[len(order) :]
    in_front = np.where(first, of_known, np.maximum(of_known, np.concatenate(([0], of_times[:-1]))))
    groups = first.cumsum() * len(values)  # a running maximum never looks back beyond the first of its series
    before = np.empty(len(order), np.int64)
    before[order] = values[np.maximum.accumulate(groups + in_front) - groups]
    return before

"""Counters, histograms and gauges of many label sets: one array row for each.

A label set has a *slot*, a number that its family gives it (`family.py`), and every instrument of the family keeps its numbers there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lgtm.model.labels import Labels
from lgtm.model.series import Series
from lgtm.spanmetrics.names import plain_float
from lgtm.spanmetrics.samples import Exemplar, Samples
from lgtm.vectors.matrix import F64, I64

TRACE_ID_LABEL = "traceID"
TRACE_ID_BYTES = 16
Ids = npt.NDArray[np.uint8]
"""rows × 16."""


class Instrument(ABC):
    """names: those of the series that one label set has, each with further labels."""

    starts_at_zero = True
    """Whether a new series begins with a 0, so that `rate()` sees what it grew to first."""

    def __init__(self, names: Sequence[Labels]) -> None:
        self._names = tuple(names)
        self._used = np.zeros(0, bool)
        self._shown = np.zeros(0, bool)
        self._series: dict[int, tuple[Series, ...]] = {}

    @property
    def width(self) -> int:
        """How many series one label set has."""
        return len(self._names)

    def grow(self, slots: int) -> None:
        self._used, self._shown = enlarged(self._used, slots), enlarged(self._shown, slots)

    def clear(self, slots: I64) -> None:
        """Forgets these label sets."""
        self._used[slots] = self._shown[slots] = False
        for slot in slots.tolist():
            self._series.pop(slot, None)

    def collect(self, labels: Sequence[Labels | None], now_ns: int, zero_ns: int) -> Samples:
        """labels: the label set of each slot. zero_ns: time of the 0 that a new series begins with."""
        slots = np.flatnonzero(self._used)
        fresh = slots[~self._shown[slots]]
        for slot in fresh.tolist():
            of_slot = labels[slot]
            assert of_slot is not None
            self._series[slot] = tuple(Series.of(tuple(sorted((*of_slot, *name)))) for name in self._names)
        self._shown[slots] = True
        width = self.width
        numbers = np.arange(len(slots) * width)
        zeros = numbers.reshape(len(slots), width)[np.isin(slots, fresh)].ravel() if self.starts_at_zero else numbers[:0]
        return Samples(
            tuple(series for slot in slots.tolist() for series in self._series[slot]),
            np.concatenate([zeros, numbers]),
            np.concatenate([np.full(len(zeros), zero_ns), np.full(len(numbers), now_ns)]),
            np.concatenate([np.zeros(len(zeros)), self._values(slots).ravel()]),
            self._exemplars(slots, now_ns),
        )

    @abstractmethod
    def _values(self, slots: I64) -> F64:
        """slots × width."""

    def _exemplars(self, slots: I64, now_ns: int) -> tuple[Exemplar, ...]:  # noqa: ARG002  only histograms have some
        """Those since the last time; `series` counts from the first series of the first slot."""
        return ()


class Counter(Instrument):
    def __init__(self, name: str) -> None:
        super().__init__([(("__name__", name),)])
        self._totals = np.zeros(0)

    def grow(self, slots: int) -> None:
        super().grow(slots)
        self._totals = enlarged(self._totals, slots)

    def clear(self, slots: I64) -> None:
        super().clear(slots)
        self._totals[slots] = 0.0

    def add(self, slots: I64, amounts: F64 | I64) -> None:
        """One amount a slot; a slot may come several times."""
        np.add.at(self._totals, slots, amounts)
        self._used[slots] = True

    def _values(self, slots: I64) -> F64:
        return self._totals[slots, None]


class Gauge(Instrument):
    """1 while its label set is in use."""

    starts_at_zero = False

    def __init__(self, name: str) -> None:
        super().__init__([(("__name__", name),)])

    def show(self, slots: I64) -> None:
        self._used[slots] = True

    def _values(self, slots: I64) -> F64:
        return np.ones((len(slots), 1))


class Histogram(Instrument):
    """Classic buckets, sum and count. edges_s: upper bounds in seconds, each included, ascending, without +Inf."""

    def __init__(self, name: str, edges_s: Sequence[float]) -> None:
        bounds = [*map(plain_float, edges_s), "+Inf"]
        buckets = [(("__name__", f"{name}_bucket"), ("le", bound)) for bound in bounds]
        super().__init__([*buckets, (("__name__", f"{name}_sum"),), (("__name__", f"{name}_count"),)])
        self._edges_s = np.array(edges_s, np.float64)
        self._cells = len(bounds)
        self._counts = np.zeros((0, self._cells))
        self._sums = np.zeros(0)
        self._ids = np.zeros((0, self._cells, TRACE_ID_BYTES), np.uint8)
        self._seconds = np.full((0, self._cells), np.nan)

    def grow(self, slots: int) -> None:
        super().grow(slots)
        self._counts, self._sums, self._ids = enlarged(self._counts, slots), enlarged(self._sums, slots), enlarged(self._ids, slots)
        old = len(self._seconds)
        self._seconds = enlarged(self._seconds, slots)
        self._seconds[old:] = np.nan

    def clear(self, slots: I64) -> None:
        super().clear(slots)
        self._counts[slots], self._sums[slots], self._seconds[slots] = 0.0, 0.0, np.nan

    def observe(self, slots: I64, groups: I64, seconds: F64, trace_ids: Ids, weights: F64 | None = None) -> None:
        """slots: of each group, perhaps one several times. groups, seconds, trace_ids, weights: of each observation; it counts as `weights`."""
        count = len(slots) * self._cells
        cells = groups * self._cells + np.searchsorted(self._edges_s, seconds, side="left")
        counted = np.bincount(cells, weights, minlength=count).reshape(len(slots), self._cells)
        np.add.at(self._counts, slots, counted)
        np.add.at(self._sums, slots, np.bincount(groups, seconds if weights is None else seconds * weights, minlength=len(slots)))
        self._used[slots] = True
        last = np.full(count, -1)
        last[cells] = np.arange(len(cells))
        group, cell = np.nonzero(last.reshape(len(slots), self._cells) >= 0)
        rows = last[group * self._cells + cell]
        self._ids[slots[group], cell] = trace_ids[rows]
        self._seconds[slots[group], cell] = seconds[rows]

    def _values(self, slots: I64) -> F64:
        cumulative = np.cumsum(self._counts[slots], axis=1)
        return np.concatenate([cumulative, self._sums[slots, None], cumulative[:, -1:]], axis=1)

    def _exemplars(self, slots: I64, now_ns: int) -> tuple[Exemplar, ...]:
        """The last observation of each bucket since the last time."""
        at, cell = np.nonzero(~np.isnan(self._seconds[slots]))
        ids, seconds = self._ids[slots[at], cell], self._seconds[slots[at], cell]
        self._seconds[slots] = np.nan
        return tuple(
            Exemplar(number, ((TRACE_ID_LABEL, trace_id.tobytes().hex()),), value, now_ns)
            for number, trace_id, value in zip((at * self.width + cell).tolist(), ids, seconds.tolist(), strict=True)
        )


def enlarged(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """The same with further rows of zeros."""
    grown = np.zeros((rows, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown

"""Instruments that count the same label sets, how many label sets there may be, and for how long one is remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels, labels_of
from lgtm.spanmetrics.instruments import Instrument, enlarged
from lgtm.spanmetrics.names import LABEL_VALUE_BYTES_MAX, cut
from lgtm.spanmetrics.samples import Samples
from lgtm.vectors.matrix import I64

OVERFLOW: Labels = (("metric_overflow", "true"),)
MINUTE_NS = 60 * NS_PER_S
Key = tuple[Any, ...]


@dataclass(slots=True)
class SeriesLimit:
    """How many series a tenant has, of all families together. most: 0 has no limit."""

    most: int
    active: int = 0

    def take(self, count: int) -> bool:
        """Whether there was room for so many more."""
        if self.most and self.active + count > self.most:
            return False
        self.active += count
        return True

    def give_back(self, count: int) -> None:
        self.active -= count


class Family:
    """A label set takes all series that it may ever have from the limit, also those of instruments that have not counted it yet.

    What finds no room is counted under the label set OVERFLOW, which is beyond the limit, so sums stay right.
    labels_of_key: the label set of a key of texts; keys are cut to what a label may hold before.
    """

    def __init__(self, instruments: Sequence[Instrument], labels_of_key: Callable[[Key], Labels], limit: SeriesLimit, external: Labels = ()) -> None:
        self._instruments = tuple(instruments)
        self._labels_of_key = labels_of_key
        self._limit = limit
        self._external = external
        self._width = sum(instrument.width for instrument in instruments)
        self._slots: dict[Hashable, int] = {}
        self._labels: list[Labels | None] = []
        self._keys: list[Key | None] = []
        self._free: list[int] = []
        self._touched_ns = np.zeros(0, np.int64)
        self.overflowed_total = 0
        """Rows that were counted under OVERFLOW."""

    def __len__(self) -> int:
        """Label sets that are remembered, OVERFLOW included."""
        return len(self._slots)

    def slots(self, keys: Sequence[Key], rows: I64, now_ns: int) -> I64:
        """The slot of each key, a new one for what is new. rows: how many rows each key stands for."""
        found = [self._slots.get(key, -1) for key in keys]
        for at, slot in enumerate(found):
            if slot < 0:
                found[at] = slot = self._slot_of_new(keys[at])
            if self._keys[slot] is None:
                self.overflowed_total += int(rows[at])
        slots = np.array(found, np.int64)
        self._touched_ns[slots] = now_ns
        return slots

    def collect(self, now_ns: int) -> Samples:
        """Everything counted so far, at now_ns."""
        zero_ns = now_ns // MINUTE_NS * MINUTE_NS - NS_PER_S
        return Samples.join([instrument.collect(self._labels, now_ns, zero_ns) for instrument in self._instruments])

    def forget_idle(self, before_ns: int) -> None:
        """Forgets label sets that nothing was added to since before_ns."""
        slots = np.fromiter(self._slots.values(), np.int64, len(self._slots))
        idle = slots[self._touched_ns[slots] < before_ns]
        for instrument in self._instruments:
            instrument.clear(idle)
        for slot in idle.tolist():
            key = self._keys[slot]
            del self._slots[OVERFLOW if key is None else key]
            if key is not None:
                self._limit.give_back(self._width)
            self._labels[slot] = self._keys[slot] = None
            self._free.append(slot)

    def _slot_of_new(self, key: Key) -> int:
        # A long text is cut each time it comes: remembering what it was cut from would need as much room as keeping it.
        key = tuple(cut(part, LABEL_VALUE_BYTES_MAX) if isinstance(part, str) else part for part in key)
        if key in self._slots:
            return self._slots[key]
        if self._limit.take(self._width):
            return self._add(key, key, self._labels_of_key(key))
        return self._slots[OVERFLOW] if OVERFLOW in self._slots else self._add(OVERFLOW, None, OVERFLOW)

    def _add(self, name: Hashable, key: Key | None, labels: Labels) -> int:
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self._slots[name] = slot
        self._keys[slot] = key
        self._labels[slot] = labels_of(dict((*labels, *self._external)))
        return slot

    def _grow(self) -> None:
        old = len(self._labels)
        count = max(64, 2 * old)
        self._labels += [None] * (count - old)
        self._keys += [None] * (count - old)
        self._free += range(count - 1, old - 1, -1)
        self._touched_ns = enlarged(self._touched_ns, count)
        for instrument in self._instruments:
            instrument.grow(count)

"""Samples on their way to a window function, kept as compact as the function allows.

A sample is known by its key, group × intervals + interval (see `vectors.windows`). Functions that can be folded keep a count and one number per
key, so memory follows the size of the answer and not the number of rows; the others keep every value with its time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.vectors.matrix import F64, I64
from lgtm.vectors.sorting import stable_order

DENSE_KEYS_PER_ROW = 4
"""Counting over all possible keys beats sorting the rows while there are not many more keys than rows."""
LOOSE_MAX = 1 << 20
"""Entries of not yet merged batches; beyond this, and beyond what is merged already, they are merged."""


@dataclass(slots=True, frozen=True, eq=False)
class Folded:
    """keys: sorted, all different. counts: samples of each. values: their fold, empty where only counts were asked for."""

    keys: I64
    counts: I64
    values: F64


@dataclass(slots=True, frozen=True, eq=False)
class Raw:
    """Sorted by key, then time, then arrival."""

    keys: I64
    ts_ns: I64
    values: F64


class FoldedSamples:
    """Folds samples by key with `np.add`, `np.fmin` or `np.fmax`; None only counts."""

    def __init__(self, ufunc: np.ufunc | None) -> None:
        self._ufunc = ufunc
        self._merged = _nothing()
        self._loose: list[Folded] = []

    def add(self, keys: I64, values: F64 | None) -> None:
        """values: one per key unless only counts are kept."""
        if len(keys):
            self._loose.append(self._fold(keys, values))
            if sum(len(part.keys) for part in self._loose) > max(LOOSE_MAX, len(self._merged.keys)):
                self.result()

    def result(self) -> Folded:
        if self._loose:
            self._merged, self._loose = self._merge([self._merged, *self._loose]), []
        return self._merged

    def _merge(self, parts: list[Folded]) -> Folded:
        filled = [part for part in parts if len(part.keys)]
        if len(filled) == 1:
            return filled[0]
        keys = np.concatenate([part.keys for part in filled])
        order, starts = _runs(keys)
        counts = np.add.reduceat(np.concatenate([part.counts for part in filled])[order], starts)
        values = np.concatenate([part.values for part in filled])
        return Folded(keys[order[starts]], counts, values if self._ufunc is None else self._ufunc.reduceat(values[order], starts))

    def _fold(self, keys: I64, values: F64 | None) -> Folded:
        if self._ufunc in (None, np.add) and int(keys.max()) < DENSE_KEYS_PER_ROW * len(keys):
            counts = np.bincount(keys)
            used = np.flatnonzero(counts)
            sums = np.empty(0) if values is None else np.bincount(keys, weights=values)[used].astype(np.float64, copy=False)
            return Folded(used, counts[used], sums)
        order, starts = _runs(keys)
        folded = np.empty(0) if values is None or self._ufunc is None else self._ufunc.reduceat(values[order], starts)
        return Folded(keys[order[starts]], np.diff(starts, append=len(keys)), folded)


class RawSamples:
    """Keeps every sample."""

    def __init__(self) -> None:
        self._parts: list[Raw] = []

    def add(self, keys: I64, ts_ns: I64, values: F64) -> None:
        if len(keys):
            self._parts.append(Raw(keys, ts_ns, values))

    def result(self) -> Raw:
        if not self._parts:
            return Raw(_NO_KEYS, _NO_KEYS, np.empty(0))
        keys, ts_ns, values = (np.concatenate([getattr(part, name) for part in self._parts]) for name in ("keys", "ts_ns", "values"))
        # Rows come in long runs of ascending time, which a stable sort only has to merge.
        by_time = np.argsort(ts_ns, kind="stable")
        order = by_time[stable_order(keys[by_time])]
        self._parts = [Raw(keys[order], ts_ns[order], values[order])]
        return self._parts[0]


_NO_KEYS = np.empty(0, dtype=np.int64)


def _nothing() -> Folded:
    return Folded(_NO_KEYS, _NO_KEYS, np.empty(0))


def _runs(keys: I64) -> tuple[I64, I64]:
    """The order that sorts the keys, and where each run of equal ones begins in it."""
    order = stable_order(keys)
    return order, np.flatnonzero(np.diff(keys[order], prepend=-1))

"""Halves of requests that wait for the other one: bounded, each for the same time.

They lie in arrays, in slots that are used again; per half Python only asks and changes a dictionary from keys to slots.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lgtm.spanmetrics.halves import HALF, Halves
from lgtm.spanmetrics.instruments import enlarged
from lgtm.spanmetrics.texts import Texts
from lgtm.vectors.matrix import I64, Bool

NEVER_NS = np.iinfo(np.int64).max


class Waiting:
    """Those of one key are all of one side, for a client and a server of one key leave together. texts: how many each half has."""

    def __init__(self, *, wait_ns: int, most: int, texts: int) -> None:
        self._wait_ns, self._most = wait_ns, most
        self._records = np.zeros(0, HALF)
        self._texts: npt.NDArray[np.object_] = np.zeros((0, texts), object)
        self._until_ns = np.zeros(0, np.int64)
        self._arrival = np.zeros(0, np.int64)
        self._arrived = 0
        self._free: list[int] = []
        self._oldest: dict[bytes, int] = {}
        self._later: dict[bytes, deque[int]] = {}
        """Slots of further halves of a key and side, which only spans with one id, or several servers of one client, make."""

    def __len__(self) -> int:
        return len(self._until_ns) - len(self._free)

    def __contains__(self, key: bytes) -> bool:
        return key in self._oldest

    def meet(self, halves: Halves, now_ns: int) -> tuple[I64, Halves, I64]:
        """Each half leaves with the one of the other side that has waited longest for it, or waits itself.

        halves: in order of arrival; those of a key that nobody waits with are of one side. Returns the rows of those that found a partner, the
        partners, and the rows of those that found no room to wait.
        """
        keys = halves.key_bytes()
        slots = np.array([self._oldest.get(key, -1) for key in keys], np.int64)
        in_order = self._needs_order(keys, slots, halves.is_client)
        at_once = np.flatnonzero((slots >= 0) & ~in_order)
        for row in at_once.tolist():
            del self._oldest[keys[row]]
        found = self._read(slots[at_once])
        self._release(slots[at_once])
        rows, partners = self._meet_in_order(halves, keys, np.flatnonzero(in_order | (slots < 0)), now_ns)
        dropped = rows[partners < 0]
        rows, partners = rows[partners >= 0], partners[partners >= 0]
        later = self._read(partners)
        self._release(partners)
        return np.concatenate([at_once, rows]), _halves(*(np.concatenate(both) for both in zip(found, later, strict=True))), dropped

    def expire(self, now_ns: int) -> Halves:
        """Takes out who has waited for long enough, in order of arrival."""
        slots = np.flatnonzero(self._until_ns <= now_ns)
        # Oldest first, which is also where a key forgets a slot without looking for it.
        slots = slots[np.argsort(self._arrival[slots])]
        expired = _halves(*self._read(slots))
        for key, slot in zip(expired.key_bytes(), slots.tolist(), strict=True):
            self._forget(key, slot)
        self._release(slots)
        return expired

    def _needs_order(self, keys: Sequence[bytes], slots: I64, is_client: Bool) -> Bool:
        """Which halves have equals in their batch, or among those that wait."""
        found = np.zeros(len(keys), bool)
        if len(slots) and len(self._records):
            found = (slots >= 0) & (self._records["is_client"][slots] == is_client)
        if len(set(keys)) < len(keys):
            times = Counter(keys)
            found |= np.array([times[key] > 1 for key in keys], bool)
        if self._later:
            found |= np.array([key in self._later for key in keys], bool)
        return found

    def _meet_in_order(self, halves: Halves, keys: Sequence[bytes], rows: I64, now_ns: int) -> tuple[I64, I64]:
        """Rows that do not wait, with the slots of their partners, which are not free yet; -1 where there was no room."""
        is_client = halves.is_client
        leaving, partners, staying, places = [], [], [], []
        for row, key, side in zip(rows.tolist(), [keys[row] for row in rows.tolist()], is_client[rows].tolist(), strict=True):
            oldest = self._oldest.get(key, -1)
            if oldest >= 0 and bool(self._records["is_client"][oldest]) != side:
                self._forget(key, oldest)
                leaving.append(row)
                partners.append(oldest)
                continue
            slot = self._reserve(key)
            if slot < 0:
                leaving.append(row)
                partners.append(-1)
                continue
            self._records["is_client"][slot] = side
            staying.append(row)
            places.append(slot)
        self._write(np.array(places, np.int64), halves.take(np.array(staying, np.int64)), now_ns)
        return np.array(leaving, np.int64), np.array(partners, np.int64)

    def _reserve(self, key: bytes) -> int:
        if not self._free and not self._grow():
            return -1
        slot = self._free.pop()
        if key in self._oldest:
            self._later.setdefault(key, deque()).append(slot)
        else:
            self._oldest[key] = slot
        return slot

    def _forget(self, key: bytes, slot: int) -> None:
        if self._oldest[key] != slot:
            self._later[key].remove(slot)
        elif key in self._later:
            self._oldest[key] = self._later[key].popleft()
        else:
            del self._oldest[key]
        if key in self._later and not self._later[key]:
            del self._later[key]

    def _grow(self) -> bool:
        """Whether there may be more slots."""
        old = len(self._until_ns)
        count = min(self._most, max(64, 2 * old))
        if count == old:
            return False
        self._records, self._texts, self._arrival = (enlarged(array, count) for array in (self._records, self._texts, self._arrival))
        self._until_ns = np.concatenate([self._until_ns, np.full(count - old, NEVER_NS)])
        self._free += range(count - 1, old - 1, -1)
        return True

    def _write(self, slots: I64, halves: Halves, now_ns: int) -> None:
        self._records[slots] = halves.records
        for number, column in enumerate(halves.texts):
            self._texts[slots, number] = np.array([*column.values, None], object)[column.codes]
        self._until_ns[slots] = now_ns + self._wait_ns
        self._arrival[slots] = self._arrived + np.arange(len(slots))
        self._arrived += len(slots)

    def _read(self, slots: I64) -> tuple[npt.NDArray[Any], npt.NDArray[np.object_]]:
        return self._records[slots], self._texts[slots]

    def _release(self, slots: I64) -> None:
        """slots: that nothing points to any more."""
        self._until_ns[slots] = NEVER_NS
        self._texts[slots] = None
        self._free += slots.tolist()


def _halves(records: npt.NDArray[Any], texts: npt.NDArray[np.object_]) -> Halves:
    return Halves(records, tuple(Texts.of(column.tolist()) for column in texts.T))

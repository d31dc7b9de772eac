"""Numbers of byte strings, looked up and given by the thousand.

Senders repeat themselves: what comes is mostly a stretch of what came before, in the same order. A stretch is known by one comparison of its bytes,
in a twentieth of the time that it takes to hash each string.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from lgtm.model.fingerprint_index import STRETCH_MIN, STRETCHES_MAX, FingerprintIndex, Numbers, Prints, prints_of
from lgtm.model.growing_array import GrowingArray

_SEED = random.SystemRandom().getrandbits(64)
"""Of this process, so that nobody can choose strings that are taken for one another."""


@dataclass(slots=True, frozen=True)
class Keys:
    """Strings one behind the other: string i is data[bounds[i]:bounds[i + 1]]."""

    data: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, strings: pa.BinaryArray) -> Keys:
        """strings: without nulls."""
        _, bounds, data = strings.buffers()
        if not len(strings) or data is None:
            return cls(np.empty(0, np.uint8), np.zeros(len(strings) + 1, np.int64))
        ends = np.frombuffer(bounds, np.int32)[strings.offset : strings.offset + len(strings) + 1]
        return cls(np.frombuffer(data, np.uint8), ends.astype(np.int64))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, at: int) -> bytes:
        return self.data[self.bounds[at] : self.bounds[at + 1]].tobytes()

    def joined(self, numbers: Numbers) -> npt.NDArray[np.uint8]:
        """The bytes of some, which rise, one behind the other."""
        if len(numbers) and int(numbers[-1]) - int(numbers[0]) == len(numbers) - 1:
            return self.data[self.bounds[numbers[0]] : self.bounds[numbers[-1] + 1]]
        return np.frombuffer(b"".join([self[at] for at in numbers.tolist()]), np.uint8)

    def digests(self, numbers: Numbers) -> Prints:
        data, places = self.data.data, zip(self.bounds[numbers].tolist(), self.bounds[numbers + 1].tolist(), strict=True)
        return prints_of([xxhash.xxh3_128_digest(data[start:end], _SEED) for start, end in places])

    def alike(self, first: int, other: Keys, other_first: int) -> int:
        """How many strings from there on are the same in both."""
        most = min(len(self) - first, len(other) - other_first)
        mine, others = self.bounds[first : first + most + 1] - self.bounds[first], other.bounds[other_first : other_first + most + 1]
        others = others - others[0]
        most = _alike(mine, others) - 1
        start, other_start, size = int(self.bounds[first]), int(other.bounds[other_first]), int(mine[most])
        same = _alike(self.data[start : start + size], other.data[other_start : other_start + size])
        return most if same == size else int(np.searchsorted(mine, same, side="right")) - 1


class KeyIndex:
    """Gives numbers 0, 1, … in order of first appearance."""

    def __init__(self) -> None:
        self._digests = FingerprintIndex()
        self._data = GrowingArray(np.uint8)
        self._bounds = GrowingArray(np.int64)
        self._bounds.extend(np.zeros(1, np.int64))

    def __len__(self) -> int:
        return len(self._digests)

    def find(self, keys: Keys) -> Numbers:
        """The number of each; -1 for those that have none."""
        found = np.empty(len(keys), np.int64)
        done = self._follow(keys, found)
        if done < len(keys):
            found[done:] = self._digests.find(keys.digests(np.arange(done, len(keys))))
        return found

    def find_digests(self, digests: Prints) -> Numbers:
        return self._digests.find(digests)

    def add(self, keys: Keys, at: Numbers, digests: Prints) -> Numbers:
        """The numbers of the keys at these places, which have these digests; those that have none are given one."""
        before = len(self)
        numbers = self._digests.add(digests)
        new = at[np.unique(numbers, return_index=True)[1]] if len(at) else at
        new = new[len(new) - (len(self) - before) :]
        sizes = keys.bounds[new + 1] - keys.bounds[new]
        last = int(self._bounds.items[-1])
        self._bounds.extend(last + sizes.cumsum())
        self._data.extend(keys.joined(new))
        return numbers

    def _follow(self, keys: Keys, found: Numbers) -> int:
        """How many of the first were found by stretches that came in the same order before."""
        mine, done = Keys(self._data.items, self._bounds.items), 0
        for _ in range(STRETCHES_MAX):
            if len(keys) - done < STRETCH_MIN or (number := int(self._digests.find(keys.digests(np.array([done])))[0])) < 0:
                return done
            length = mine.alike(number, keys, done)
            found[done : done + length] = np.arange(number, number + length)
            done += length
            if length < STRETCH_MIN:
                return done
        return done


def _alike(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> int:
    """How many of the first are the same in both, which are of the same length."""
    differs = one != other
    first = int(differs.argmax()) if len(differs) else 0
    return first if len(differs) and differs[first] else len(differs)

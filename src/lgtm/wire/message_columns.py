"""Fields of many equal messages as numpy columns, one value a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lgtm.model.window import TS_NS_MAX
from lgtm.wire.arrays import Flags, Pool, Slice
from lgtm.wire.fields import Bytes, Ints, Places
from lgtm.wire.protobuf import Buffer

Counts = npt.NDArray[np.uint32]


class MessageColumns:
    """Fields of equal messages as columns; absent and zero are the same."""

    def __init__(self, buffer: Buffer, starts: Ints, ends: Ints, *single: int) -> None:
        """single: tags of the fields that are not repeated."""
        self.buffer, self.count = buffer, len(starts)
        self.fields = buffer.scan(starts, ends)
        self._slots = {tag: slot for slot, tag in enumerate(single)}
        self._start, self._end = self.fields.last(*single)

    def has(self, number: int) -> bool:
        """Whether any of the messages has the field."""
        return self.fields.has(number)

    def place(self, number: int) -> tuple[Ints, Ints]:
        """(start, end) of the field in each message, 0 where absent."""
        slot = self._slots[number]
        return self._start[slot], self._end[slot]

    def texts(self, pool: Pool, number: int, what: str) -> Slice:
        return pool.add(*self.place(number), lambda row: f"{what} {row}")

    def varints(self, number: int) -> npt.NDArray[Any]:
        return self._filled(number, lambda places: self.buffer.varints(places).view(np.int64), np.int64)

    def counts(self, number: int) -> Counts:
        return (self.varints(number) & 0xFFFF_FFFF).astype(np.uint32)

    def times(self, number: int) -> Ints:
        column = self._filled(number, lambda places: self.buffer.fixed(places, "<u8"), np.uint64)
        times: Ints = np.minimum(column, np.uint64(TS_NS_MAX)).view(np.int64)
        return times

    def doubles(self, number: int) -> npt.NDArray[np.float64]:
        """Bit by bit what was sent, so that one NaN can be told from another."""
        return self._filled(number, lambda places: self.buffer.fixed(places, "<f8"), np.float64)

    def flags(self, number: int) -> Counts:
        return self._filled(number, lambda places: self.buffer.fixed(places, "<u4"), np.uint32)

    def _filled(self, number: int, read: Callable[[Places], npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
        """What `read` finds in the messages that have the field, 0 in the others."""
        if not self.has(number):
            return np.zeros(self.count, dtype)
        start, end = self.place(number)
        at = end.nonzero()[0]
        if len(at) == self.count:
            return read(Places(at, start, end))
        column = np.zeros(self.count, dtype)
        column[at] = read(Places(at, start[at], end[at]))
        return column

    def sizes(self, number: int) -> Ints:
        start, end = self.place(number)
        return end - start

    def ids(self, number: int, width: int, *, given: Flags | None = None) -> Bytes:
        """Shaped [message, width]; zeros where not given. Where given, the field has that width."""
        start = self.place(number)[0]
        if given is None:
            return self.buffer.windows(start, width)
        found = np.zeros((self.count, width), np.uint8)
        found[given] = self.buffer.windows(start[given], width)
        return found

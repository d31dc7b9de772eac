"""A numpy array to append to: its room doubles, so that appending costs the same however long it is."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

_ROOM_MIN = 64
T = TypeVar("T", bound=np.generic)


class GrowingArray(Generic[T]):
    def __init__(self, kind: type[T], *shape: int) -> None:
        """shape: of each item; scalars when there is none."""
        self._items: npt.NDArray[T] = np.empty((_ROOM_MIN, *shape), kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def items(self) -> npt.NDArray[T]:
        """What was appended so far; later items are in none that was returned before."""
        return self._items[: self._count]

    def extend(self, items: npt.NDArray[T]) -> None:
        count = self._count + len(items)
        if count > len(self._items):
            self._make_room(count)
        self._items[self._count : count] = items
        self._count = count

    def _make_room(self, count: int) -> None:
        room = len(self._items)
        while room < count:
            room *= 2
        items: npt.NDArray[Any] = np.empty((room, *self._items.shape[1:]), self._items.dtype)
        items[: self._count] = self.items
        self._items = items

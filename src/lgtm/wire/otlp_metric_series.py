"""Series of one OTLP request: for the raw bytes of a point's attributes its place among them.

A sender says the same attributes in every request, so what became of them is kept: a point of a known series costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from lgtm.wire.bounds import BodyBounds, MetadataTooLarge
from lgtm.wire.decoded_samples import Dropped, LabelsOf, Loss
from lgtm.wire.otlp_metric_labels import labels_of_key
from lgtm.wire.otlp_metric_names import InvalidName

NOWHERE = -1
"""Stands for the place of a series that there is none of."""

CACHED_BYTES_MAX = 64 * 1024 * 1024
"""Of the keys of series that are remembered, with what they are found by."""
_ENTRY_BYTES = 300
_OBJECT_BYTES = 60

Keys = tuple[bytes, ...]
Known = tuple[int, int, bytes] | tuple[int, int, bytes, bytes, bool]
"""What says which series a point is for: serials of resource with scope and of family, attributes, and what else tells its series apart."""


class Recent:
    """A cache in two halves: when the younger is full, the elder is forgotten and the younger takes its place. Safe to use from any thread."""

    def __init__(self, bytes_max: int) -> None:
        self._half = bytes_max // 2
        self._young: dict[Known, Keys | str] = {}
        self._old: dict[Known, Keys | str] = {}
        self._bytes = 0

    def get(self, known: Known) -> Keys | str | None:
        found = self._young.get(known)
        if found is None:
            found = self._old.get(known)
            if found is not None:
                self.put(known, found)
        return found

    def put(self, known: Known, found: Keys | str) -> None:
        size = _ENTRY_BYTES + sum(len(part) for part in known if isinstance(part, bytes))
        size += sum(len(key) + _OBJECT_BYTES for key in found) if isinstance(found, tuple) else len(found)
        if size > self._half // 16:
            return
        self._young[known] = found
        self._bytes += size
        if self._bytes > self._half:
            self._old, self._young, self._bytes = self._young, {}, 0


_recent = Recent(CACHED_BYTES_MAX)


@dataclass(slots=True)
class Losses:
    """Points that become no rows, by reason."""

    _points: dict[Loss, int] = field(default_factory=dict)
    _messages: dict[Loss, str] = field(default_factory=dict)

    def add(self, reason: Loss, points: int, message: str) -> None:
        if points:
            self._points[reason] = self._points.get(reason, 0) + points
            self._messages.setdefault(reason, message)

    def all(self) -> tuple[Dropped, ...]:
        return tuple(Dropped(reason, points, self._messages[reason]) for reason, points in self._points.items())


class RequestSeries:
    """The series that a request has so far, each key once."""

    def __init__(self, bounds: BodyBounds, losses: Losses, recent: Recent = _recent) -> None:
        self._bounds, self._losses, self._recent = bounds, losses, recent
        self._index: dict[bytes, int] = {}
        self._known: dict[Known, tuple[int, ...]] = {}
        self._bytes = 0

    def places(self, known: Known, make: Callable[[], Keys]) -> tuple[int, ...]:
        """Places of the series of a point; none when their names are invalid, which is counted.

        make: the keys, for a point that was not seen before; may raise InvalidName. Raises MetadataTooLarge when all keys need too much.
        """
        found = self._known.get(known)
        if found is not None:
            return found
        keys = self._recent.get(known)
        if keys is None:
            keys = self._made(make)
            self._recent.put(known, keys)
        if isinstance(keys, str):
            self._losses.add(Loss.INVALID_NAME, 1, keys)
            return ()
        places = (self.place(keys[0]),) if len(keys) == 1 else tuple(map(self.place, keys))
        self._known[known] = places
        return places

    def place(self, key: bytes) -> int:
        found = self._index.get(key)
        if found is None:
            self._bytes += len(key)
            if self._bytes > self._bounds.metadata_bytes_max:
                raise MetadataTooLarge(self._bounds.metadata_bytes_max)
            found = self._index[key] = len(self._index)
        return found

    def keys(self) -> pa.Array:
        return pa.array(list(self._index), pa.binary())

    def labels_of(self) -> LabelsOf:
        keys = list(self._index)

        def of(index: int) -> tuple[tuple[str, str], ...]:
            return labels_of_key(keys[index])

        return of

    def _made(self, make: Callable[[], Keys]) -> Keys | str:
        try:
            return make()
        except InvalidName as error:
            return str(error)

"""Which exemplars of a page are new. A page shows an exemplar until it has another one, and each is stored once.

As in Prometheus (tsdb/exemplar.go, Apache-2.0) two are one if labels, value and the time that they say for themselves are. Of a series with several
exemplars, such as a native histogram, all that it had last count and not only the last one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from lgtm.wire.exposition import ScrapedExemplar

OF_SERIES_MAX = 256
"""So many are remembered of one series, as hashes, since labels would be ten times as large: one for each bucket of a native histogram."""

_VALUE = struct.Struct("d")
Numbered = Sequence[tuple[int, ScrapedExemplar]]
"""Each with the number of its series."""


class SeenExemplars:
    """Of each series those that it had when it had some last."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def new(self, exemplars: Numbered) -> Numbered:
        """Those of a page that were not seen; from now on they are."""
        on_page: dict[int, dict[int, None]] = {}
        new: list[tuple[int, ScrapedExemplar]] = []
        for number, exemplar in exemplars:
            hash_ = _hash(exemplar)
            hashes = on_page.setdefault(number, {})
            if hash_ not in hashes and hash_ not in self._seen.get(number, ()):
                new.append((number, exemplar))
            hashes[hash_] = None
        self._seen |= {number: tuple(hashes)[-OF_SERIES_MAX:] for number, hashes in on_page.items()}
        return new

    def forget(self) -> None:
        self._seen.clear()

    def renumber(self, place: Callable[[int], int | None]) -> None:
        """place: the new number of a series; None: it is forgotten."""
        self._seen = {new: seen for number, seen in self._seen.items() if (new := place(number)) is not None}


def _hash(exemplar: ScrapedExemplar) -> int:
    # The bytes of the value, since Python has one hash for -1 and -2, and for each NaN another one.
    return hash((tuple(sorted(exemplar.labels)), _VALUE.pack(exemplar.value), exemplar.ts_ms))

"""What clients say of metric families, as rows: said anew every minute, stored once an hour."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from lgtm.clock import NS_PER_S
from lgtm.distributor.merge import Accepted
from lgtm.model.labels import labels_of
from lgtm.model.series import Series
from lgtm.model.signal import METADATA
from lgtm.wire.decoded_samples import Metadata

AGAIN_NS = 3_600 * NS_PER_S
SEEN_MAX = 50_000
TEXT_CHARACTERS_MAX = 1_024
"""Longer helps are cut."""


class MetadataSeen:
    """Of one tenant. Forgets everything when there is too much of it, which costs rows, no memory."""

    def __init__(self) -> None:
        self._seen: dict[Metadata, int] = {}

    def fresh(self, said: Iterable[Metadata], now_ns: int) -> tuple[Metadata, ...]:
        """What was not stored lately, each once. now_ns: wall time."""
        return tuple(one for one in dict.fromkeys(said) if _says_something(one) and now_ns - self._seen.get(one, -AGAIN_NS) >= AGAIN_NS)

    def stored(self, fresh: tuple[Metadata, ...], now_ns: int) -> None:
        """Not before it is: who says it once more, since it could not be stored, is heard."""
        if len(self._seen) + len(fresh) > SEEN_MAX:
            self._seen.clear()
        self._seen.update(dict.fromkeys(fresh, now_ns))


def _says_something(one: Metadata) -> bool:
    return bool(one.family) and (bool(one.help or one.unit) or one.type != "unknown")


def metadata_at(fresh: tuple[Metadata, ...], now_ns: int) -> Accepted | None:
    return said_at(tuple(map(series_of, fresh)), now_ns) if fresh else None


def said_at(series: tuple[Series, ...], now_ns: int) -> Accepted:
    """One row of each."""
    columns = [pa.array(np.arange(len(series)), pa.uint32()), pa.array(np.full(len(series), now_ns), pa.int64())]
    return Accepted(series, (), pa.RecordBatch.from_arrays(columns, schema=METADATA.columns))


def series_of(said: Metadata) -> Series:
    texts = {"family": said.family, "type": said.type, "help": said.help[:TEXT_CHARACTERS_MAX], "unit": said.unit}
    return Series.of(labels_of(texts))

"""What an OTLP metric says once for all its points: name, type, unit and help, as Prometheus would have them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.otlp_metric_names import Suffixes, TranslationStrategy, metric_name, unit_name
from lgtm.wire.text import decode

_CACHED_BYTES_MAX = 2048
_serials = count(1)


class Data(IntEnum):
    """Kinds of data, by the number of their field in the message Metric."""

    GAUGE = 5
    SUM = 7
    HISTOGRAM = 9
    EXPONENTIAL_HISTOGRAM = 10
    SUMMARY = 11


class Temporality(IntEnum):
    UNSPECIFIED = 0
    DELTA = 1
    CUMULATIVE = 2


class Kind(NamedTuple):
    """temporality: CUMULATIVE for data that has none."""

    data: int
    temporality: int
    monotonic: bool


@dataclass(slots=True, frozen=True)
class Family:
    """serial: one number for the same bytes, never given again."""

    serial: int
    kind: Kind
    metadata: Metadata

    @property
    def name(self) -> str:
        return self.metadata.family

    @property
    def delta(self) -> bool:
        return self.kind.temporality == Temporality.DELTA


def family(name: bytes, unit: bytes, description: bytes, kind: Kind, strategy: TranslationStrategy) -> Family:
    """Raises InvalidName for a name that leaves nothing, MalformedBody for texts that are no UTF-8."""
    read = _cached if len(name) + len(unit) + len(description) <= _CACHED_BYTES_MAX else _read
    return read(name, unit, description, kind, strategy)


def _read(name: bytes, unit: bytes, description: bytes, kind: Kind, strategy: TranslationStrategy) -> Family:
    of_unit = decode(unit, lambda: "unit of a metric")
    total, ratio = kind.data == Data.SUM and kind.monotonic, kind.data == Data.GAUGE
    found = metric_name(decode(name, lambda: "name of a metric"), Suffixes(of_unit, total, ratio), strategy)
    help_text = decode(description, lambda: "description of a metric")
    return Family(next(_serials), kind, Metadata(found, _type(kind), help_text, unit_name(of_unit, strategy)))


def _type(kind: Kind) -> str:
    """Prometheus has no type for deltas."""
    if kind.temporality == Temporality.DELTA:
        return "unknown"
    if kind.data in (Data.HISTOGRAM, Data.EXPONENTIAL_HISTOGRAM):
        return "histogram"
    if kind.data == Data.SUMMARY:
        return "summary"
    return "counter" if kind.data == Data.SUM and kind.monotonic else "gauge"


_cached = lru_cache(maxsize=16_384)(_read)

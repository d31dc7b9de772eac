"""What every decoder of samples returns: series by the raw bytes of their labels, and their samples as columns.

A series that was seen before is found by its key alone, so that its labels are neither parsed nor checked again.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from lgtm.model.batch import WithRows
from lgtm.wire.fields import Ints
from lgtm.wire.sent_labels import SentLabelsOf

EXEMPLAR_RUNES_MAX = 128
"""Characters of names and values of the labels of an exemplar, as OpenMetrics has it."""


class LabelsOf(Protocol):
    def __call__(self, index: int) -> tuple[tuple[str, str], ...]:
        """The label pairs of a series in the order sent, duplicates and empty values included. Raises MalformedBody for bytes that are no labels."""
        ...


@dataclass(slots=True, frozen=True)
class Metadata:
    """type: counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown."""

    family: str
    type: str
    help: str
    unit: str


class Loss(enum.StrEnum):
    """Why something that a request holds becomes no row: the value of the label `reason` in metrics."""

    INVALID_NAME = "invalid_name"
    DELTA = "delta_temporality"
    INVALID_HISTOGRAM = "invalid_histogram"
    NO_VALUE = "no_value"
    TIMESTAMP_OUT_OF_RANGE = "timestamp_out_of_range"
    INVALID_EXEMPLAR = "invalid_exemplar"
    INVALID_METADATA = "invalid_metadata"


@dataclass(slots=True, frozen=True)
class Dropped:
    """Points that a request holds and no row stands for; exemplars or metadata where the reason says so. message: of the first of them."""

    reason: Loss
    points: int
    message: str


@dataclass(frozen=True)
class DecodedSamples(WithRows):
    """keys: one binary for each series of the request, in its order; equal keys of one format have equal labels, whatever the request. The same
    key may come twice. labels_of: parses the labels of the series at an index of `keys`; asked only for keys not seen before.

    rows: columns of the signal SAMPLES (nullable ones only where some row has a value); `series` is a position in `keys`; times are whole
    milliseconds in ns.
    exemplars: columns of the signal EXEMPLARS with `meta.<label>` columns, `series` as above; None when there are none.
    metadata: what the request says of metric families. format: `remote_write_1`, `remote_write_2`, `otlp` or `scrape`.
    dropped: what cannot be kept, one for each reason; nothing is wrong with the rest of the request.
    sent_labels: labels of many series together, in a third of the time; None where the format has no such way.
    empty_series: places in `keys` of series that came without samples, where the format forbids that.
    points: of each row the number of the point that the sender knows it as, -1 where it is of none; None where each row is one.
    """

    keys: pa.Array
    labels_of: LabelsOf
    rows: pa.RecordBatch
    format: str
    exemplars: pa.RecordBatch | None = None
    metadata: tuple[Metadata, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    sent_labels: SentLabelsOf | None = None
    empty_series: tuple[int, ...] = ()
    points: Callable[[], Ints] | None = None

    def __len__(self) -> int:
        return int(self.rows.num_rows)

"""What a query reads: for each selector the series that match, and their samples in the wanted window, as columns.

Samples are in CSR form: those of series i are `offsets[i]:offsets[i+1]`, ascending in time. The caller owns the arrays; nothing here writes to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lgtm.promql.histogram import Buckets, Histogram, ResetHint
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import F64, I64, Bool

STALE_BITS = 0x7FF0000000000002
"""The NaN that says: this series ended here. It is told by its bits and must not pass through text or arithmetic."""
STALE = float(np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0])
NO_START = 0
"""Where the start timestamp of a sample is not known."""

I32 = npt.NDArray[np.int32]
Objects = npt.NDArray[np.object_]


def is_stale(values: F64) -> Bool:
    return np.asarray(values.view(np.uint64) == STALE_BITS)


@dataclass(slots=True, frozen=True, eq=False)
class BucketColumns:
    """Buckets of histogram h are offsets[h]:offsets[h+1]; index is absolute, counts are not deltas."""

    offsets: I64
    index: I64
    counts: F64

    def of(self, row: int) -> Buckets:
        held = slice(self.offsets[row], self.offsets[row + 1])
        return Buckets(self.index[held], self.counts[held])


@dataclass(slots=True, frozen=True, eq=False)
class HistogramColumns:
    """One entry per histogram. custom_offsets and custom_bounds: upper bounds of custom buckets, CSR as well."""

    schema: I32
    count: F64
    sum: F64
    zero_count: F64
    zero_threshold: F64
    hint: I32
    positive: BucketColumns
    negative: BucketColumns
    custom_offsets: I64
    custom_bounds: F64

    def __len__(self) -> int:
        return len(self.schema)

    def of(self, row: int) -> Histogram:
        bounds = self.custom_bounds[self.custom_offsets[row] : self.custom_offsets[row + 1]]
        return Histogram(
            int(self.schema[row]),
            float(self.count[row]),
            float(self.sum[row]),
            float(self.zero_count[row]),
            float(self.zero_threshold[row]),
            self.positive.of(row),
            self.negative.of(row),
            tuple(bounds.tolist()),
            ResetHint(int(self.hint[row])),
        )

    @classmethod
    def from_histograms(cls, histograms: Sequence[Histogram]) -> HistogramColumns:
        def floats(name: str) -> F64:
            return np.array([getattr(h, name) for h in histograms], dtype=np.float64)

        return cls(
            np.array([h.schema for h in histograms], dtype=np.int32),
            floats("count"),
            floats("sum"),
            floats("zero_count"),
            floats("zero_threshold"),
            np.array([h.hint for h in histograms], dtype=np.int32),
            _bucket_columns([h.positive for h in histograms]),
            _bucket_columns([h.negative for h in histograms]),
            offsets_of([len(h.bounds) for h in histograms]),
            np.array([bound for h in histograms for bound in h.bounds], dtype=np.float64),
        )


def _bucket_columns(buckets: Sequence[Buckets]) -> BucketColumns:
    return BucketColumns(
        offsets_of([len(side) for side in buckets]),
        np.concatenate([side.index for side in buckets]) if buckets else np.empty(0, dtype=np.int64),
        np.concatenate([side.counts for side in buckets]) if buckets else np.empty(0),
    )


def offsets_of(counts: Sequence[int] | I64) -> I64:
    """CSR offsets from the length of each run."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(np.asarray(counts, dtype=np.int64), out=offsets[1:])
    return offsets


@dataclass(slots=True, frozen=True, eq=False)
class Selected:
    """The answer to one selection.

    labels: of each series, all different. ts_ms, values: of each sample; the value of a histogram sample is its sum, so that one test finds
    all stale markers. histogram_rows: for each sample its row in `histograms`, or -1 for a float; None when all are floats.
    start_ms: since when the counter of each sample counts, NO_START where nobody said; None when that holds for all.
    """

    labels: LabelTable
    offsets: I64
    ts_ms: I64
    values: F64
    histogram_rows: I64 | None = None
    histograms: HistogramColumns | None = None
    start_ms: I64 | None = None
    _decoded: dict[int, Histogram] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        assert len(self.offsets) == len(self.labels) + 1
        assert len(self.ts_ms) == len(self.values) == self.offsets[-1]
        assert (self.histogram_rows is None) == (self.histograms is None)

    @classmethod
    def empty(cls) -> Selected:
        return cls(LabelTable.unlabelled(0), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))

    def series_of_samples(self) -> I64:
        return np.repeat(np.arange(len(self.labels)), np.diff(self.offsets))

    def between(self, start_ms: int, end_ms: int) -> Selected:
        """The samples later than the start and not later than the end, of the same series."""
        held = (self.ts_ms > start_ms) & (self.ts_ms <= end_ms)
        if held.all():
            return self
        before = np.concatenate(([0], np.cumsum(held)))
        histogram_rows, start = (None if column is None else column[held] for column in (self.histogram_rows, self.start_ms))
        return replace(
            self, offsets=before[self.offsets], ts_ms=self.ts_ms[held], values=self.values[held], histogram_rows=histogram_rows, start_ms=start
        )

    def histogram_at(self, samples: I64) -> Objects:
        """The histograms of these samples, all of which have one."""
        assert self.histogram_rows is not None
        assert self.histograms is not None
        found = np.empty(len(samples), dtype=object)
        for place, row in enumerate(self.histogram_rows[samples].tolist()):
            if row not in self._decoded:
                self._decoded[row] = self.histograms.of(row)
            found[place] = self._decoded[row]
        return found

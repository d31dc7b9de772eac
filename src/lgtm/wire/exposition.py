"""What a scraped page says, whatever its format: series by their raw text, values as columns, and what few rows have beside them.

A page is nearly the same from scrape to scrape. So a decoder only finds where the text of a series ends and what its value is; labels are parsed
when somebody asks for those of a row, which the scrape loop does once in the life of a series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.signal import EXEMPLARS, HISTOGRAM, META, SAMPLES, SERIES, START, TS, VALUE
from lgtm.model.window import TS_NS_MAX
from lgtm.wire.decoded_samples import DecodedSamples, LabelsOf, Metadata

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NS_PER_MS = 1_000_000
NO_TIME = -(2**63)
"""Where a row says no time, in `ts_ms` and `start_ms`."""
_MS_MAX = TS_NS_MAX // NS_PER_MS
STALE = np.array([0x7FF0_0000_0000_0002], np.uint64).view(np.float64)
"""One value: the NaN that says a series ended. A NaN that was measured has other bits. Only copies of arrays keep the bits for certain."""
NAN = np.array([0x7FF8_0000_0000_0001], np.uint64).view(np.float64)
"""One value: every NaN of a page becomes this one."""


EXEMPLAR_NAMES_MAX = 100
"""Different label names of the exemplars of a page. Each is a column as long as there are exemplars, and a page may have been written to hurt."""


@dataclass(slots=True, frozen=True)
class ScrapedExemplar:
    """row: the sample it belongs to. ts_ms: None where the page says none."""

    row: int
    labels: tuple[tuple[str, str], ...]
    value: float
    ts_ms: int | None


@dataclass(slots=True, frozen=True, eq=False, kw_only=True)
class Exposition:
    """keys, values: one for each sample, in the order of the page; a key is the name and labels as they stand there.

    labels_of: parses the labels of a row, in the order of the page and with duplicates; `__name__` is one of them. Raises MalformedBody.
    ts_ms, start_ms: None where no row says any, and NO_TIME in rows that say none. histograms: encoded native histograms by row.
    """

    keys: Sequence[bytes]
    values: F64
    labels_of: LabelsOf
    ts_ms: I64 | None = None
    start_ms: I64 | None = None
    histograms: Mapping[int, bytes] = field(default_factory=dict)
    oversized: Sequence[int] = ()
    """Rows whose native histogram has too many buckets. The page fails if they are kept."""
    exemplars: Sequence[ScrapedExemplar] = ()
    metadata: tuple[Metadata, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)

    def times_ns(self, now_ns: int) -> I64:
        """The time of each row, `now_ns` (to the millisecond) where the page says none."""
        now_ns = now_ns // NS_PER_MS * NS_PER_MS
        if self.ts_ms is None:
            return np.full(len(self), now_ns)
        return np.where(self.ts_ms == NO_TIME, now_ns, _ns(self.ts_ms))

    def starts_ns(self) -> pa.Array | None:
        if self.start_ms is None:
            return None
        return pa.array(_ns(self.start_ms), mask=self.start_ms == NO_TIME)

    def decoded(self, now_ns: int) -> DecodedSamples:
        """As a request of its own: every row a series, at the time that the page says or `now_ns`."""
        rows = np.arange(len(self), dtype=np.uint32)
        return DecodedSamples(
            keys=pa.array(self.keys, pa.binary()),
            labels_of=self.labels_of,
            rows=sample_rows(rows, self.times_ns(now_ns), self.values, self.histogram_column(), self.starts_ns()),
            format="scrape",
            exemplars=exemplar_rows([(e.row, e) for e in self.exemplars], self.times_ns(now_ns)),
            metadata=self.metadata,
        )

    def histogram_column(self) -> pa.Array | None:
        if not self.histograms:
            return None
        return pa.array([self.histograms.get(row) for row in range(len(self))], pa.binary())


def sample_rows(
    series: npt.NDArray[np.uint32], ts_ns: I64, values: F64, histograms: pa.Array | None = None, starts_ns: pa.Array | None = None
) -> pa.RecordBatch:
    """Columns of the signal SAMPLES."""
    columns = {SERIES: pa.array(series), TS: pa.array(ts_ns), VALUE: pa.array(values)}
    if histograms is not None:
        columns[HISTOGRAM] = histograms
    if starts_ns is not None:
        columns[START] = starts_ns
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema([SAMPLES.columns.field(name) for name in columns]))


def exemplar_rows(exemplars: Sequence[tuple[int, ScrapedExemplar]], row_times_ns: I64) -> pa.RecordBatch | None:
    """Columns of the signal EXEMPLARS. exemplars: each with the position of its series; without a time it has that of its row.

    Exemplars with names beyond the first EXEMPLAR_NAMES_MAX of the page are left out.
    """
    if not exemplars:
        return None
    names = _names(exemplars)
    exemplars = [(series, e) for series, e in exemplars if all(name in names for name, _ in e.labels)]
    series = pa.array([series for series, _ in exemplars], pa.uint32())
    ts_ns = [int(row_times_ns[e.row]) if e.ts_ms is None else clipped_ns(e.ts_ms) for _, e in exemplars]
    labels = [dict(e.labels) for _, e in exemplars]
    columns = [series, pa.array(ts_ns, pa.int64()), pa.array([e.value for _, e in exemplars], pa.float64())]
    columns += [pa.array([pairs.get(name) for pairs in labels], pa.string()) for name in names]
    schema = pa.schema([*EXEMPLARS.columns, *(pa.field(META + name, pa.string()) for name in names)])
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _names(exemplars: Sequence[tuple[int, ScrapedExemplar]]) -> dict[str, None]:
    names: dict[str, None] = {}
    for _, exemplar in exemplars:
        for name, _ in exemplar.labels:
            if len(names) == EXEMPLAR_NAMES_MAX:
                return names
            names[name] = None
    return names


def clipped_ns(ts_ms: int) -> int:
    return max(-_MS_MAX, min(ts_ms, _MS_MAX)) * NS_PER_MS


def _ns(ts_ms: I64) -> I64:
    return np.clip(ts_ms, -_MS_MAX, _MS_MAX) * NS_PER_MS

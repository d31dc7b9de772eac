"""Rows of samples, collected piece by piece, as one batch in the layout of the signal SAMPLES."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.signal import SAMPLES
from lgtm.wire.arrays import Flags, numbers
from lgtm.wire.bounds import TooManyRows
from lgtm.wire.fields import Ints

STALE_BITS = 0x7FF0000000000002
"""The NaN that says that a series ended. Values pass as bits wherever arithmetic might lose which NaN it is."""
Floats = npt.NDArray[np.float64]


def stale_where(values: Floats, stale: Flags) -> Floats:
    """The same values, with the stale marker where `stale`."""
    if not stale.any():
        return values
    bits = np.where(stale, np.uint64(STALE_BITS), values.view(np.uint64))
    return bits.view(np.float64)


@dataclass(slots=True)
class SampleRows:
    """rows_max: TooManyRows is raised for more."""

    rows_max: int
    rows: int = 0
    _pieces: list[tuple[Ints, Ints, Floats, Ints]] = field(default_factory=list)
    _histograms: list[tuple[int, list[bytes]]] = field(default_factory=list)
    _lengths: list[tuple[int, Ints | None]] = field(default_factory=list)

    def expect(self, rows: int) -> None:
        """To be called before so many more are made."""
        if self.rows + rows > self.rows_max:
            raise TooManyRows(self.rows_max)

    def add(self, series: Ints, ts: Ints, value: Floats, start: Ints, histograms: list[bytes] | None = None, *, lengths: Ints | None = None) -> None:
        """start: in ns, 0 where nobody said; histograms: one for each of these rows, if they are any. lengths: how many rows each point has, one
        if None; empty for rows that are of no point."""
        self.expect(len(series))
        if histograms is not None:
            self._histograms.append((self.rows, histograms))
        self.rows += len(series)
        self._pieces.append((series, ts, value, start))
        self._lengths.append((len(series), lengths))

    def batch(self) -> pa.RecordBatch:
        columns = [np.concatenate(parts) for parts in zip(*self._pieces, strict=True)] if self._pieces else [np.zeros(0)] * 4
        series, ts, value, start = columns
        found = {
            "series": numbers(series.astype(np.uint32), pa.uint32()),
            "ts": numbers(ts.astype(np.int64), pa.int64()),
            "value": numbers(value, pa.float64()),
        }
        if self._histograms:
            found["histogram"] = self._histogram_column()
        if start.any():
            found["start_ns"] = numbers(start, pa.int64(), start != 0)
        return pa.RecordBatch.from_arrays(list(found.values()), schema=pa.schema([SAMPLES.columns.field(name) for name in found]))

    def points(self) -> Callable[[], Ints]:
        """Numbers the points: of each row that of its point, -1 where it is of none. Holds nothing of the rows themselves."""
        return partial(_points, tuple(self._lengths))

    def _histogram_column(self) -> pa.Array:
        column: list[bytes | None] = [None] * self.rows
        for first, histograms in self._histograms:
            column[first : first + len(histograms)] = histograms
        return pa.array(column, pa.binary())


def _points(pieces: Sequence[tuple[int, Ints | None]]) -> Ints:
    found, count = [np.zeros(0, np.int64)], 0
    for rows, lengths in pieces:
        of_piece = np.arange(rows) if lengths is None else np.arange(len(lengths)).repeat(lengths) if len(lengths) else np.full(rows, -1 - count)
        found.append(of_piece + count)
        count += rows if lengths is None else len(lengths)
    return np.concatenate(found)


def flat(places: Sequence[Sequence[int]]) -> Ints:
    """All of them one behind the other."""
    return np.array([place for of_one in places for place in of_one], np.int64)

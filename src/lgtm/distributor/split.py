"""A batch by owners: the rows of each distinct set of ingesters become one part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.distributor.ingesters import Ingester, Owners
from lgtm.distributor.merge import with_series
from lgtm.model.batch import Batch
from lgtm.model.signal import SERIES


def split(batch: Batch, owners: Owners) -> Iterator[tuple[tuple[Ingester, ...], Batch]]:
    """Every row goes into exactly one of the parts, in its order. Raises what `owners` raises."""
    numbers: dict[tuple[str, ...], int] = {}
    groups: list[tuple[Ingester, ...]] = []
    group_of = np.empty(len(batch.series), np.int64)
    for at, series in enumerate(batch.series):
        found = owners(series.fingerprint)
        ids = tuple(ingester.id for ingester in found)
        if ids not in numbers:
            numbers[ids] = len(groups)
            groups.append(found)
        group_of[at] = numbers[ids]
    if len(groups) == 1:
        yield groups[0], batch
        return
    of_row = group_of[batch.rows.column(SERIES).to_numpy()]
    for number, found in enumerate(groups):
        yield found, _part_of(batch, np.flatnonzero(group_of == number), of_row == number)


def _part_of(batch: Batch, kept_series: np.ndarray[tuple[int], np.dtype[np.int64]], kept_rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Batch:
    renumbered = np.zeros(len(batch.series), np.uint32)
    renumbered[kept_series] = np.arange(len(kept_series))
    rows = batch.rows.filter(pa.array(kept_rows))
    series = tuple(batch.series[at] for at in kept_series.tolist())
    return Batch(batch.signal, batch.tenant, series, with_series(rows, renumbered[rows.column(SERIES).to_numpy()]))

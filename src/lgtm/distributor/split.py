"""A batch by owners: the rows of each distinct set of ingesters become one part, or several where one would outgrow a frame of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.distributor.ingesters import Ingester, Owners
from lgtm.distributor.merge import with_series
from lgtm.model.batch import Batch
from lgtm.model.labels import fingerprint
from lgtm.model.series import SeriesTable
from lgtm.model.signal import SAMPLES, SERIES, TRACE_ID

PART_BYTES_MAX = 6 * 1024 * 1024
"""Of rows and labels before compression. A frame of the log holds 8 MiB; incompressible rows grow by less than the difference."""


def bounded(batch: Batch) -> Iterator[Batch]:
    """The rows in order, in batches of at most PART_BYTES_MAX each (or of one row), with only the series that they use."""
    if len(batch) <= 1 or batch.nbytes + int(batch.table.label_sizes.sum()) <= PART_BYTES_MAX:
        yield batch
        return
    middle = len(batch) // 2
    for start, end in ((0, middle), (middle, len(batch))):
        rows = np.zeros(len(batch), bool)
        rows[start:end] = True
        used = np.unique(batch.rows.column(SERIES).to_numpy()[start:end]).astype(np.int64)
        yield from bounded(_part_of(batch, used, rows))


Intended = Callable[[tuple[Ingester, ...]], tuple[Ingester, ...]]
"""A preference list → those of it who should hold a part now."""


PART_BYTES_WORTH = 1024 * 1024
"""Of rows. A part costs about a millisecond on each node that gets it, so a batch is cut into no more of them than its size is worth: else each
node that joins would make every record dearer. With 256 KiB, five nodes cost a fifth more than three; with this, nothing."""


def parts_worth(batch: Batch) -> int:
    return max(1, int(batch.nbytes) // PART_BYTES_WORTH)


def split(
    batch: Batch, owners: Owners, intended: Intended = lambda found: found, *, parts_max: int | None = None, turn: int = 0
) -> Iterator[tuple[tuple[Ingester, ...], Batch]]:
    """Series that the same ingesters should hold now share a part, though their lists may differ further on.

    parts_max: when there would be more parts, some series go with others to ingesters that are not theirs, which is allowed: queries ask all.
    Which ones lead depends on `turn`, so that in the long run the load is spread as the ring says.

    Every row goes into exactly one of the parts, in its order. Raises what `owners` raises.
    """
    groups, group_of = _groups_by_shard(batch.table, owners, intended) if batch.signal is SAMPLES else _groups(batch.table, owners, intended)
    if parts_max is not None and len(groups) > parts_max:
        groups, group_of = _joined(groups, group_of, parts_max, turn)
    if len(groups) == 1:
        yield groups[0], batch
        return
    for number, rows in _by_group(batch, group_of[batch.rows.column(SERIES).to_numpy()]):
        yield groups[number], _renumbered(batch, np.flatnonzero(group_of == number), rows)


def split_by_trace(batch: Batch, owners: Owners, intended: Intended = lambda found: found) -> Iterator[tuple[tuple[Ingester, ...], Batch]]:
    """All spans of a trace have the same primary, whichever resource they are of, so that what needs whole traces finds them in one place.

    Trace ids are dealt to a fixed number of shards, each of which has owners. One part for each primary: what the shards of a primary differ in is
    who has their second copy, and any of those may.

    Every row goes into exactly one of the parts, in its order. Raises what `owners` raises.
    """
    numbers: dict[str, int] = {}
    groups: list[tuple[Ingester, ...]] = []
    seen: dict[int, int] = {}
    group_of_shard = np.empty(SHARDS, np.int64)
    for shard, key in enumerate(_SHARD_KEYS):
        found = owners(key)
        number = seen.get(id(found))
        if number is None:
            primary = (intended(found) or found)[0].id
            if primary not in numbers:
                numbers[primary] = len(groups)
                groups.append(found)
            number = seen[id(found)] = numbers[primary]
        group_of_shard[shard] = number
    if len(groups) == 1:
        yield groups[0], batch
        return
    for number, rows in _by_group(batch, group_of_shard[trace_shards(batch.rows.column(TRACE_ID))]):
        used = np.unique(rows.column(SERIES).to_numpy()).astype(np.int64)
        yield groups[number], _renumbered(batch, used, rows)


SHARDS = 64
_SHARD_KEYS = tuple(fingerprint((("trace_shard", str(number)),)) for number in range(SHARDS))
_SERIES_SHARD_KEYS = tuple(fingerprint((("series_shard", str(number)),)) for number in range(SHARDS))
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Fibonacci hashing: ids may be counters or begin with a time."""


def trace_shards(trace_ids: pa.FixedSizeBinaryArray) -> npt.NDArray[np.int64]:
    """The shard of each, the same on every node and in every version."""
    halves = np.frombuffer(trace_ids.buffers()[1], "<u8", 2 * len(trace_ids), 16 * trace_ids.offset).reshape(-1, 2)
    shards: npt.NDArray[np.int64] = ((halves[:, 0] ^ halves[:, 1]) * _SPREAD >> np.uint64(58)).astype(np.int64)
    return shards


def _by_group(batch: Batch, of_row: npt.NDArray[np.int64]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of each group that has any, in their order."""
    # One gather of all rows by group, then slices of it: a filter for each of the n·(n-1) pairs would read the batch as often.
    gathered = batch.rows.take(pa.array(np.argsort(of_row, kind="stable")))
    counts = np.bincount(of_row)
    for number, end in enumerate(np.cumsum(counts).tolist()):
        if counts[number]:
            yield number, gathered.slice(end - int(counts[number]), int(counts[number]))


def _groups(series: SeriesTable, owners: Owners, intended: Intended) -> tuple[list[tuple[Ingester, ...]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """A preference list for each set of intended ingesters, and the number of its list for each series."""
    numbers: dict[tuple[str, ...], int] = {}
    groups: list[tuple[Ingester, ...]] = []
    seen: dict[int, tuple[int, tuple[Ingester, ...]]] = {}
    group_of = np.empty(len(series), np.int64)
    for at, each in enumerate(series.fingerprints):
        found = owners(each)
        # Series by the thousand share a few lists, most often the very same ones. They are held here, so an id stands for one list.
        known = seen.get(id(found))
        if known is None:
            ids = tuple(ingester.id for ingester in intended(found))
            if ids not in numbers:
                numbers[ids] = len(groups)
                groups.append(found)
            known = seen[id(found)] = numbers[ids], found
        group_of[at] = known[0]
    return groups, group_of


def _groups_by_shard(
    series: SeriesTable, owners: Owners, intended: Intended
) -> tuple[list[tuple[Ingester, ...]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """As `_groups`, for series that come by the thousand: they are dealt to a fixed number of shards, and only those are looked up."""
    groups: list[tuple[Ingester, ...]] = []
    numbers: dict[tuple[str, ...], int] = {}
    seen: dict[int, int] = {}
    group_of_shard = np.empty(SHARDS, np.int64)
    for shard, key in enumerate(_SERIES_SHARD_KEYS):
        found = owners(key)
        number = seen.get(id(found))
        if number is None:
            ids = tuple(ingester.id for ingester in intended(found))
            if ids not in numbers:
                numbers[ids] = len(groups)
                groups.append(found)
            number = seen[id(found)] = numbers[ids]
        group_of_shard[shard] = number
    if len(groups) == 1:
        return groups, np.zeros(len(series), np.int64)
    first_bytes = series.prints.view(np.uint8)[:, 0]
    return groups, group_of_shard[first_bytes % SHARDS]


def _joined(
    groups: list[tuple[Ingester, ...]], group_of: np.ndarray[tuple[int], np.dtype[np.int64]], parts_max: int, turn: int
) -> tuple[list[tuple[Ingester, ...]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """parts_max of the groups, in turn, each with its share of the others."""
    order = [(turn + at) % len(groups) for at in range(len(groups))]
    joined = np.empty(len(groups), np.int64)
    for at, number in enumerate(order):
        joined[number] = at % parts_max
    return [groups[number] for number in order[:parts_max]], joined[group_of]


def _part_of(batch: Batch, kept_series: np.ndarray[tuple[int], np.dtype[np.int64]], kept_rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Batch:
    return _renumbered(batch, kept_series, batch.rows.filter(pa.array(kept_rows)))


def _renumbered(batch: Batch, kept_series: np.ndarray[tuple[int], np.dtype[np.int64]], rows: pa.RecordBatch) -> Batch:
    """Rows of the batch with only the series that are kept."""
    renumbered = np.zeros(len(batch.series), np.uint32)
    renumbered[kept_series] = np.arange(len(kept_series))
    return Batch(batch.signal, batch.tenant, batch.table.take(kept_series), with_series(rows, renumbered[rows.column(SERIES).to_numpy()]))

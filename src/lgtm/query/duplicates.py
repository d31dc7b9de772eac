"""Each record once: finds the copies that client retries, replicas and replays left in different row sets, or in one.

Copies agree in the signal's identity columns (series, ts), so only row sets whose times overlap can share any. Their keys alone are read and mixed
into 64-bit numbers, sorted, and neighbours compared: 10 ms per million rows. Only rows whose number occurs twice are compared by content. That takes
columns that nobody may have asked for, so finding suspects is a step of its own: what is elsewhere can be fetched before they are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.blocks.duplicates import Mask
from lgtm.blocks.merge import dedupe_mask, merge_rows
from lgtm.model.batch import Batch
from lgtm.model.fingerprint_index import FingerprintIndex
from lgtm.model.labels import is_placeholder
from lgtm.model.series import Series
from lgtm.model.signal import SERIES, TS
from lgtm.model.window import Window
from lgtm.query.source import EVERYTHING, KEYS, RowSet

_MIX_TS = np.uint64(0x9E3779B97F4A7C15)
_MIX_SERIES = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(slots=True, frozen=True)
class Drops:
    """positions: rows to leave out, sorted, counted over everything that `read` yields for the window."""

    positions: np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(slots=True, frozen=True)
class Suspects:
    """Rows that may be copies of each other. positions: by the number of their row set, as in `Drops`."""

    positions: Mapping[int, np.ndarray[tuple[int], np.dtype[np.int64]]]


def contested(row_sets: Sequence[RowSet]) -> list[Window]:
    """The stretches of time, sorted and disjoint, in which a record may be present more than once."""
    edges: list[tuple[int, int]] = []
    for rows in row_sets:
        weight = 1 if rows.unique else 2
        edges += [(rows.min_ns, -weight), (rows.max_ns, weight)]
    stretches: list[Window] = []
    depth, start = 0, 0
    for at_ns, change in sorted(edges):
        before, depth = depth, depth - change
        if before < 2 <= depth:
            start = at_ns
        elif depth < 2 <= before:
            if stretches and stretches[-1].end_ns >= start:
                start = stretches.pop().start_ns
            stretches.append(Window(start, at_ns + 1))
    return stretches


def find_suspects(row_sets: Sequence[RowSet], window: Window) -> Suspects:
    """Rows of `read(window, …)` whose keys occur twice. Blocks (CPU, disk)."""
    stretches = [s for s in contested(row_sets) if s.start_ns < window.end_ns and window.start_ns < s.end_ns]
    concerned = [at for at, rows in enumerate(row_sets) if any(s.overlaps(rows.min_ns, rows.max_ns) for s in stretches)]
    numbers = FingerprintIndex()
    keys = [_keys(row_sets[at], window, numbers) for at in concerned]
    repeated = _repeated(np.concatenate(keys)) if keys else np.empty(0, np.uint64)
    if not len(repeated):
        return Suspects({})
    positions = {at: np.flatnonzero(_is_in(key, repeated)) for at, key in zip(concerned, keys, strict=True)}
    return Suspects({at: found for at, found in positions.items() if len(found)})


def find_drops(row_sets: Sequence[RowSet], window: Window, suspects: Suspects) -> list[Drops | None]:
    """For each row set what to leave out of `read(window, …)`: of several copies the one in the earliest row set stays, but none whose labels a
    log has lost while another has them. Reads all columns of the suspects' row sets. Blocks (CPU, disk)."""
    drops: list[Drops | None] = [None] * len(row_sets)
    if not suspects.positions:
        return drops
    keep = _first_copies([_rows_at(row_sets[at], window, positions) for at, positions in suspects.positions.items()])
    start = 0
    for at, positions in suspects.positions.items():
        dropped = positions[~keep[start : start + len(positions)]]
        if len(dropped):
            drops[at] = Drops(dropped)
        start += len(positions)
    return drops


def _first_copies(found: Sequence[Batch]) -> Mask:
    """Of all rows which are no copies of others."""
    lost, merged = np.concatenate([_lost_labels(batch) for batch in found]), merge_rows(found)
    if not lost.any():
        return dedupe_mask(merged)
    order = np.argsort(lost, kind="stable")
    keep = np.empty(len(lost), bool)
    keep[order] = dedupe_mask(Batch(merged.signal, merged.tenant, merged.series, merged.rows.take(pa.array(order))))
    return keep


def _lost_labels(batch: Batch) -> Mask:
    """Whether the labels of a row's series were lost."""
    of_rows = batch.rows.column(SERIES).to_numpy()
    labels = batch.table.labels
    lost = [number for number in np.unique(of_rows).tolist() if is_placeholder(labels[number])]
    return np.isin(of_rows, lost)


def without(batches: Iterator[Batch], drops: Drops | None) -> Iterator[Batch]:
    """The batches without the rows to drop."""
    if drops is None:
        yield from batches
        return
    start = 0
    for batch in batches:
        first, last = np.searchsorted(drops.positions, (start, start + len(batch)))
        if first < last:
            keep = np.ones(len(batch), bool)
            keep[drops.positions[first:last] - start] = False
            yield Batch(batch.signal, batch.tenant, batch.series, batch.rows.filter(pa.array(keep)))
        else:
            yield batch
        start += len(batch)


def _keys(rows: RowSet, window: Window, numbers: FingerprintIndex) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """One number a row, in the order of `read`; equal for equal (series, ts)."""
    mixed = []
    table: Sequence[Series] | None = None
    global_numbers = np.empty(0, np.uint64)
    for batch in rows.read(window, KEYS):
        if batch.series is not table:
            table = batch.series
            global_numbers = numbers.add(batch.table.prints).astype(np.uint64)
        series = global_numbers[batch.rows.column(SERIES).to_numpy()]
        mixed.append((batch.rows.column(TS).to_numpy().view(np.uint64) + series * _MIX_SERIES) * _MIX_TS)
    return np.concatenate(mixed) if mixed else np.empty(0, np.uint64)


def _repeated(keys: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Numbers that occur more than once, sorted."""
    ordered = np.sort(keys)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _is_in(
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]], wanted: np.ndarray[tuple[int], np.dtype[np.uint64]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    at = np.searchsorted(wanted, keys)
    at[at == len(wanted)] = 0
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = wanted[at] == keys
    return found


def _rows_at(rows: RowSet, window: Window, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Batch:
    """The rows at the given positions of what `read` yields, with all their columns."""
    found: list[Batch] = []
    start = 0
    for batch in rows.read(window, EVERYTHING):
        first, last = np.searchsorted(positions, (start, start + len(batch)))
        if first < last:
            picked = batch.rows.take(pa.array(positions[first:last] - start))
            found.append(Batch(batch.signal, batch.tenant, batch.series, picked))
        start += len(batch)
    return merge_rows(found)

"""Time is cut into slices, so that a query holds the keys of one slice at a time and may stop early.

Copies of a record have the same time, hence lie in the same slice. The first slice is small, because a log query is often satisfied by the newest
few thousand rows; those behind it are as large as memory allows, because blocks are sorted by series and every slice opens most of their row
groups anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lgtm.model.window import Window
from lgtm.query.source import RowSet

GROWTH = 64
SLICE_ROWS_MAX = 4_000_000
"""About 100 MiB of keys while copies are looked for."""


def slices(row_sets: Sequence[RowSet], window: Window, *, first_rows: int, newest_first: bool) -> Iterator[Window]:
    """Disjoint windows that together hold every row of the row sets inside `window`, each with about as many rows as wanted."""
    near = [rows for rows in row_sets if window.overlaps(rows.min_ns, rows.max_ns) and rows.row_count]
    if not near:
        return
    start_ns = max(window.start_ns, min(rows.min_ns for rows in near))
    end_ns = min(window.end_ns, max(rows.max_ns for rows in near) + 1)
    times, rows_until = _rows_by_time(near, start_ns, end_ns)
    total, wanted, done = float(rows_until[-1]), float(first_rows), 0.0
    edge_ns = end_ns if newest_first else start_ns
    last_ns = start_ns if newest_first else end_ns
    while edge_ns != last_ns:
        done += wanted
        wanted = min(wanted * GROWTH, SLICE_ROWS_MAX)
        at = total - done if newest_first else done
        cut_ns = last_ns if done >= total else int(np.interp(at, rows_until, times)) + start_ns
        if newest_first:
            cut_ns = max(last_ns, min(cut_ns, edge_ns - 1))
            yield Window(cut_ns, edge_ns)
        else:
            cut_ns = min(last_ns, max(cut_ns, edge_ns + 1))
            yield Window(edge_ns, cut_ns)
        edge_ns = cut_ns


def _rows_by_time(
    row_sets: Sequence[RowSet], start_ns: int, end_ns: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """How many rows lie before each of some times (ns from start_ns, rising), taking rows to be spread evenly over their row set."""
    firsts = np.array([rows.min_ns for rows in row_sets], dtype=object)
    lasts = np.array([rows.max_ns + 1 for rows in row_sets], dtype=object)
    density = np.array([rows.row_count for rows in row_sets], float) / (lasts - firsts).astype(float)
    begins = (np.clip(firsts, start_ns, end_ns) - start_ns).astype(float)
    ends = (np.clip(lasts, start_ns, end_ns) - start_ns).astype(float)
    edges = np.concatenate([begins, ends])
    changes = np.concatenate([density, -density])
    order = np.argsort(edges, kind="stable")
    times, slopes = edges[order], np.cumsum(changes[order])
    until = np.concatenate([[0.0], np.cumsum(np.maximum(slopes[:-1], 0.0) * np.diff(times))])
    return times, until

"""Changes that a tenant's limits ask for before rows are stored: long lines cut, equal times moved apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.distributor.sizes import Ints
from lgtm.model.signal import LINE, SERIES, TS
from lgtm.model.window import TS_NS_MAX


def truncate_lines(rows: pa.RecordBatch, bytes_max: int) -> pa.RecordBatch:
    """Cuts each longer line to at most bytes_max bytes, never inside a character."""
    lines = rows.column(LINE)
    long = pc.greater(pc.binary_length(lines), bytes_max)
    if not pc.any(long, min_count=0).as_py():
        return rows
    cut = [line.encode()[:bytes_max].decode(errors="ignore") for line in lines.filter(long).to_pylist()]
    return _replaced(rows, LINE, pc.replace_with_mask(lines, long, pa.array(cut, pa.string())))


def increment_duplicates(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Moves an entry to 1 ns behind its predecessor in the stream where both have the same time (sent or moved) and another line.

    Only streams with neighbours of one time are walked entry by entry.
    """
    series, ts = rows.column(SERIES).to_numpy(), rows.column(TS).to_numpy()
    order = np.argsort(series, kind="stable")
    sorted_series = series[order]
    repeated = (sorted_series[1:] == sorted_series[:-1]) & (ts[order][1:] == ts[order][:-1])
    if not repeated.any():
        return rows
    moved = ts.copy()
    lines = rows.column(LINE)
    streams = np.unique(sorted_series[1:][repeated])
    starts, ends = np.searchsorted(sorted_series, streams, "left"), np.searchsorted(sorted_series, streams, "right")
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        _walk(order[start:end], moved, lines)
    return _replaced(rows, TS, pa.array(moved))


def _walk(stream: Ints, ts: Ints, lines: pa.Array) -> None:
    """stream: its rows in the order of the push; ts is changed."""
    texts = lines.take(pa.array(stream)).to_pylist()
    sent_ns = ts[stream].tolist()
    unmoved_ns = previous_ns = sent_ns[0]
    for at in range(1, len(sent_ns)):
        ts_ns = sent_ns[at]
        if ts_ns in (unmoved_ns, previous_ns) and texts[at] != texts[at - 1]:
            ts_ns = min(previous_ns + 1, TS_NS_MAX)
        else:
            unmoved_ns = ts_ns
        ts[stream[at]] = previous_ns = ts_ns


def _replaced(rows: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), column)

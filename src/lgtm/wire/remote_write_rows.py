"""Samples and histograms of remote write, both versions of which write them alike, as columns of the signal SAMPLES.

Sample    { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3 }         timestamps in milliseconds
Histogram as in `histogram_columns.py`
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.model.signal import HISTOGRAM, SAMPLES, START
from lgtm.model.window import TS_NS_MAX
from lgtm.wire.arrays import Flags, numbers
from lgtm.wire.bounds import BodyBounds, MalformedBody, TooManyRows
from lgtm.wire.decoded_samples import Dropped, Loss
from lgtm.wire.fields import Ints, Places
from lgtm.wire.gather import gather
from lgtm.wire.histogram_columns import span_faults
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.number_lists import F64
from lgtm.wire.protobuf import FIXED64, VARINT, Buffer, tag

NS_PER_MS = 1_000_000
_VALUE, _TIMESTAMP, _START = tag(1, FIXED64), tag(2, VARINT), tag(3, VARINT)
_SUM, _HISTOGRAM_TIMESTAMP, _HISTOGRAM_START = tag(3, FIXED64), tag(15, VARINT), tag(17, VARINT)
_TAG_BYTES = {_HISTOGRAM_TIMESTAMP: 1, _HISTOGRAM_START: 2}
_VALUE_BYTES = 9
"""Of the field with its tag."""
TS_MS_MAX = TS_NS_MAX // NS_PER_MS
_FIXED = {field.name: field for field in SAMPLES.columns}


def sample_rows(buffer: Buffer, samples: Places, histograms: Places, bounds: BodyBounds) -> tuple[pa.RecordBatch, tuple[Dropped, ...]]:
    """Columns of SAMPLES in the order of the body, and what is left out because its time is not one of 64 bits of nanoseconds.

    samples, histograms: rows are those of their series. A start that is out of range is unknown. Raises TooManyRows, and MalformedBody for
    histograms that are no messages.
    """
    count = len(samples) + len(histograms)
    if count > bounds.rows_max:
        raise TooManyRows(bounds.rows_max)
    row, place, column = samples.row, samples.start, None
    times, starts, values = _usual_samples(buffer, samples) or _any_samples(buffer, samples)
    if len(histograms):
        of_histograms = MessageColumns(buffer, histograms.start, histograms.end, _SUM, _HISTOGRAM_TIMESTAMP, _HISTOGRAM_START)
        messages = _without_times(of_histograms, histograms)
        span_faults(messages)  # raises for what is no message; the distributor looks again, and refuses those with faults one by one
        order = np.concatenate((place, histograms.start)).argsort(kind="stable")
        row = np.concatenate((row, histograms.row))[order]
        times = np.concatenate((times, of_histograms.varints(_HISTOGRAM_TIMESTAMP)))[order]
        starts = np.concatenate((starts, of_histograms.varints(_HISTOGRAM_START)))[order]
        values = np.concatenate((values, of_histograms.doubles(_SUM)))[order]
        column = pa.concat_arrays([pa.nulls(len(samples), pa.binary()), messages]).take(pa.array(order))
    dropped: tuple[Dropped, ...] = ()
    wrong = out_of_range(times)
    if wrong is not None:
        at, kept = int(wrong.argmax()), ~wrong
        text = f"timestamp in series {row[at]} is out of range: {times[at]} milliseconds"
        dropped = (Dropped(Loss.TIMESTAMP_OUT_OF_RANGE, int(np.count_nonzero(wrong)), text),)
        row, times, starts, values = row[kept], times[kept], starts[kept], values[kept]
        column = None if column is None else _unless_null(column.filter(pa.array(kept)))
    no_start = out_of_range(starts)
    if no_start is not None:
        starts = np.where(no_start, 0, starts)
    return _batch(row, times * NS_PER_MS, values, column, starts * NS_PER_MS), dropped


def out_of_range(times_ms: Ints) -> Flags | None:
    """Which of them are not nanoseconds of 64 bits, as microseconds that are taken for milliseconds are; None when all are."""
    wrong: Flags = (times_ms > TS_MS_MAX) | (times_ms < -TS_MS_MAX)
    return wrong if b"\1" in wrong.tobytes() else None


def _unless_null(column: pa.Array) -> pa.Array | None:
    return None if column.null_count == len(column) else column


def _any_samples(buffer: Buffer, samples: Places) -> tuple[Ints, Ints, F64]:
    """(timestamps, start timestamps, values)."""
    columns = MessageColumns(buffer, samples.start, samples.end, _VALUE, _TIMESTAMP, _START)
    return columns.varints(_TIMESTAMP), columns.varints(_START), columns.doubles(_VALUE)


def _usual_samples(buffer: Buffer, samples: Places) -> tuple[Ints, Ints, F64] | None:
    """The same if all are as every known sender writes them: the value unless it is 0, the time, then perhaps the start. A third of the time."""
    data, at, end = buffer.array, samples.start, samples.end
    has_value = data[at] == _VALUE
    time_at = at + has_value * np.int64(_VALUE_BYTES)
    if b"\0" in (data[time_at] == _TIMESTAMP).tobytes():
        return None
    times, after = buffer.varints_and_ends(time_at + 1)
    starts = np.zeros(len(at), np.int64)
    more = (after != end).nonzero()[0]
    if len(more):
        if (data[after[more]] != _START).any():
            return None
        values, after[more] = buffer.varints_and_ends(after[more] + 1)
        starts[more] = values.view(np.int64)
        if (after != end).any():
            return None
    return times.view(np.int64), starts, np.where(has_value, buffer.doubles_at(at + 1), 0.0)


def _batch(row: Ints, ts: Ints, values: F64, histograms: pa.Array | None, starts: Ints) -> pa.RecordBatch:
    arrays = {"series": numbers(row.astype(np.uint32), pa.uint32()), "ts": numbers(ts, pa.int64()), "value": numbers(values, pa.float64())}
    if histograms is not None:
        arrays[HISTOGRAM] = histograms
    if b"\1" in (starts != 0).tobytes():
        arrays[START] = numbers(starts, pa.int64(), starts != 0)
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=pa.schema([_FIXED[name] for name in arrays]))


def _without_times(histograms: MessageColumns, places: Places) -> pa.Array:
    """The bytes of each message but for its times, which are columns of their own."""
    cuts = [_heads_and_ends(histograms, number) for number in _TAG_BYTES if histograms.has(number)]
    start = np.concatenate([places.start, *(end for _, _, end in cuts)])
    end = np.concatenate([*(head for _, head, _ in cuts), places.end])
    row = np.concatenate([np.arange(histograms.count), *(row for row, _, _ in cuts)])
    # All starts and all ends in ascending order are those of the pieces between the cuts.
    pieces = np.bincount(row, minlength=histograms.count)
    kept = gather(histograms.buffer.data, np.sort(start), np.sort(end))
    bounds = np.concatenate(([0], pieces.cumsum()))
    _, offsets, data = kept.buffers()
    joined = np.frombuffer(offsets, np.int32)[bounds]
    return pa.Array.from_buffers(pa.binary(), histograms.count, [None, pa.py_buffer(joined), data], 0)


def _heads_and_ends(histograms: MessageColumns, number: int) -> tuple[Ints, Ints, Ints]:
    """(message, where the tag begins, where the field ends) of each varint field with this tag."""
    found = histograms.fields.places(number)
    head = found.start - _TAG_BYTES[number]
    if (histograms.buffer.varints_at(head) != number).any():
        raise MalformedBody("the tag of a time of a histogram is longer than it need be")
    return found.row, head, found.end

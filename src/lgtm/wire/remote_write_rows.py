"""Samples, histograms and exemplars of remote write, both versions of which write them alike, as the columns of their signals.

Sample    { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3 }         timestamps in milliseconds
Exemplar  { labels = 1; double value = 2; int64 timestamp = 3 }
Histogram as in `histogram_columns.py`
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.model.signal import EXEMPLARS, HISTOGRAM, SAMPLES, START
from lgtm.model.window import TS_NS_MAX
from lgtm.wire.arrays import numbers
from lgtm.wire.bounds import BodyBounds, MalformedBody, TooManyRows
from lgtm.wire.columns import MetadataColumns, Pairs
from lgtm.wire.fields import Ints, Places
from lgtm.wire.gather import gather
from lgtm.wire.histogram_columns import span_faults
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.number_lists import F64
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag

NS_PER_MS = 1_000_000
_VALUE, _TIMESTAMP, _START = tag(1, FIXED64), tag(2, VARINT), tag(3, VARINT)
_SUM, _HISTOGRAM_TIMESTAMP, _HISTOGRAM_START = tag(3, FIXED64), tag(15, VARINT), tag(17, VARINT)
_TAG_BYTES = {_HISTOGRAM_TIMESTAMP: 1, _HISTOGRAM_START: 2}
_EXEMPLAR_LABELS, _EXEMPLAR_VALUE, _EXEMPLAR_TIMESTAMP = tag(1, LENGTH_DELIMITED), tag(2, FIXED64), tag(3, VARINT)
_VALUE_BYTES = 9
"""Of the field with its tag."""
TS_MS_MAX = TS_NS_MAX // NS_PER_MS
_FIXED = {field.name: field for field in SAMPLES.columns}


def sample_rows(buffer: Buffer, samples: Places, histograms: Places, bounds: BodyBounds) -> pa.RecordBatch:
    """Columns of SAMPLES in the order of the body; rows of the places are those of their series.

    Raises TooManyRows, and MalformedBody for times that are not nanoseconds of 64 bits and histograms that are no messages.
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
    return _batch(row, _nanoseconds(times, row, "timestamp"), values, column, _nanoseconds(starts, row, "start timestamp"))


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


def _nanoseconds(times_ms: Ints, row: Ints, what: str) -> Ints:
    wrong = (times_ms > TS_MS_MAX) | (times_ms < -TS_MS_MAX)
    if b"\1" in wrong.tobytes():
        at = int(wrong.argmax())
        raise MalformedBody(f"{what} in series {row[at]} is out of range: {times_ms[at]} milliseconds")
    times: Ints = times_ms * NS_PER_MS
    return times


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


def exemplar_columns(buffer: Buffer, exemplars: Places, bounds: BodyBounds) -> MessageColumns:
    """The exemplars as messages, their labels not read yet. Raises TooManyRows."""
    if len(exemplars) > bounds.rows_max:
        raise TooManyRows(bounds.rows_max)
    return MessageColumns(buffer, exemplars.start, exemplars.end, _EXEMPLAR_VALUE, _EXEMPLAR_TIMESTAMP)


def exemplar_rows(series: Ints, exemplars: MessageColumns, labels: Pairs, bounds: BodyBounds) -> pa.RecordBatch:
    """Columns of EXEMPLARS and of their labels. Raises MetadataTooLarge, and MalformedBody for times out of range."""
    ts = _nanoseconds(exemplars.varints(_EXEMPLAR_TIMESTAMP), series, "timestamp of an exemplar")
    fixed = [numbers(series.astype(np.uint32), pa.uint32()), numbers(ts, pa.int64()), numbers(exemplars.doubles(_EXEMPLAR_VALUE), pa.float64())]
    columns = MetadataColumns(bytes_max=bounds.metadata_bytes_max)
    columns.add(labels)
    fields, arrays = columns.finish(len(series))
    return pa.RecordBatch.from_arrays([*fixed, *arrays], schema=pa.schema([*EXEMPLARS.columns, *fields]))

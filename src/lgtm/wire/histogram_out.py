"""Columns of native histograms to the messages that are stored: the way back from `histogram_columns.py`.

Counts are written as floats, which is what they are in columns: a histogram that came with integers goes out as a float histogram of the same counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.wire.fields import Ints
from lgtm.wire.fields_out import integer, message, varint
from lgtm.wire.histogram_columns import BucketArrays, HistogramArrays
from lgtm.wire.number_lists import F64
from lgtm.wire.protobuf import FIXED64, tag

_COUNT, _SUM, _SCHEMA, _ZERO_THRESHOLD, _ZERO_COUNT, _HINT, _CUSTOM = 2, 3, 4, 5, 7, 14, 16
_NEGATIVE, _POSITIVE = (8, 10), (11, 13)
"""Numbers of the spans and of the counts."""


def histogram_messages(histograms: HistogramArrays) -> pa.Array:
    """Binary, one `io.prometheus.write.v2.Histogram` each, without times. Some microseconds each: meant for results of rules, not for ingestion."""
    return pa.array(_messages(histograms), pa.binary())


def _messages(histograms: HistogramArrays) -> Iterator[bytes]:
    for row in range(len(histograms)):
        custom = histograms.custom_bounds[histograms.custom_offsets[row] : histograms.custom_offsets[row + 1]]
        yield (
            _double(_COUNT, histograms.count[row])
            + _double(_SUM, histograms.sum[row])
            + integer(_SCHEMA, _zigzag(int(histograms.schema[row])))
            + _double(_ZERO_THRESHOLD, histograms.zero_threshold[row])
            + _double(_ZERO_COUNT, histograms.zero_count[row])
            + _side(_NEGATIVE, histograms.negative, row)
            + _side(_POSITIVE, histograms.positive, row)
            + integer(_HINT, int(histograms.hint[row]))
            + _doubles(_CUSTOM, custom)
        )


def _side(numbers: tuple[int, int], buckets: BucketArrays, row: int) -> bytes:
    held = slice(buckets.offsets[row], buckets.offsets[row + 1])
    of_spans, of_counts = numbers
    return b"".join(message(of_spans, span) for span in _spans(buckets.index[held])) + _doubles(of_counts, buckets.counts[held])


def _spans(index: Ints) -> Iterator[bytes]:
    """Runs of neighbouring buckets, each with its distance to the end of the one before."""
    starts = np.flatnonzero(np.diff(index, prepend=index[:1] - 2) != 1)
    lengths = np.diff(starts, append=len(index))
    end = 0
    for first, length in zip(index[starts].tolist(), lengths.tolist(), strict=True):
        yield integer(1, _zigzag(first - end)) + integer(2, length)
        end = first + length


def _double(number: int, value: float) -> bytes:
    return varint(tag(number, FIXED64)) + struct.pack("<d", value)


def _doubles(number: int, values: F64) -> bytes:
    return message(number, values.astype("<f8").tobytes()) if len(values) else b""


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else ~(value << 1)

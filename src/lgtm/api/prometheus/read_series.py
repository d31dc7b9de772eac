"""Selected samples as the series of a remote read: sorted by labels, floats and histograms apart, stale markers kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.promql.columns import BucketColumns, HistogramColumns, Selected
from lgtm.wire.histogram_columns import BucketArrays, HistogramArrays
from lgtm.wire.histogram_out import histogram_messages
from lgtm.wire.remote_read import ReadSeries


def read_series(selected: Selected) -> Iterator[ReadSeries]:
    """Those that have samples."""
    labels, bounds = selected.labels.rows(), selected.offsets.tolist()
    messages = None if selected.histograms is None else messages_of(selected.histograms)
    for row in selected.labels.order().tolist():
        samples = np.arange(bounds[row], bounds[row + 1])
        if not len(samples):
            continue
        if selected.histogram_rows is None or messages is None:
            yield ReadSeries(labels[row], selected.ts_ms[samples], selected.values[samples])
            continue
        is_float = selected.histogram_rows[samples] < 0
        floats, histograms = samples[is_float], samples[~is_float]
        held = messages.take(pa.array(selected.histogram_rows[histograms])).to_pylist()
        yield ReadSeries(labels[row], selected.ts_ms[floats], selected.values[floats], selected.ts_ms[histograms].tolist(), held)


def messages_of(histograms: HistogramColumns) -> pa.Array:
    """The message `Histogram` of each, with counts as floats."""
    numbers = (histograms.schema, histograms.count, histograms.sum, histograms.zero_count, histograms.zero_threshold, histograms.hint)
    sides = (_arrays(histograms.positive), _arrays(histograms.negative))
    return histogram_messages(HistogramArrays(*numbers, *sides, histograms.custom_offsets, histograms.custom_bounds, np.ones(len(histograms), bool)))


def _arrays(buckets: BucketColumns) -> BucketArrays:
    return BucketArrays(buckets.offsets, buckets.index, buckets.counts)

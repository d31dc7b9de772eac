"""Selected samples as the series of a remote read: sorted by labels, floats and histograms apart, stale markers kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from lgtm.promql.columns import Selected
from lgtm.promql.histogram import Buckets, Histogram
from lgtm.wire.exposition_messages import Span, StoredHistogram
from lgtm.wire.remote_read import ReadSeries


def read_series(selected: Selected) -> Iterator[ReadSeries]:
    """Those that have samples."""
    labels, bounds = selected.labels.rows(), selected.offsets.tolist()
    for row in selected.labels.order().tolist():
        start, end = bounds[row], bounds[row + 1]
        if start == end:
            continue
        samples = np.arange(start, end)
        if selected.histogram_rows is None:
            yield ReadSeries(labels[row], selected.ts_ms[samples], selected.values[samples])
            continue
        is_float = selected.histogram_rows[samples] < 0
        floats, histograms = samples[is_float], samples[~is_float]
        messages = [stored_histogram(histogram) for histogram in selected.histogram_at(histograms).tolist()]
        yield ReadSeries(labels[row], selected.ts_ms[floats], selected.values[floats], selected.ts_ms[histograms].tolist(), messages)


def stored_histogram(histogram: Histogram) -> bytes:
    """The message `Histogram` of remote write with counts as floats, without a timestamp."""
    message = StoredHistogram(
        count_float=histogram.count,
        sum=histogram.sum,
        schema=histogram.schema,
        zero_threshold=histogram.zero_threshold,
        zero_count_float=histogram.zero_count,
        negative_spans=_spans(histogram.negative),
        negative_counts=histogram.negative.counts.tolist(),
        positive_spans=_spans(histogram.positive),
        positive_counts=histogram.positive.counts.tolist(),
        reset_hint=int(histogram.hint),
        custom_values=histogram.bounds,
    )
    encoded: bytes = message.SerializeToString()
    return encoded


def _spans(buckets: Buckets) -> list[bytes]:
    """Runs of neighbours: the first begins at its index, others by their gap to the run before."""
    if not len(buckets):
        return []
    index = buckets.index
    cuts = [0, *(np.flatnonzero(np.diff(index) != 1) + 1).tolist(), len(index)]
    starts = [int(index[0]), *(int(index[cut] - index[cut - 1]) - 1 for cut in cuts[1:-1])]
    return [Span(offset=offset, length=end - start).SerializeToString() for offset, (start, end) in zip(starts, pairwise(cuts), strict=True)]

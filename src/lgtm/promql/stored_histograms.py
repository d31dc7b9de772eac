"""Histograms of samples as stored, for the engine."""

from __future__ import annotations

import pyarrow as pa

from lgtm.promql.columns import BucketColumns, HistogramColumns
from lgtm.wire.histogram_columns import BucketArrays, histogram_arrays


def read_histograms(messages: pa.Array) -> HistogramColumns:
    """messages: binary without nulls, `io.prometheus.write.v2.Histogram` each. Raises MalformedBody."""
    found = histogram_arrays(messages)
    return HistogramColumns(
        found.schema,
        found.count,
        found.sum,
        found.zero_count,
        found.zero_threshold,
        found.hint,
        _buckets(found.positive),
        _buckets(found.negative),
        found.custom_offsets,
        found.custom_bounds,
    )


def _buckets(side: BucketArrays) -> BucketColumns:
    return BucketColumns(side.offsets, side.index, side.counts)

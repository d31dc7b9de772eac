"""What was selected is what a remote reader gets."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.prometheus.read_series import messages_of, read_series
from lgtm.promql.columns import HistogramColumns
from lgtm.promql.histogram import CUSTOM_SCHEMA, Buckets, Histogram, ResetHint
from lgtm.promql.parser import parse_selector
from lgtm.promql.prepare import Selection
from lgtm.wire.histogram_columns import HistogramArrays, histogram_arrays
from promql.memory import Memory

COUNTS = st.floats(0.5, 100.0)
BUCKETS = st.dictionaries(st.integers(-50, 50), COUNTS, max_size=6).map(Buckets.of)
EXPONENTIAL = st.builds(
    Histogram,
    schema=st.integers(-4, 8),
    count=COUNTS,
    sum=st.floats(-9, 9),
    zero_count=COUNTS,
    zero_threshold=st.floats(0, 1),
    positive=BUCKETS,
    negative=BUCKETS,
    hint=st.sampled_from(ResetHint),
)
CUSTOM = st.builds(
    Histogram,
    schema=st.just(CUSTOM_SCHEMA),
    count=COUNTS,
    sum=st.floats(-9, 9),
    positive=st.dictionaries(st.integers(0, 3), COUNTS).map(Buckets.of),
    bounds=st.just((1.0, 2.0, 5.0)),
)


def read_back(message: bytes) -> Histogram:
    arrays: HistogramArrays = histogram_arrays(pa.array([message], pa.binary()))
    return Histogram(
        int(arrays.schema[0]),
        float(arrays.count[0]),
        float(arrays.sum[0]),
        float(arrays.zero_count[0]),
        float(arrays.zero_threshold[0]),
        Buckets(arrays.positive.index, arrays.positive.counts),
        Buckets(arrays.negative.index, arrays.negative.counts),
        tuple(arrays.custom_bounds.tolist()),
        ResetHint(int(arrays.hint[0])),
    )


@given(EXPONENTIAL | CUSTOM)
def test_a_histogram_that_was_written_reads_back(histogram: Histogram) -> None:
    found = read_back(messages_of(HistogramColumns.from_histograms([histogram]))[0].as_py())
    assert found.equals(histogram)
    assert found.hint is histogram.hint


def test_series_are_sorted_and_floats_apart_from_histograms() -> None:
    memory = Memory.of('up{job="b"} 1 stale\nup{job="a"} 5 {{count:3 sum:1}} 7')
    series = list(read_series(memory.select(Selection(parse_selector("up"), -1, 200_000))))
    assert [dict(each.labels)["job"] for each in series] == ["a", "b"]
    first, second = series
    assert (first.ts_ms.tolist(), first.values.tolist()) == ([0, 120_000], [5.0, 7.0])
    assert (first.histogram_ts_ms, [read_back(message).count for message in first.histograms]) == ([60_000], [3.0])
    assert (second.ts_ms.tolist(), np.isnan(second.values).tolist()) == ([0, 60_000], [False, True])


def test_without_histograms_there_are_only_floats() -> None:
    selected = Memory.of("up 1 2").select(Selection(parse_selector("up"), -1, 200_000))
    (series,) = read_series(selected)
    assert (series.values.tolist(), list(series.histograms)) == ([1.0, 2.0], [])

"""Stored histograms are histograms of the engine."""

from __future__ import annotations

import pyarrow as pa

from lgtm.promql.histogram import CUSTOM_SCHEMA, Buckets, ResetHint
from lgtm.promql.stored_histograms import read_histograms
from wire.test_remote_write import CUSTOM, HISTOGRAM
from wire.write_messages import histogram


def as_dict(buckets: Buckets) -> dict[int, float]:
    return dict(zip(buckets.index.tolist(), buckets.counts.tolist(), strict=True))


def test_integer_and_custom_histograms() -> None:
    stored = pa.array([histogram(fields).SerializeToString() for fields in (HISTOGRAM, CUSTOM)], pa.binary())
    columns = read_histograms(stored)
    integers, custom = columns.of(0), columns.of(1)
    assert (integers.schema, integers.count, integers.sum, integers.zero_count, integers.zero_threshold) == (3, 6, 2.5, 1, 1e-128)
    assert as_dict(integers.positive) == {0: 2, 1: 3}
    assert as_dict(integers.negative) == {}
    assert integers.hint is ResetHint.NOT_RESET
    assert (custom.schema, custom.count, custom.bounds) == (CUSTOM_SCHEMA, 3, (1.0, 2.0))
    assert as_dict(custom.positive) == {0: 3}

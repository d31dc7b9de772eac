"""Histograms that go out as messages come back as the same columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from lgtm.wire.histogram_columns import histogram_arrays
from lgtm.wire.histogram_out import histogram_messages
from wire.test_histogram_columns import binary, histograms
from wire.test_remote_write import CUSTOM, HISTOGRAM
from wire.write_messages import WRITE_2, histogram

COLUMNS = ("schema", "count", "sum", "zero_count", "zero_threshold", "hint", "custom_offsets", "custom_bounds")


def same_bits(left: Any, right: Any) -> bool:
    return bool(left.dtype == right.dtype and left.tobytes() == right.tobytes())


@given(st.lists(histograms(), max_size=6))
def test_columns_survive(fields: list[dict[str, Any]]) -> None:
    before = histogram_arrays(binary([histogram(given) for given in fields]))
    assume(all((np.abs(side.index) < 2**30).all() for side in (before.positive, before.negative)))  # gaps between spans have 32 bits
    messages = histogram_messages(before)
    assert messages.type == pa.binary()
    after = histogram_arrays(messages)
    assert all(same_bits(getattr(before, name), getattr(after, name)) for name in COLUMNS)
    for side in ("positive", "negative"):
        old, new = getattr(before, side), getattr(after, side)
        assert all(same_bits(getattr(old, name), getattr(new, name)) for name in ("offsets", "index", "counts"))


def test_neighbouring_buckets_are_one_span() -> None:
    fields = {"count_int": 4, "positive_spans": [(-2, 1), (0, 1), (3, 2)], "positive_deltas": [1, 0, 0, 0]}
    (message,) = histogram_messages(histogram_arrays(binary([histogram(fields)]))).to_pylist()
    found = WRITE_2["Histogram"].FromString(message)
    assert [(span.offset, span.length) for span in found.positive_spans] == [(-2, 2), (3, 2)]
    assert (list(found.positive_counts), found.count_float) == ([1, 1, 1, 1], 4)


def test_what_is_stored_reads_alike_with_another_reader() -> None:
    (integers, custom) = histogram_messages(histogram_arrays(binary([histogram(HISTOGRAM), histogram(CUSTOM)]))).to_pylist()
    found = WRITE_2["Histogram"].FromString(integers)
    assert (found.count_float, found.sum, found.schema, found.zero_count_float, found.reset_hint) == (6, 2.5, 3, 1, 2)
    assert list(found.positive_counts) == [2, 3]
    found = WRITE_2["Histogram"].FromString(custom)
    assert (found.schema, list(found.custom_values), np.isnan(found.sum)) == (-53, [1, 2], True)

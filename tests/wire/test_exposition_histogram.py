"""Native histograms are stored as remote write 2.0 has them, unless they do not hold together."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition_histogram import encode_histogram, is_native
from lgtm.wire.exposition_messages import MetricFamily, StoredHistogram
from lgtm.wire.exposition_resolution import ANY, Resolution
from wire.families import spans

INTEGERS: dict[str, Any] = {
    "sample_count": 9,
    "sample_sum": 5.5,
    "schema": 3,
    "zero_threshold": 1e-9,
    "zero_count": 2,
    "negative_span": spans((0, 1)),
    "negative_delta": [1],
    "positive_span": spans((-2, 2), (3, 1)),
    "positive_delta": [1, 1, 1],
}
FLOATS: dict[str, Any] = {
    "sample_count_float": 4.5,
    "sample_sum": 5.5,
    "zero_count_float": 1.5,
    "positive_span": spans((0, 2)),
    "positive_count": [1.0, 2.0],
}


def scraped(fields: dict[str, Any]) -> Any:
    return MetricFamily(metric=[{"histogram": fields}]).metric[0].histogram


def test_integers_are_stored_as_deltas() -> None:
    stored = StoredHistogram.FromString(encode_histogram(scraped(INTEGERS), gauge=False).message)
    assert (stored.count_int, stored.zero_count_int, stored.sum, stored.schema, stored.zero_threshold, stored.reset_hint) == (9, 2, 5.5, 3, 1e-9, 0)
    assert (list(stored.negative_deltas), list(stored.positive_deltas)) == ([1], [1, 1, 1])
    assert (list(stored.negative_spans), list(stored.positive_spans)) == (spans((0, 1)), spans((-2, 2), (3, 1)))


def test_floats_are_stored_as_counts() -> None:
    stored = StoredHistogram.FromString(encode_histogram(scraped(FLOATS), gauge=True).message)
    assert (stored.count_float, stored.zero_count_float, list(stored.positive_counts), stored.reset_hint) == (4.5, 1.5, [1.0, 2.0], 3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (INTEGERS | {"schema": 53}, "invalid schema"),
        (INTEGERS | {"schema": -5}, "invalid schema"),
        (INTEGERS | {"sample_count": 8}, "9 observations found in buckets, but the Count field is 8"),
        (INTEGERS | {"sample_count": 10}, "9 observations found in buckets, but the Count field is 10"),
        (INTEGERS | {"positive_delta": [1, 1]}, "positive side: spans need 3 buckets, have 2 buckets"),
        (INTEGERS | {"negative_delta": [-1]}, "observation count of -1"),
        (INTEGERS | {"positive_span": spans((0, 2), (-1, 1))}, "span number 2 with offset -1"),
        (INTEGERS | {"positive_span": [b"\xff"]}, "span that is no message"),
        (FLOATS | {"sample_count_float": 4.0}, "at least the number of observations"),
        (FLOATS | {"positive_count": [1.0, -2.0]}, "observation count of -2.0"),
        (FLOATS | {"positive_count": [1.0]}, "positive side: spans need 2 buckets, have 1 buckets"),
    ],
)
def test_what_does_not_hold_together_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        encode_histogram(scraped(fields), gauge=False)


def stored(fields: dict[str, Any], resolution: Resolution = ANY) -> Any:
    encoded = encode_histogram(scraped(fields), gauge=False, resolution=resolution)
    message = StoredHistogram.FromString(encoded.message)
    assert encoded.buckets == len([*message.negative_deltas, *message.positive_deltas, *message.negative_counts, *message.positive_counts])
    return message


def test_histograms_are_made_as_coarse_as_is_asked_for() -> None:
    # Buckets -2, -1 and 3 of the positive side (1, 2 and 3 observations), 0 of the negative one.
    once = stored(INTEGERS, Resolution(schema_max=2))
    assert (once.schema, list(once.positive_spans), list(once.positive_deltas)) == (2, spans((-1, 2), (1, 1)), [1, 1, 1])
    assert (list(once.negative_spans), list(once.negative_deltas), once.count_int, once.zero_count_int) == (spans((0, 1)), [1], 9, 2)
    few = stored(INTEGERS, Resolution(buckets_max=3))
    assert (few.schema, list(few.positive_spans), list(few.positive_deltas)) == (1, spans((0, 2)), [3, 0])
    floats = stored(FLOATS | {"schema": 1, "positive_span": spans((1, 2))}, Resolution(schema_max=0))
    assert (floats.schema, list(floats.positive_spans), list(floats.positive_counts)) == (0, spans((1, 1)), [3.0])
    assert stored(INTEGERS, Resolution(3, 4)) == stored(INTEGERS)


def test_schemas_that_are_reserved_become_the_finest_one() -> None:
    reserved = stored(INTEGERS | {"schema": 52, "positive_span": spans((-2, 2), (2**30, 1))})
    assert (reserved.schema, list(reserved.positive_spans), list(reserved.positive_deltas)) == (8, spans((0, 2)), [3, 0])


def test_what_has_no_place_when_made_coarser_is_refused() -> None:
    gap = 2**31 - 1
    apart = INTEGERS | {"positive_span": spans((-2, 2), (gap, 0), (gap, 0), (gap, 1))}
    with pytest.raises(MalformedBody, match="cannot be made coarser"):
        stored(apart, Resolution(schema_max=2))
    # Each count has a place, but not their sum.
    large = {"sample_count": 2**64 - 2, "schema": 3, "positive_span": spans((1, 2)), "positive_delta": [2**63 - 1, 0]}
    assert stored(large).count_int == 2**64 - 2
    with pytest.raises(MalformedBody, match="cannot be made coarser"):
        stored(large, Resolution(schema_max=2))


def test_observations_that_are_not_numbers_are_in_no_bucket() -> None:
    encode_histogram(scraped(INTEGERS | {"sample_count": 11, "sample_sum": math.nan}), gauge=False)


@pytest.mark.parametrize(
    ("fields", "native"),
    [
        ({}, False),
        ({"bucket": [{"upper_bound": 1}]}, False),
        ({"zero_threshold": 0.1}, True),
        ({"positive_span": [b""]}, True),
        ({"zero_count": 1}, True),
    ],
)
def test_a_histogram_is_native_by_what_classic_ones_lack(fields: dict[str, Any], native: bool) -> None:
    assert is_native(scraped(fields)) is native

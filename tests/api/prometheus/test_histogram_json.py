"""Histograms are written with populated buckets in order, and a rule for each."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from lgtm.api.prometheus.histogram_json import histogram_json
from lgtm.promql.histogram import CUSTOM_SCHEMA, Buckets, Histogram


def told(histogram: Histogram) -> Any:
    return json.loads(histogram_json(histogram))


def test_buckets_go_from_negative_over_zero_to_positive() -> None:
    histogram = Histogram(
        schema=0,
        count=12.0,
        sum=-1.5,
        zero_count=2.0,
        zero_threshold=0.25,
        positive=Buckets.of({0: 3.0, 1: 0.0, 2: 1.0}),
        negative=Buckets.of({1: 4.0, 2: 2.0}),
    )
    assert told(histogram) == {
        "count": "12",
        "sum": "-1.5",
        "buckets": [
            [1, "-4", "-2", "2"],
            [1, "-2", "-1", "4"],
            [3, "-0.25", "0.25", "2"],
            [0, "0.5", "1", "3"],
            [0, "2", "4", "1"],
        ],
    }


def test_the_first_custom_bucket_is_closed_on_both_sides_and_the_last_one_has_no_end() -> None:
    histogram = Histogram(CUSTOM_SCHEMA, count=6.0, sum=1.0, positive=Buckets.of({0: 1.0, 1: 2.0, 2: 3.0}), bounds=(5.0, 10.0))
    assert told(histogram)["buckets"] == [[3, "-Inf", "5", "1"], [0, "5", "10", "2"], [0, "10", "+Inf", "3"]]


@pytest.mark.parametrize("zero_count", [0.0, -1.0, math.nan])
def test_without_populated_buckets_there_is_no_list(zero_count: float) -> None:
    assert told(Histogram(count=0.0, sum=math.nan, zero_count=zero_count, zero_threshold=1.0)) == {"count": "0", "sum": "NaN"}

"""Histograms that contradict themselves are told in Prometheus' words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lgtm.distributor.histogram_rules import faults, faults_of
from lgtm.wire.histogram_columns import BucketArrays, HistogramArrays
from wire.write_messages import histogram


def side(counts: list[float]) -> BucketArrays:
    return BucketArrays(np.array([0, len(counts)]), np.arange(len(counts)), np.array(counts, float))


def one(**fields: Any) -> HistogramArrays:
    told: dict[str, Any] = {
        "schema": 0,
        "count": 3.0,
        "sum": 5.0,
        "zero": 0.0,
        "threshold": 0.0,
        "positive": [1.0, 2.0],
        "negative": [],
        "bounds": [],
        "floats": False,
    } | fields
    return HistogramArrays(
        np.array([told["schema"]], np.int32),
        np.array([told["count"]]),
        np.array([told["sum"]]),
        np.array([told["zero"]]),
        np.array([told["threshold"]]),
        np.zeros(1, np.int32),
        side(told["positive"]),
        side(told["negative"]),
        np.array([0, len(told["bounds"])]),
        np.array(told["bounds"], float),
        np.array([told["floats"]]),
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"schema": 99}, "histogram has an invalid schema"),
        ({"schema": -5}, "got schema -5"),
        ({"count": -1.0}, "observation count is  -1: histogram's observation count is negative"),
        ({"zero": -1.0}, "zero bucket count is -1"),
        ({"positive": [1.0, -2.0]}, "positive side: bucket number 2 has observation count of -2"),
        ({"negative": [-1.0]}, "negative side: bucket number 1"),
        ({"count": 4.0}, "3 observations found in buckets, but the Count field is 4: histogram's observation count should equal"),
        ({"count": 2.0, "sum": math.nan}, "should be at least the number of observations"),
        ({"schema": -53, "bounds": [2.0, 1.0]}, "custom buckets: previous bound is 2.000000 and current is 1.000000"),
        ({"schema": -53, "bounds": [1.0, math.inf]}, "must be finite"),
        ({"schema": -53, "zero": 1.0, "count": 4.0}, "custom buckets: must have zero count of 0"),
        ({"schema": -53, "threshold": 0.5}, "custom buckets: must have zero threshold of 0"),
        ({"schema": -53, "negative": [0.0]}, "must not have negative buckets"),
        ({"bounds": [1.0]}, "histogram with exponential schema must not have custom bounds"),
        ({"threshold": -1.0}, "zero threshold is -1: histogram's zero threshold must not be negative"),
        ({"threshold": math.nan}, "zero threshold is nan"),
    ],
)
def test_what_makes_no_sense_is_told(fields: dict[str, Any], text: str) -> None:
    assert text in faults(one(**fields))[0]


@pytest.mark.parametrize(
    "fields", [{}, {"schema": 20}, {"count": 9.0, "sum": math.nan}, {"schema": -53, "bounds": [1.0, 2.0]}, {"zero": 1.0, "count": 4.0}]
)
def test_what_makes_sense_is_not(fields: dict[str, Any]) -> None:
    assert faults(one(**fields)) == {}


def test_faults_of_spans_and_of_counts_are_found_beside_each_other() -> None:
    good = {"count_int": 3, "sum": 4.0, "positive_spans": [(0, 2)], "positive_deltas": [1, 1]}
    lacking, wrong = {**good, "positive_spans": [(0, 3)]}, {**good, "count_int": 1}
    found = faults_of(pa.array([histogram(fields).SerializeToString() for fields in (good, lacking, good, wrong)], pa.binary()))
    assert sorted(found) == [1, 3]
    assert "different number of buckets" in found[1]
    assert "should equal the number of observations" in found[3]


def test_custom_buckets_reach_no_further_than_their_bounds() -> None:
    good = {"count_int": 2, "schema": -53, "positive_spans": [(0, 2)], "positive_deltas": [1, 0], "custom_values": [1.0]}
    bare = {**good, "custom_values": [], "positive_spans": [(0, 1)], "positive_deltas": [2]}
    few, before = {**good, "custom_values": []}, {**good, "positive_spans": [(-1, 2)]}
    messages = [histogram(fields).SerializeToString() for fields in (good, few, before, bare)]
    assert faults_of(pa.array(messages, pa.binary())) == {
        1: "custom buckets: only 0 custom bounds defined which is insufficient to cover total span length of 2: histogram custom bounds are too few",
        2: "custom buckets: span number 1 with offset -1: histogram has a span whose offset is negative",
    }


def test_counts_that_are_floats_need_not_add_up() -> None:
    assert faults(one(count=10.0, floats=True)) == {}
    assert "negative" in faults(one(count=-1.0, floats=True))[0]

from __future__ import annotations

import math

import pytest

from lgtm.promql.times import Times
from promql.memory import Memory

NATIVE = "h {{schema:0 count:4 sum:5 buckets:[1 2 1]}}"
CLASSIC = 'c_bucket{le="1"} 1\nc_bucket{le="2"} 3\nc_bucket{le="4"} 4\nc_bucket{le="+Inf"} 4'


def answer(text: str, query: str) -> list[float]:
    return [value for _, floats, _ in Memory.of(text).query(query, Times(0, 0)).series() for value in floats.values.tolist()]


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("histogram_count(h)", 4.0),
        ("histogram_sum(h)", 5.0),
        ("histogram_avg(h)", 1.25),
        ("histogram_quantile(0.5, h)", math.sqrt(2)),
        ("histogram_fraction(1, 2, h)", 0.5),
    ],
)
def test_native_histograms(query: str, value: float) -> None:
    assert answer(NATIVE, query) == [pytest.approx(value)]


@pytest.mark.parametrize(("query", "value"), [("histogram_quantile(0.5, c_bucket)", 1.5), ("histogram_fraction(1, 2, c_bucket)", 0.5)])
def test_classic_histograms(query: str, value: float) -> None:
    assert answer(CLASSIC, query) == [value]


def test_floats_have_no_count_and_are_passed_over() -> None:
    assert answer("x 1", "histogram_count(x)") == []


def test_several_quantiles_are_told_apart_by_a_label() -> None:
    result = Memory.of(CLASSIC).query('histogram_quantiles(c_bucket, "q", 0.5, 1)', Times(0, 0))
    assert [(labels, floats.values.tolist()) for labels, floats, _ in result.series()] == [((("q", "0.5"),), [1.5]), ((("q", "1.0"),), [4.0])]


def test_buckets_without_a_number_are_warned_of_and_left_out() -> None:
    result = Memory.of(f'{CLASSIC}\nc_bucket{{le="many"}} 9\nc_bucket 9').query("histogram_quantile(0.5, c_bucket)", Times(0, 0))
    assert [floats.values.tolist() for _, floats, _ in result.series()] == [[1.5]]
    assert result.warnings == [
        f'PromQL warning: bucket label "le" is missing or has a malformed value of "{value}" for metric name "c_bucket" (1:25)'
        for value in ("many", "")
    ]


def test_native_and_classic_histograms_of_the_same_labels_hide_each_other_where_they_meet() -> None:
    memory = Memory.of('m{le="1"} 1 1\nm{le="+Inf"} 2 2\nm _ {{count:1 buckets:[1]}}')
    result = memory.query("histogram_quantile(0.5, m)", Times(0, 60_000, 60_000))
    assert [(floats.ts_ms.tolist(), floats.values.tolist()) for _, floats, _ in result.series()] == [([0], [1.0])]
    assert result.warnings == ['PromQL warning: vector contains a mix of classic and native histograms for metric name "m" (1:25)']


def test_counts_that_fall_are_raised_with_an_info_that_says_where() -> None:
    memory = Memory.of('m{le="1"} 2 2\nm{le="2"} 1 2\nm{le="+Inf"} 4 4')
    result = memory.query("histogram_quantile(0.5, m)", Times(0, 60_000, 60_000))
    assert result.infos == [
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity "
        '(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "m", '
        "from buckets 2 to 2, with a max diff of 1, over 1 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z (1:25)"
    ]

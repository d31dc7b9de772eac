"""Instruments count what they are told, in the series that Prometheus expects of them."""

from __future__ import annotations

import numpy as np

from lgtm.spanmetrics.instruments import Counter, Gauge, Histogram, Instrument, enlarged
from spanmetrics.given import numbers_of

A, B = (("x", "a"),), (("x", "b"),)


def numbers(instrument: Instrument, ts_ns: int = 100) -> dict[str, float]:
    return numbers_of(instrument.collect([A, B, None], 100, 60), ts_ns)


def test_a_counter_adds_up_and_shows_only_what_was_counted() -> None:
    counter = Counter("c")
    counter.grow(3)
    counter.add(np.array([1, 1]), np.array([2.0, 3.0]))
    assert numbers(counter) == {'c{x="b"}': 5.0}
    counter.add(np.array([0]), np.array([1]))
    assert numbers(counter) == {'c{x="a"}': 1.0, 'c{x="b"}': 5.0}


def test_only_new_series_begin_with_0_and_gauges_never() -> None:
    counter, gauge = Counter("c"), Gauge("g")
    counter.grow(3)
    gauge.grow(3)
    counter.add(np.array([0]), np.array([1]))
    gauge.show(np.array([0]))
    assert (numbers(counter, 60), numbers(gauge, 60)) == ({'c{x="a"}': 0.0}, {})
    counter.add(np.array([1]), np.array([1]))
    assert numbers(counter, 60) == {'c{x="b"}': 0.0}
    assert numbers(gauge) == {'g{x="a"}': 1.0}


def test_a_histogram_has_cumulative_buckets_a_sum_and_a_count() -> None:
    histogram = Histogram("h", [1.0, 2.0])
    histogram.grow(3)
    ids = np.arange(48, dtype=np.uint8).reshape(3, 16)
    histogram.observe(np.array([0]), np.zeros(3, np.int64), np.array([1.0, 1.5, 9.0]), ids, np.array([1.0, 2.0, 1.0]))
    samples = histogram.collect([A, B, None], 100, 60)
    assert numbers_of(samples, 100) == {
        'h_bucket{le="1",x="a"}': 1,
        'h_bucket{le="2",x="a"}': 3,
        'h_bucket{le="+Inf",x="a"}': 4,
        'h_sum{x="a"}': 13,
        'h_count{x="a"}': 4,
    }
    assert [(dict(samples.series[e.series].labels or ())["le"], e.value) for e in samples.exemplars] == [("1", 1.0), ("2", 1.5), ("+Inf", 9.0)]
    assert not histogram.collect([A, B, None], 101, 60).exemplars


def test_groups_may_share_a_slot() -> None:
    histogram = Histogram("h", [1.0])
    histogram.grow(3)
    histogram.observe(np.array([1, 1]), np.array([0, 1]), np.array([0.5, 0.25]), np.zeros((2, 16), np.uint8))
    assert numbers(histogram)['h_sum{x="b"}'] == 0.75


def test_cleared_slots_begin_again() -> None:
    histogram = Histogram("h", [1.0])
    histogram.grow(3)
    histogram.observe(np.array([0]), np.array([0]), np.array([0.5]), np.zeros((1, 16), np.uint8))
    histogram.clear(np.array([0]))
    assert len(histogram.collect([A, B, None], 100, 60)) == 0
    histogram.observe(np.array([0]), np.array([0]), np.array([2.0]), np.zeros((1, 16), np.uint8))
    assert numbers(histogram)['h_sum{x="a"}'] == 2.0


def test_what_grows_keeps_its_numbers() -> None:
    counter = Counter("c")
    counter.grow(1)
    counter.add(np.array([0]), np.array([4]))
    counter.grow(3)
    assert numbers(counter) == {'c{x="a"}': 4.0}
    assert enlarged(np.ones((1, 2)), 2).tolist() == [[1, 1], [0, 0]]

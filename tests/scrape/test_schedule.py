"""Targets have a grid of times of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.scrape.schedule import after_ns, next_ns, timestamp_ns

MS = 1_000_000
NOW_NS = 1_700_000_000 * NS_PER_S


@given(st.integers(0, 2**64 - 1), st.integers(1, 3_600), st.integers(0, 2**64 - 1), st.integers(0, 2**62))
def test_the_next_time_is_at_most_an_interval_away_and_on_the_grid(hash_: int, interval_s: int, seed: int, now_ns: int) -> None:
    interval_ns = interval_s * NS_PER_S
    first = next_ns(hash_, interval_ns, seed, now_ns)
    assert now_ns < first <= now_ns + interval_ns
    assert next_ns(hash_, interval_ns, seed, first) == first + interval_ns
    assert next_ns(hash_, interval_ns, seed, first - 1) == first
    assert first % MS == 0


def test_targets_spread_over_the_interval() -> None:
    times = {next_ns(hash_ * 0x9E3779B97F4A7C15 % 2**64, 10 * NS_PER_S, 7, NOW_NS) - NOW_NS for hash_ in range(100)}
    assert len(times) > 90
    assert min(times) < NS_PER_S < 9 * NS_PER_S < max(times)


@pytest.mark.parametrize(
    ("late_ns", "interval_s", "ts_ns"),
    [(0, 60, 0), (2 * MS, 60, 0), (-2 * MS, 60, 0), (3 * MS, 60, 3 * MS), (3_500_000, 60, 3 * MS), (2 * MS, 0.1, 2 * MS), (MS, 0.1, 0)],
)
def test_a_scrape_that_is_hardly_late_has_the_time_that_was_planned(late_ns: int, interval_s: float, ts_ns: int) -> None:
    assert timestamp_ns(NOW_NS, NOW_NS + late_ns, int(interval_s * NS_PER_S)) == NOW_NS + ts_ns


def test_a_timer_that_was_early_does_not_scrape_twice() -> None:
    assert after_ns(NOW_NS, NOW_NS - 5, NS_PER_S) == NOW_NS
    assert after_ns(NOW_NS, NOW_NS + 5, NS_PER_S) == NOW_NS + 5
    assert after_ns(NOW_NS, NOW_NS - 2 * NS_PER_S, NS_PER_S) == NOW_NS - 2 * NS_PER_S

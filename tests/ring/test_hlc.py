"""Versions of a hybrid clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.hlc import HybridClock, version_at, wall_ns

MS = 1_000_000
times = st.integers(0, 2_000_000_000_000 * MS)


@given(st.lists(times, max_size=50))
def test_versions_rise_whatever_the_wall_clock_does(moments: list[int]) -> None:
    clock = HybridClock()
    versions = [clock.next(now_ns) for now_ns in moments]
    assert versions == sorted(set(versions))


@given(times, times)
def test_a_version_is_above_every_one_that_was_seen(seen_ns: int, now_ns: int) -> None:
    clock = HybridClock()
    clock.observe(version_at(seen_ns) + 7)
    assert clock.next(now_ns) > version_at(seen_ns) + 7


@given(times)
def test_a_version_tells_when_it_was_given_out(now_ns: int) -> None:
    assert wall_ns(HybridClock().next(now_ns)) <= max(now_ns, MS)
    assert now_ns - wall_ns(version_at(now_ns)) < MS

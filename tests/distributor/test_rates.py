from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.distributor.rates import TokenBucket


def test_a_bucket_starts_full_and_refills_at_its_rate() -> None:
    bucket = TokenBucket(10, 30, 0)
    assert bucket.allow(30, 0)
    assert not bucket.allow(1, 0)
    assert bucket.allow(10, NS_PER_S)
    assert not bucket.allow(1, NS_PER_S)


def test_what_is_not_allowed_takes_nothing() -> None:
    bucket = TokenBucket(10, 30, 0)
    assert not bucket.allow(31, 0)
    assert bucket.allow(30, 0)


def test_a_bucket_tells_how_long_to_wait_and_when_waiting_is_in_vain() -> None:
    bucket = TokenBucket(10, 30, 0)
    bucket.allow(30, 0)
    assert bucket.wait_s(20, 0) == 2.0
    assert bucket.allow(20, 2 * NS_PER_S)
    assert bucket.wait_s(31, 0) is None


def test_rate_0_allows_everything() -> None:
    assert TokenBucket(0, 0, 0).allow(10**18, 0)


@given(st.lists(st.tuples(st.integers(0, 5 * NS_PER_S), st.integers(0, 60)), max_size=50))
def test_never_more_than_burst_and_rate_together_are_allowed(requests: list[tuple[int, int]]) -> None:
    bucket, now_ns, allowed = TokenBucket(10, 30, 0), 0, [(0, 0)]
    for wait_ns, amount in requests:
        now_ns += wait_ns
        if bucket.allow(amount, now_ns):
            allowed.append((now_ns, allowed[-1][1] + amount))
    for start, (_, before) in enumerate(allowed[:-1]):
        for at_ns, total in allowed[start + 1 :]:
            assert total - before <= 30 + 10 * (at_ns - allowed[start + 1][0]) / NS_PER_S + 1e-6
    assert all(earlier <= later for (_, earlier), (_, later) in pairwise(allowed))

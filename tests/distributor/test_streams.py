from __future__ import annotations

from lgtm.clock import NS_PER_S
from lgtm.distributor.streams import ActiveStreams
from lgtm.model.limits import Limits

A, B, C = (bytes([number]) * 16 for number in range(3))


def streams(most: int = 2, tracked_max: int = 100) -> ActiveStreams:
    return ActiveStreams(Limits(max_global_streams_per_user=most), idle_s_max=10, tracked_max=tracked_max)


def test_only_new_streams_are_refused() -> None:
    active = streams()
    assert active.use(A, 0)
    assert active.use(B, 0)
    assert active.use(C, 0) is None
    assert active.use(A, 0)


def test_a_stream_that_fell_silent_makes_room() -> None:
    active = streams()
    active.use(A, 0)
    active.use(B, 5 * NS_PER_S)
    assert active.use(C, 9 * NS_PER_S) is None
    assert active.use(C, 10 * NS_PER_S)
    assert len(active) == 2


def test_use_keeps_a_stream_active() -> None:
    active = streams()
    for second in range(0, 100, 5):
        state = active.use(A, second * NS_PER_S)
        assert state is not None
        state.newest_ns = 7 if second == 0 else state.newest_ns
        assert state.newest_ns == 7


def test_a_stream_that_returns_late_has_no_memory() -> None:
    active = streams()
    state = active.use(A, 0)
    assert state is not None
    state.newest_ns = 7
    again = active.use(A, 10 * NS_PER_S)
    assert again is not None
    assert again.newest_ns < 0


def test_streams_without_a_limit_are_still_bounded() -> None:
    active = streams(most=0, tracked_max=2)
    assert all(active.use(stream, 0) for stream in (A, B, C))
    assert len(active) == 2


def test_a_stream_has_a_bucket_where_its_rate_is_limited() -> None:
    active = ActiveStreams(Limits(per_stream_rate_bytes=10, per_stream_burst_bytes=30), idle_s_max=10, tracked_max=10)
    state = active.use(A, 0)
    assert state is not None
    assert state.bucket is not None
    assert (state.bucket.rate, state.bucket.burst) == (10, 30)

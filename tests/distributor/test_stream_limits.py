from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.pushes import TENANT
from lgtm.clock import NS_PER_S
from lgtm.distributor.refusals import Reason, StreamLimitReached, StreamRateLimited, TooFarBehind
from lgtm.distributor.resolve import resolve
from lgtm.distributor.stream_limits import StreamJudgement, StreamRows, judge_streams
from lgtm.distributor.streams import ActiveStreams
from lgtm.model.limits import HOUR_NS, Limits

LIMITS = Limits(discover_service_name=())
STREAMS = tuple(resolve((("app", name),), LIMITS) for name in "abc")
NEWEST_NS = 1_795_172_460_000_000_000


class Pushes:
    """Judges one push after the other under the same limits."""

    def __init__(self, **limits: int) -> None:
        self.limits = dataclasses.replace(LIMITS, **limits)  # type: ignore[arg-type]  # limits that are numbers
        self.active = ActiveStreams(self.limits, idle_s_max=1_800, tracked_max=100)

    def judge(self, *entries: tuple[int, int], size: int = 1, now_ns: int = 0) -> StreamJudgement:
        """entries: (stream, ts)."""
        used, series = np.unique([stream for stream, _ in entries], return_inverse=True)
        ts = np.array([ts for _, ts in entries], np.int64)
        rows = StreamRows(tuple(STREAMS[at] for at in used), series.astype(np.uint32), ts, np.full(len(ts), size))
        return judge_streams(TENANT, rows, self.active, self.limits, now_ns)


def test_without_limits_everything_is_kept() -> None:
    judgement = Pushes().judge((0, 5), (1, 0), (0, 3))
    assert judgement.kept.all()
    assert judgement.error is None


def test_streams_beyond_the_limit_are_refused_and_known_ones_kept() -> None:
    pushes = Pushes(max_global_streams_per_user=2)
    judgement = pushes.judge((0, 1), (1, 1), (2, 1), (2, 2), (0, 2))
    assert judgement.kept.tolist() == [True, True, False, False, True]
    assert isinstance(judgement.error, StreamLimitReached)
    assert '{app="c"}' in str(judgement.error)
    assert [(r.reason, r.lines, r.bytes) for r in judgement.refusals] == [(Reason.STREAM_LIMIT, 2, 2)]


def test_a_stream_beyond_its_rate_is_refused_whole() -> None:
    pushes = Pushes(per_stream_rate_bytes=1024, per_stream_burst_bytes=2048)
    judgement = pushes.judge((0, NEWEST_NS), (1, 5), (0, NEWEST_NS + 1), size=1500)
    assert judgement.kept.tolist() == [False, True, False]
    assert isinstance(judgement.error, StreamRateLimited)
    inner = (
        "reason: 'Per stream rate limit exceeded (limit: 1KB/sec) while attempting to ingest for stream '{app=\"a\"}' totaling 3000B, consider "
        "splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased',\n"
    )
    assert str(judgement.error) == (
        f"entry with timestamp 2026-11-20 11:01:00 +0000 UTC ignored, {inner}"
        f"entry with timestamp 2026-11-20 11:01:00.000000001 +0000 UTC ignored, {inner}"
        "user 'fake', total ignored: 2 out of 2 for stream: {app=\"a\"}"
    )
    assert pushes.judge((1, 5), size=1500, now_ns=NS_PER_S).kept.all()


def test_an_entry_too_far_behind_is_refused_as_recorded() -> None:
    judgement = Pushes(max_behind_newest_ns=HOUR_NS).judge((0, NEWEST_NS), (0, NEWEST_NS - HOUR_NS), (0, NEWEST_NS - HOUR_NS - 1))
    assert judgement.kept.tolist() == [True, True, False]
    assert isinstance(judgement.error, TooFarBehind)
    assert str(judgement.error) == (
        "entry with timestamp 2026-11-20 10:00:59.999999999 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: "
        "2026-11-20T10:00:59Z, oldest acceptable timestamp is: 2026-11-20T10:01:00Z',\n"
        "user 'fake', total ignored: 1 out of 3 for stream: {app=\"a\"}"
    )


def test_ten_ignored_entries_are_named_and_all_are_counted() -> None:
    judgement = Pushes(max_behind_newest_ns=1).judge((0, 100), *[(0, number) for number in range(15)])
    text = str(judgement.error)
    assert text.count("entry with timestamp") == 10
    assert text.endswith('total ignored: 15 out of 16 for stream: {app="a"}')


def test_the_last_stream_that_fails_answers() -> None:
    judgement = Pushes(max_behind_newest_ns=1).judge((0, 100), (1, 100), (1, 5), (0, 5))
    assert judgement.kept.tolist() == [True, True, False, False]
    assert '{app="b"}' in str(judgement.error)
    assert len(judgement.refusals) == 2


TIMES = st.one_of(st.integers(0, 30), st.sampled_from([-(2**63), 2**63 - 1]))


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), TIMES), min_size=1, max_size=6), max_size=4), st.sampled_from([1, 5, 2**62]))
def test_each_entry_is_measured_against_the_newest_before_it(pushes: list[list[tuple[int, int]]], behind_max: int) -> None:
    judged = Pushes(max_behind_newest_ns=behind_max)
    newest: dict[int, int] = {}
    for push in pushes:
        expected = []
        for stream, ts in push:
            newest[stream] = max(newest.get(stream, ts), ts)
            expected.append(newest[stream] - ts <= behind_max)
        assert judged.judge(*push).kept.tolist() == expected


@pytest.mark.parametrize("limit", ["max_global_streams_per_user", "per_stream_rate_bytes", "max_behind_newest_ns"])
def test_a_limit_of_0_is_off(limit: str) -> None:
    assert Pushes(**{limit: 0}).judge((0, 2**62), (0, -(2**62)), (1, 0), (2, 0), size=2**30).kept.all()

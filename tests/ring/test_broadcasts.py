"""News is told a few times, the least told first."""

from __future__ import annotations

import pytest

from lgtm.ring.broadcasts import QUEUED_MAX, Broadcasts, transmissions
from lgtm.ring.messages import Suspect, UserMessage


@pytest.mark.parametrize(("members", "times"), [(1, 4), (9, 4), (10, 8), (99, 8), (100, 12)])
def test_how_often(members: int, times: int) -> None:
    assert transmissions(4, members) == times


def news(number: int) -> Suspect:
    return Suspect(number, "a", "b")


def test_each_is_told_as_often_as_it_should_be_and_newer_news_replaces_older() -> None:
    queue = Broadcasts(lambda _: 10)
    queue.put("a", news(1))
    queue.put("a", news(2))
    assert [queue.take(100, 2) for _ in range(3)] == [[news(2)], [news(2)], []]


def test_the_least_told_goes_first_and_what_does_not_fit_waits() -> None:
    queue = Broadcasts(lambda message: message.incarnation if isinstance(message, Suspect) else 0)
    queue.put("a", news(60))
    queue.take(100, 5)
    queue.put("b", news(50))
    assert queue.take(100, 5) == [news(50)]
    assert queue.take(100, 5) == [news(60)]


def test_a_message_larger_than_a_packet_goes_alone() -> None:
    queue = Broadcasts(lambda _: 5_000)
    queue.put("a", UserMessage(b"x" * 5_000))
    assert len(queue.take(1_400, 5)) == 1


def test_a_full_queue_drops_what_was_told_most() -> None:
    queue = Broadcasts(lambda _: 1)
    queue.put("told", news(0))
    queue.take(100, 5)
    for number in range(QUEUED_MAX):
        queue.put(str(number), news(number))
    assert len(queue) == QUEUED_MAX
    assert news(0) in [*queue.take(10**6, 5)]
    assert len(queue) == QUEUED_MAX

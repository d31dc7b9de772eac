"""When a node is called."""

from __future__ import annotations

import pytest

from lgtm.clock import NS_PER_S
from lgtm.peer.breaker import SILENT_MAX, Breaker


@pytest.mark.parametrize("unreachable", [True, False])
def test_a_node_that_cannot_be_reached_or_is_silent_again_and_again_is_left_alone(unreachable: bool) -> None:
    breaker = Breaker()
    for _ in range(1 if unreachable else SILENT_MAX):
        assert breaker.allow(0)
        breaker.failed(0, unreachable=unreachable)
    assert breaker.is_open
    assert not breaker.allow(NS_PER_S - 1)


def test_each_second_one_call_may_try() -> None:
    breaker = Breaker()
    breaker.failed(0, unreachable=True)
    assert [breaker.allow(at * NS_PER_S // 4) for at in range(9)] == [False, False, False, False, True, False, False, False, True]
    breaker.succeeded()
    assert breaker.allow(0)
    assert not breaker.is_open


def test_asking_whether_it_would_allow_takes_nothing() -> None:
    breaker = Breaker()
    breaker.failed(0, unreachable=True)
    assert not breaker.would_allow(NS_PER_S - 1)
    assert breaker.would_allow(NS_PER_S)
    assert breaker.would_allow(NS_PER_S)
    assert breaker.allow(NS_PER_S)
    assert not breaker.would_allow(NS_PER_S)


def test_an_answer_between_silences_counts() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0, unreachable=False)
        breaker.succeeded()
    assert not breaker.is_open

"""How long a suspicion lasts: the table of the Lifeguard paper's timer with multiplier 4 and probes each second."""

from __future__ import annotations

import pytest

from lgtm.clock import NS_PER_S
from lgtm.ring.suspicion import Suspicion


@pytest.mark.parametrize(
    ("members", "seconds"), [(2, (4, 4, 4)), (3, (4, 4, 4)), (4, (24, 11.4, 4)), (10, (24, 11.4, 4)), (30, (35.5, 16.8, 5.9)), (100, (48, 22.8, 8))]
)
def test_it_is_shorter_the_more_agree(members: int, seconds: tuple[float, ...]) -> None:
    one = Suspicion("a", members, multiplier=4, interval_ns=NS_PER_S, now_ns=0)
    found = [one.deadline_ns / NS_PER_S]
    for accuser in "bc":
        one.confirm(accuser)
        found.append(one.deadline_ns / NS_PER_S)
    assert found == pytest.approx(seconds, abs=0.1)


def test_only_the_first_word_of_each_accuser_counts() -> None:
    one = Suspicion("a", 10, multiplier=4, interval_ns=NS_PER_S, now_ns=0)
    assert [one.confirm(accuser) for accuser in "abbcd"] == [False, True, False, True, False]


def test_who_slept_begins_anew() -> None:
    one = Suspicion("a", 3, multiplier=4, interval_ns=NS_PER_S, now_ns=0)
    one.restart(100 * NS_PER_S)
    assert one.deadline_ns == 104 * NS_PER_S

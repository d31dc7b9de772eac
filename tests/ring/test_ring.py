"""The ring as one member sees it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.instances import Instance, InstanceState, MalformedEntry
from lgtm.ring.kv import KeyValue
from lgtm.ring.ring import CODEC, KEY, TOMBSTONE_NS, Ring, UnknownInstance
from lgtm.ring.tokens import tokens_of

NOW = 1_700_000_000 * 10**9
SECOND = 10**9


def ring(name: str, now_ns: int = NOW) -> Ring:
    return Ring(Instance(name, 0, InstanceState.ACTIVE, rpc=f"{name}:1", tokens=tokens_of(name), registered_ns=now_ns), now_ns)


def tell(source: Ring, target: Ring, now_ns: int = NOW) -> None:
    for _, message in source.take_outbox():
        target.receive(message, now_ns)


@given(st.integers(0, 2**32))
def test_members_that_gossip_in_any_order_end_with_one_view(seed: int) -> None:
    rng = random.Random(seed)
    members = [ring(name) for name in "abcd"]
    for step in range(60):
        one, other = rng.sample(members, 2)
        now_ns = NOW + step * SECOND + rng.randint(-5, 5) * SECOND
        match rng.randrange(4):
            case 0:
                one.update(replace(one.me, single_copy_rows=rng.randrange(3)), now_ns)
            case 1:
                one.forget(other.me.id, now_ns) if other.me.id in {each.id for each in one.instances()} else None
            case 2:
                other.receive_state(one.state(), now_ns)
            case _:
                messages = one.take_outbox()
                rng.shuffle(messages)
                for _, message in messages:
                    other.receive(message, now_ns)
    for _ in range(3):
        for one in members:
            for other in members:
                other.receive_state(one.state(), NOW + 100 * SECOND)
    assert all(one.entries == members[0].entries for one in members)
    assert [each.id for each in members[0].instances()] == list("abcd"), "whoever lives registers anew"


def test_what_is_new_is_passed_on_and_what_is_known_dies_out() -> None:
    a, b, c = ring("a"), ring("b"), ring("c")
    tell(a, b)
    tell(b, c)
    assert {each.id for each in c.instances()} == {"a", "b", "c"}
    news = [message for _, message in c.take_outbox()]
    for message in news:
        c.receive(message, NOW)
    assert c.take_outbox() == []


def test_a_forgotten_instance_gets_no_writes_and_comes_back_when_it_lives() -> None:
    a, b = ring("a"), ring("b")
    tell(b, a)
    a.forget("b", NOW)
    assert [each.id for each in a.view.preference(1)] == ["a"]
    with pytest.raises(UnknownInstance):
        a.forget("b", NOW)
    tell(a, b)
    tell(b, a)
    assert {each.id for each in a.view.preference(1)} == {"a", "b"}


def test_an_entry_from_an_earlier_life_does_not_silence_this_one() -> None:
    earlier = ring("a", NOW + 30 * SECOND)  # the clock was set back since
    other = ring("b")
    tell(earlier, other)
    now = ring("a", NOW)
    now.receive_state(other.state(), NOW)
    tell(now, other)
    assert other.entries["a"] == now.me


def test_an_entry_of_the_future_is_refused_and_counted() -> None:
    a, ahead = ring("a"), ring("b", NOW + 3_600 * SECOND)
    tell(ahead, a)
    assert list(a.entries) == ["a"]
    assert a.refused_future == 1


def test_who_is_refused_and_not_known_is_a_stranger_until_its_clock_is_right() -> None:
    a, ahead = ring("a"), ring("b", NOW + 3_600 * SECOND)
    tell(ahead, a)
    assert list(a.strangers) == ["b"]
    ahead.update(ahead.me, NOW + SECOND)
    tell(ahead, a, NOW + SECOND)
    assert a.strangers == {}
    assert a.entries["b"] == ahead.me


def test_a_clock_that_was_an_hour_ahead_is_believed_as_soon_as_it_is_right() -> None:
    a, b = ring("a"), ring("b")
    tell(b, a)
    b.update(b.me, NOW + 3_600 * SECOND)
    tell(b, a, NOW + SECOND)
    b.update(replace(b.me, single_copy_rows=7), NOW + 120 * SECOND)
    tell(b, a, NOW + 120 * SECOND)
    assert a.entries["b"].single_copy_rows == 7


def test_what_was_taken_while_two_clocks_were_wrong_does_not_hide_what_is_said_now() -> None:
    a, b = ring("a"), ring("b")
    b.update(b.me, NOW + 3_600 * SECOND)
    tell(b, a, NOW + 3_600 * SECOND)
    b.update(replace(b.me, single_copy_rows=7), NOW + 2 * SECOND)
    tell(b, a, NOW + 2 * SECOND)
    assert a.entries["b"].single_copy_rows == 7


def test_two_instances_with_one_identity_are_reported() -> None:
    met: list[Instance] = []
    mine = Ring(Instance("a", 0, rpc="here:1", registered_ns=5), NOW, met.append)
    other = Ring(Instance("a", 0, rpc="there:1", registered_ns=6), NOW + SECOND)
    tell(other, mine)
    assert [each.rpc for each in met] == ["there:1"]
    assert mine.me.rpc == "here:1"


def test_tombstones_are_dropped_in_the_end() -> None:
    a, b = ring("a"), ring("b")
    tell(b, a)
    a.forget("b", NOW)
    a.update(a.me, NOW + TOMBSTONE_NS + SECOND)
    assert list(a.entries) == ["a"]


def test_other_keys_on_the_same_gossip_are_left_alone() -> None:
    a = ring("a")
    a.receive(KeyValue("collectors/other", b"?", CODEC).to_bytes(), NOW)
    a.receive(KeyValue(KEY, b"?", "proto").to_bytes(), NOW)
    with pytest.raises(MalformedEntry):
        a.receive(KeyValue(KEY, b"?", CODEC).to_bytes(), NOW)

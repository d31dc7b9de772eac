"""Preference lists: who is asked for a key, in which order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.instances import Instance, InstanceState
from lgtm.ring.owners import RingView, key_of, spread
from lgtm.ring.tokens import tokens_of

RNG = random.Random(1)
KEYS = [RNG.randrange(2**32) for _ in range(3_000)]


def instance(name: str, *, zone: str = "", state: InstanceState = InstanceState.ACTIVE) -> Instance:
    return Instance(name, 1, state, zone=zone, tokens=tokens_of(name))


def ring(names: str) -> RingView:
    return RingView([instance(name) for name in names])


def ids(found: Sequence[Instance]) -> str:
    return "".join(each.id for each in found)


def test_everybody_who_takes_writes_is_in_every_list_once() -> None:
    view = ring("abcde")
    assert all(sorted(ids(view.preference(key))) == list("abcde") for key in KEYS)


def test_only_active_instances_are_asked() -> None:
    states = dict(zip("abcd", InstanceState, strict=True))
    view = RingView([instance(name, state=state) for name, state in states.items()])
    assert {ids(view.preference(key)) for key in KEYS} == {name for name, state in states.items() if state is InstanceState.ACTIVE}
    assert RingView([]).preference(5) == ()


@pytest.mark.parametrize("names", ["ab", "abc", "abcde"])
def test_a_newcomer_takes_its_share_of_keys_and_changes_no_order_among_the_others(names: str) -> None:
    before, after = ring(names), ring(names + "z")
    moved = 0
    for key in KEYS:
        assert ids(before.preference(key)) == ids(after.preference(key)).replace("z", "")
        moved += before.preference(key)[0] != after.preference(key)[0]
    assert moved / len(KEYS) == pytest.approx(1 / (len(names) + 1), rel=0.35)


@given(st.integers(0, 2**32 - 1))
def test_the_list_is_the_walk_from_the_first_token_above_the_key(key: int) -> None:
    instances = [instance(name) for name in "abc"]
    walk = sorted((token <= key, token, each.id) for each in instances for token in each.tokens)
    assert ids(RingView(instances).preference(key)) == "".join(dict.fromkeys(name for _, _, name in walk))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(1, 3), st.booleans()), max_size=3), max_size=4))
def test_a_view_that_knows_the_one_before_says_the_same(rings: list[dict[str, tuple[int, bool]]]) -> None:
    """By name: the version, and whether the tokens are other ones."""
    view = None
    for each in rings:
        instances = [
            Instance(name, version, InstanceState.ACTIVE, tokens=tokens_of(name + "!" * moved)) for name, (version, moved) in each.items()
        ]  # fmt: skip
        view, alone = RingView(instances, view), RingView(instances)
        assert [view.preference(key) for key in KEYS[:20]] == [alone.preference(key) for key in KEYS[:20]]
        assert view.shares() == alone.shares()


def test_a_zone_is_asked_again_only_when_all_zones_were() -> None:
    view = RingView([instance(name, zone=zone) for name, zone in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "y"))])
    for key in KEYS:
        first, second, third, fourth = view.preference(key)
        assert first.zone != second.zone
        assert third.zone != fourth.zone


def test_without_zones_the_walk_stays_as_it_is() -> None:
    walked = [instance(name) for name in "cab"]
    assert ids(spread(walked)) == "cab"


def test_two_claims_of_one_token_end_the_same_everywhere() -> None:
    one, two = Instance("a", 1, InstanceState.ACTIVE, tokens=(5,)), Instance("b", 1, InstanceState.ACTIVE, tokens=(5,))
    assert ids(RingView([one, two]).preference(4)) == ids(RingView([two, one]).preference(4)) == "ab"


def test_shares_tell_how_keys_are_spread() -> None:
    view = ring("abc")
    shares = view.shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert RingView([Instance("a", 1, InstanceState.ACTIVE, tokens=(7,))]).shares() == {"a": 1.0}
    for name, share in shares.items():
        assert sum(view.preference(key)[0].id == name for key in KEYS) / len(KEYS) == pytest.approx(share, abs=0.03)


def test_a_key_is_the_beginning_of_an_evenly_spread_identity() -> None:
    assert key_of(bytes.fromhex("0000000a") + b"rest") == 10

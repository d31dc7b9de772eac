"""Members find each other, notice who is gone, and bury nobody who lives."""

from __future__ import annotations

import random

import pytest

from lgtm.clock import NS_PER_S
from lgtm.ring.config import RingConfig
from lgtm.ring.events import Conflict, Datagram, Died, Left, Recovered
from lgtm.ring.membership import Membership, MergeRefused
from lgtm.ring.messages import Ack, Address, Alive, Dead, NodeState, Ping, PushPull, State, Suspect
from ring.gossip_world import World

NAMES = "abcdefghij"


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_all_members_find_each_other(count: int) -> None:
    world = World(1, NAMES[:count])
    world.run(10)
    assert all(len(view) == count and {state for state, _ in view.values()} == {State.ALIVE} for view in world.views())


@pytest.mark.parametrize(("count", "seconds"), [(2, 7), (3, 8), (5, 30)])
def test_a_member_that_stops_is_declared_dead_in_time(count: int, seconds: float) -> None:
    world = World(2, NAMES[:count])
    world.run(10)
    world.nodes["a"].is_up = False
    world.run(seconds)
    for name in NAMES[1:count]:
        assert world.state(name, "a") is State.DEAD
        assert any(isinstance(change, Died) for _, change in world.nodes[name].changes)


@pytest.mark.parametrize("seed", range(10))
def test_a_bad_network_buries_nobody(seed: int) -> None:
    world = World(seed, "abc", loss=0.2, delay_s=0.2, twice=0.1)
    world.run(120)
    assert not [change for node in world.nodes.values() for _, change in node.changes if isinstance(change, Died)]


def test_a_member_that_leaves_is_gone_at_once() -> None:
    world = World(3, "abc")
    world.run(10)
    world.nodes["a"].membership.leave(world.now_ns)
    world.run(2)
    world.nodes["a"].is_up = False
    assert [world.state(name, "a") for name in "bc"] == [State.LEFT, State.LEFT]
    assert any(isinstance(change, Left) for _, change in world.nodes["b"].changes)


def test_two_sides_of_a_partition_find_each_other_again() -> None:
    world = World(4, "abcd")
    world.run(10)
    world.partition("ab", "cd")
    world.run(60)
    assert world.state("a", "c") in (State.DEAD, None)
    world.cut.clear()
    world.run(30)
    assert all(len(view) == 4 for view in world.views())


def test_one_that_cannot_hear_is_dead_until_it_can() -> None:
    world = World(5, "abc")
    world.run(10)
    world.cut |= {("b", "a"), ("c", "a")}
    world.run(40)
    world.cut.clear()
    world.run(40)
    assert all(len(view) == 3 for view in world.views())


def test_a_member_that_was_stopped_for_minutes_wakes_up_and_accuses_nobody() -> None:
    world = World(6, "abc")
    world.run(10)
    world.nodes["a"].is_paused = True
    world.run(300)
    assert world.state("b", "a") in (State.DEAD, None)
    world.nodes["a"].is_paused = False
    world.run(30)
    assert all(len(view) == 3 for view in world.views())
    assert not [change for _, change in world.nodes["a"].changes if isinstance(change, Died)]


def test_a_restart_under_a_new_address_is_taken_once_the_old_one_is_dead_for_long_enough() -> None:
    world = World(7, "abc", config=RingConfig(cluster="sim", reclaim_s=3))
    world.run(10)
    world.start("a")
    world.run(60)
    assert all(len(view) == 3 for view in world.views())
    assert any(isinstance(change, Conflict) for _, change in world.nodes["b"].changes), "until then it is told loudly"
    assert world.nodes["b"].membership.members["a"].address == world.nodes["a"].address


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_views_agree_once_it_is_quiet(seed: int) -> None:
    rng = random.Random(seed)
    world = World(seed, NAMES[: rng.randint(3, 5)], loss=rng.uniform(0, 0.3), delay_s=rng.uniform(0.01, 0.5), twice=rng.uniform(0, 0.3))
    incarnations: dict[tuple[str, str], int] = {}
    for _ in range(rng.randint(3, 8)):
        match rng.randrange(4):
            case 0:
                names = list(world.nodes)
                world.partition(rng.choice(names), rng.choice(names))
            case 1:
                node = rng.choice(list(world.nodes.values()))
                node.is_paused = not node.is_paused
            case 2:
                world.cut.clear()
            case _:
                world.loss = rng.uniform(0, 0.4)
        world.run(rng.uniform(1, 40))
        for viewer, node in world.nodes.items():
            assert node.membership.queued < 100
            for member in node.membership.members.values():
                before = incarnations.get((viewer, member.name), 0)
                assert member.incarnation >= before, f"seed {seed}: an incarnation went back"
                incarnations[viewer, member.name] = member.incarnation
            # What was forgotten may be learned anew.
            for key in [key for key in incarnations if key[0] == viewer and key[1] not in node.membership.members]:
                del incarnations[key]
    world.cut.clear()
    world.loss = 0.0
    for node in world.nodes.values():
        node.is_paused = False
    world.run(90)
    views = world.views()
    assert all(view == views[0] for view in views), f"seed {seed}"
    assert views[0].keys() == world.nodes.keys(), f"seed {seed}: a living member is dead"


# --- single rules


ME, OTHER = Address.of("10.0.0.1", 7946), Address.of("10.0.0.2", 7946)


def member(config: RingConfig | None = None) -> Membership:
    one = Membership("me", ME, b"", config or RingConfig(cluster="sim"), random.Random(1), lambda _: 50, 0)
    one.step(Alive(3, "other", OTHER.ip, OTHER.port), OTHER, 0)
    one.take_changes()
    one.take_outbox()
    return one


def test_news_that_is_not_newer_is_ignored() -> None:
    one = member()
    for incarnation in (1, 3):
        one.step(Alive(incarnation, "other", OTHER.ip, OTHER.port, b"new"), OTHER, 0)
    one.step(Suspect(2, "other", "x"), OTHER, 0)
    one.step(Dead(2, "other", "x"), OTHER, 0)
    one.step(Suspect(9, "stranger", "x"), OTHER, 0)
    assert one.take_changes() == []
    assert one.members["other"].meta == b""


@pytest.mark.parametrize("news", [Alive(1, "new", b"", 7946), Alive(1, "new", b"12345", 7946), Alive(1, "new", b"1234", 0)])
def test_a_member_that_nobody_could_reach_is_none(news: Alive) -> None:
    one = member()
    one.step(news, OTHER, 0)
    assert "new" not in one.members


@pytest.mark.parametrize("accusation", [Suspect(5, "me", "x"), Dead(5, "me", "x")])
def test_an_accusation_of_me_is_refuted_above_it(accusation: Suspect | Dead) -> None:
    one = member()
    one.step(accusation, OTHER, 0)
    assert one.me.incarnation == 6
    assert one.me.state is State.ALIVE
    assert one.health == 1


def test_a_suspect_that_refutes_has_recovered() -> None:
    one = member()
    one.step(Suspect(3, "other", "x"), OTHER, 0)
    one.step(Alive(4, "other", OTHER.ip, OTHER.port), OTHER, 0)
    assert [type(change) for change in one.take_changes()][-1] is Recovered


def test_the_dead_of_another_member_are_only_suspects_here() -> None:
    one = member()
    one.merge(PushPull(False, (NodeState("other", OTHER.ip, OTHER.port, 3, State.DEAD),)), 0)
    assert one.members["other"].state is State.SUSPECT


def test_a_ping_for_who_had_this_address_before_is_not_answered() -> None:
    one = member()
    one.step(Ping(7, "somebody"), OTHER, 0)
    assert one.take_outbox() == []
    one.step(Ping(8, "me"), OTHER, 0)
    assert one.take_outbox() == [Datagram(OTHER, (Ack(8),))]


def test_a_member_that_is_leaving_still_listens() -> None:
    one = member()
    one.leave(0)
    one.step(Dead(3, "other", "other"), OTHER, 0)
    one.merge(PushPull(False, ()), 0)
    one.tick(NS_PER_S)
    assert one.me.state is State.LEFT


def test_a_member_of_another_protocol_is_refused() -> None:
    one = member()
    with pytest.raises(MergeRefused, match="speaks version 7"):
        one.merge(PushPull(True, (NodeState("new", OTHER.ip, 1, 1, State.ALIVE, None, (6, 7, 7, 0, 0, 0)),)), 0)
    assert "new" not in one.members


def test_the_accused_hears_of_it_with_the_ping() -> None:
    one = member()
    one.step(Suspect(3, "other", "x"), OTHER, 0)
    one.tick(NS_PER_S)
    pings = [out for out in one.take_outbox() if isinstance(out, Datagram) and isinstance(out.messages[0], Ping)]
    assert [type(message) for message in pings[0].messages] == [Ping, Suspect]

"""Several nodes in this process that are one store, over real sockets on the loopback."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from app.nodes import node_in, push, until
from lgtm.app import orphaned
from lgtm.app.build import Node
from lgtm.app.cluster import Cluster
from lgtm.cli.local_nodes import free_ports
from lgtm.distributor.ingesters import Health
from lgtm.errors import Unavailable
from lgtm.ingester.spill import PREFIX, encode_spill
from lgtm.logql.parser import parse_log_selector
from lgtm.model.part import Part, PartId
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.window import Window
from lgtm.peer.faults import PeerRefused, PeerUnknown
from lgtm.query.heads import NotYet
from lgtm.query.select import Gathered
from lgtm.query.source import FOREVER_NS
from lgtm.ring.instances import InstanceState
from lgtm.ring.ring import UnknownInstance
from support.parts import batch

FAST = {
    "ring__probe_interval_ms": "200", "ring__probe_timeout_ms": "100", "ring__gossip_interval_ms": "50", "ring__heartbeat_s": "0.2",
    "ring__leave_s": "1", "ingester__stop_grace_s": "5",
}  # fmt: skip


def cluster_of(node: Node) -> Cluster:
    assert node.cluster is not None
    return node.cluster


class Nodes:
    """Nodes by name; each may be stopped by itself."""

    def __init__(self, directory: Path, names: str, **settings: str) -> None:
        self._directory = directory
        ports = free_ports(2 * len(names))
        self._gossip, self._calls = dict(zip(names, ports, strict=False)), dict(zip(names, ports[len(names) :], strict=True))
        self._settings = {**FAST, "storage__directory": str(directory / "blocks"), **settings}
        self._stacks: dict[str, AsyncExitStack] = {}
        self.nodes: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    async def start(self, name: str, **settings: str) -> Node:
        given = {
            "server__host": "127.0.0.1", "ring__cluster": "test", "ring__port": str(self._gossip[name]), "peer__port": str(self._calls[name]),
            "ring__join": ",".join(f"127.0.0.1:{port}" for port in self._gossip.values()), **self._settings, **settings,
        }  # fmt: skip
        stack = AsyncExitStack()
        self.nodes[name] = await stack.enter_async_context(node_in(self._directory / name, clock=None, **given))
        self._stacks[name] = stack
        return self.nodes[name]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(node.ingester.id for node in self.nodes.values())

    async def stop(self, name: str) -> None:
        del self.nodes[name]
        await self._stacks.pop(name).aclose()

    async def settled(self) -> None:
        """Everybody sees everybody in good health."""
        await until(
            lambda: all(len(c.ring.instances()) >= len(self.nodes) and c.standing.settled().yes for c in map(cluster_of, self.nodes.values()))
        )


@asynccontextmanager
async def cluster(directory: Path, names: str = "abc", **settings: str) -> AsyncIterator[Nodes]:
    nodes = Nodes(directory, names, **settings)
    try:
        for name in names:
            await nodes.start(name)
        await nodes.settled()
        yield nodes
    finally:
        for name in list(nodes.nodes):
            await nodes.stop(name)


async def lines(node: Node) -> tuple[list[str], tuple[str, ...]]:
    """All lines, sorted, and the warnings of the answer."""
    end_ns = node.clock.now_ns() + 10**9
    window = Window(end_ns - 3_600 * 10**9, end_ns)
    answer = await node.engine.log_query(DEFAULT_TENANT, parse_log_selector('{app="a"}'), window=window, limit=1_000, forward=True)
    return sorted(line for group in answer.result.folded() for line in group.lines), answer.warnings


async def test_what_is_pushed_to_any_node_is_on_two_logs_and_answered_once_by_all(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        for number, name in enumerate("abcabc"):
            await push(nodes[name], f"line {number}")
        expected = [f"line {number}" for number in range(6)]
        assert [await lines(nodes[name]) for name in "abc"] == [(expected, ())] * 3
        assert sum(nodes[name].ingester.head_rows() for name in "abc") == 12


async def test_a_flush_makes_one_block_of_two_copies_and_answers_stay_the_same(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        for number in range(6):
            await push(nodes["a"], f"line {number}")
        for name in "abc":
            nodes[name].ingester.cut()
        await until(lambda: all(node.ingester.oldest_unstored_ns() is None for node in nodes.nodes.values()))
        expected = [f"line {number}" for number in range(6)]
        assert [await lines(nodes[name]) for name in "abc"] == [(expected, ())] * 3
        stored = [meta for tenant in nodes["a"].catalogue.catalog.snapshot().owners.values() for meta in tenant.blocks]
        assert sum(meta.row_count for meta in stored) == 6, "the second copy is in no block"


async def test_a_node_that_leaves_flushes_and_nothing_is_missing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        for number in range(6):
            await push(nodes["abc"[number % 3]], f"line {number}")
        await nodes.stop("c")
        for number in range(6, 9):
            await push(nodes["a"], f"line {number}")
        await until(lambda: all(len(cluster_of(nodes[name]).membership.alive()) == 2 for name in "ab"))
        assert [await lines(nodes[name]) for name in "ab"] == [([f"line {number}" for number in range(9)], ())] * 2


async def test_the_last_node_acknowledges_with_the_object_store_as_second_home(tmp_path: Path) -> None:
    async with cluster(tmp_path, "ab") as nodes:
        await nodes.stop("b")
        await until(lambda: len(cluster_of(nodes["a"]).membership.alive()) == 1)
        await push(nodes["a"], "alone")
        assert nodes["a"].ingester.spilled_rows() == 1
        assert len(list((tmp_path / "blocks" / "spill").rglob("*-*"))) >= 1
        await nodes["a"].ingester.flush_all()
        assert nodes["a"].ingester.spilled_rows() == 0
        assert await lines(nodes["a"]) == (["alone"], ())


async def test_a_tail_shows_what_arrives_anywhere_once(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        with nodes["a"].engine.follow(DEFAULT_TENANT) as follower:
            await asyncio.sleep(0.3)  # streams to the other nodes open; nothing tells when they are
            for number, name in enumerate("abc"):
                await push(nodes[name], f"line {number}")
            found: list[str] = []
            async with asyncio.timeout(10):
                while len(found) < 3:
                    found += (await follower.next()).rows.column("line").to_pylist()
        assert sorted(found) == ["line 0", "line 1", "line 2"]


async def test_a_node_of_another_cluster_is_refused_and_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with cluster(tmp_path, "abx") as nodes:
        await nodes.stop("x")
        stranger = Nodes(tmp_path / "other", "s")
        stranger._gossip["a"] = nodes._gossip["a"]
        await stranger.start("s", ring__cluster="other")
        try:
            await until(lambda: any("belongs to the cluster" in str(getattr(record, "fields", "")) for record in caplog.records))
            assert len(cluster_of(stranger["s"]).ring.instances()) == 1
            await push(nodes["a"], "fine")
        finally:
            await stranger.stop("s")


async def test_a_forgotten_instance_is_gone_for_all_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        gone = nodes["c"].ingester.id
        await nodes.stop("c")
        await until(lambda: all(cluster_of(nodes[name]).standing.health(gone) is Health.DOWN for name in "ab"))
        cluster_of(nodes["a"]).forget(gone)
        await until(lambda: all(len(cluster_of(nodes[name]).ring.instances()) == 2 for name in "ab"))
        with pytest.raises(UnknownInstance):
            cluster_of(nodes["b"]).forget("nosuch")
        await nodes.settled()


async def test_a_restart_with_the_same_log_is_the_same_instance(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        before = nodes["c"].ingester.id
        await push(nodes["c"], "x")
        await nodes.stop("c")
        await nodes.start("c")
        assert nodes["c"].ingester.id == before
        await nodes.settled()
        assert await lines(nodes["c"]) == (["x"], ())


async def test_a_node_that_comes_back_without_its_log_is_not_taken_for_its_old_self(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        await push(nodes["a"], "before")
        old = cluster_of(nodes["c"]).ring.me
        await nodes.stop("c")
        shutil.rmtree(tmp_path / "c")
        await nodes.start("c")
        new = cluster_of(nodes["c"]).ring.me
        assert old.rpc == new.rpc
        assert old.id != new.id
        await until(lambda: new.id in cluster_of(nodes["a"]).ring.entries and cluster_of(nodes["c"]).doing() is None)
        call = cluster_of(nodes["a"])._peers.client(old.id, old.rpc).call("heads", b"{}", 5)
        with pytest.raises(PeerRefused, match="another instance answers here"):
            await call
        await push(nodes["a"], "after")
        assert await lines(nodes["a"]) == (["after", "before"], ())


async def test_the_gate_is_shut_while_a_node_does_not_know_what_it_holds(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        found = cluster_of(nodes["a"])
        found._orphaned.is_resolved = False
        assert any("looking for spilled copies" in reason for reason in found.standing.settled().reasons)
        await until(lambda: any("does not find it safe" in reason for reason in cluster_of(nodes["b"]).standing.settled().reasons))
        found._orphaned.is_resolved = True
        await nodes.settled()


async def test_a_node_that_could_not_say_what_it_holds_when_it_was_asked_is_missed_though_it_can_by_now(tmp_path: Path) -> None:
    """Its answer and the judgement of it are moments apart, and in between it may have found what it had spilled."""
    async with cluster(tmp_path) as nodes:
        node, every = nodes["a"], nodes.ids
        away = {node.ingester.id: NotYet("looking for spilled copies of its log")}
        assert cluster_of(node).doing() is None
        assert await node.catalogue.refresh(FOREVER_NS, away) == ()
        assert cluster_of(node).judge(Gathered([], every, away)) == (), "the others have copies of all that it holds"
        spilled = tmp_path / "blocks" / PREFIX / cluster_of(node)._orphaned._wal_id / "1" / "a part"
        spilled.parent.mkdir(parents=True)
        spilled.write_bytes(b"")
        for name in "ab":
            found = nodes[name]
            assert await found.catalogue.refresh(FOREVER_NS, away) == ()
            (warning,) = cluster_of(found).judge(Gathered([], every, away))
            assert warning.startswith(f"partial: instance {node.ingester.id} cannot be asked")
        assert not cluster_of(node).judge(Gathered([], every, {}))


async def test_an_instance_that_was_not_asked_is_missed(tmp_path: Path) -> None:
    """Nobody knew of it when the others were asked, and it may have acknowledged rows before."""
    async with cluster(tmp_path) as nodes:
        a, b, c = (nodes[name].ingester.id for name in "abc")
        found = cluster_of(nodes["a"])
        assert found.judge(Gathered([], frozenset((a, b, c)), {b: PeerUnknown("127.0.0.1:1", "no answer")})) == ()
        assert found.judge(Gathered([], frozenset((a, b, c)), {})) == ()
        assert found.judge(Gathered([], frozenset((a, b)), {})), "it may hold rows alone, and nobody looked for that after it was met"
        told = found.judge(Gathered([], frozenset((a, b)), {b: PeerUnknown("127.0.0.1:1", "no answer")}))
        assert sorted(warning.split()[2] for warning in told) == sorted((b, c))


async def test_an_instance_that_nobody_knows_is_missed_while_it_has_rows_in_spilled_objects(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        found, every = cluster_of(nodes["a"]), nodes.ids
        assert found.judge(Gathered([], every, {})) == ()
        spilled = tmp_path / "blocks" / PREFIX / ("f" * 32) / "1" / "a part"
        spilled.parent.mkdir(parents=True)
        spilled.write_bytes(b"")
        assert await nodes["a"].catalogue.refresh(FOREVER_NS, {"f" * 16: NotYet("away")}) == ()
        (warning,) = found.judge(Gathered([], every, {}))
        assert warning.startswith(f"partial: instance {'f' * 16} cannot be asked")


async def test_what_an_instance_spilled_that_nobody_knows_is_adopted_and_flushed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as its object is there, answers say that rows may be missing: that is not to last until a generation is old."""
    monkeypatch.setattr(orphaned, "ADOPT_AFTER_S", 0.0)
    monkeypatch.setattr(orphaned, "ADOPT_INTERVAL_S", 0.2)
    async with cluster(tmp_path, ingester__generation_idle_s_max="3600") as nodes:
        now_ns = nodes["a"].clock.now_ns()
        lost = batch(["lost"], apps=("a",), ts=[now_ns], tenant=DEFAULT_TENANT)
        spilled = tmp_path / "blocks" / PREFIX / ("f" * 32) / "1" / "x"
        spilled.parent.mkdir(parents=True)
        spilled.write_bytes(encode_spill([Part(PartId(b"f" * 16, 1, 1), ("f",), lost)]))
        await until(lambda: not spilled.exists())
        for name in "abc":
            await nodes[name].catalogue.poll()
            assert await lines(nodes[name]) == (["lost"], ())


async def test_what_a_damaged_log_has_lost_is_flushed_by_the_others_and_missed_until_then(tmp_path: Path) -> None:
    refused = PeerRefused("127.0.0.1:1", "connection refused")
    async with cluster(tmp_path) as nodes:
        await push(nodes["a"], "before")
        found, every = cluster_of(nodes["c"]), nodes.ids
        a, b = nodes["a"].ingester.id, nodes["b"].ingester.id
        found._lost_rows._are_missed = True
        assert found.lost_to() == {a, b}
        assert any("may hold alone" in reason for reason in found.standing.settled().reasons)
        assert found.judge(Gathered([], every, {a: refused}, lost_to=found.lost_to()))
        await found._lost_rows.run()
        assert [nodes[name].ingester.oldest_unstored_ns() for name in "ab"] == [None, None]
        assert found.lost_to() == frozenset()
        assert not found.judge(Gathered([], every, {a: refused}, lost_to=found.lost_to()))
        await nodes.settled()
        assert await lines(nodes["b"]) == (["before"], ())


async def test_each_target_falls_to_one_node_and_to_another_one_when_that_leaves(tmp_path: Path) -> None:
    hashes = [number * 2**64 // 97 for number in range(97)]
    async with cluster(tmp_path) as nodes:
        claims = {hash_: [name for name in "abc" if cluster_of(nodes[name]).scrapes(hash_)] for hash_ in hashes}
        assert {len(names) for names in claims.values()} == {1}
        assert {name for names in claims.values() for name in names} == set("abc")
        assert len({cluster_of(nodes[name]).scrape_seed for name in "abc"}) == 1
        await nodes.stop("c")
        await until(lambda: all(sum(cluster_of(nodes[name]).scrapes(hash_) for name in "ab") == 1 for hash_ in hashes))
        kept = [hash_ for hash_, (name,) in claims.items() if name == "a"]
        assert all(cluster_of(nodes["a"]).scrapes(hash_) for hash_ in kept), "what does not have to move stays"


async def test_who_lives_is_asked_for_targets_and_who_does_not_answer_is_left_out(tmp_path: Path) -> None:
    question = b'{"tenant": "fake", "metadata": true}'
    async with cluster(tmp_path) as nodes:
        found = cluster_of(nodes["a"])
        assert await found.ask_for_targets(question) == [b"[]", b"[]"]
        assert len(found.nodes()) == 3

        async def fail(_: bytes) -> bytes:
            raise Unavailable("not now")

        cluster_of(nodes["b"]).tell_targets = fail
        assert await found.ask_for_targets(question) == [b"[]"]


async def test_gossip_may_be_encrypted_and_calls_may_need_a_secret(tmp_path: Path) -> None:
    secrets = {"ring__keys": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "peer__secret": "hush"}
    async with cluster(tmp_path, "ab", **secrets) as nodes:
        await push(nodes["a"], "x")
        assert await lines(nodes["b"]) == (["x"], ())
        assert {each.state for each in cluster_of(nodes["a"]).ring.instances()} == {InstanceState.ACTIVE}


async def test_a_node_tells_how_it_sees_the_cluster_in_metrics(tmp_path: Path) -> None:
    async with cluster(tmp_path) as nodes:
        registry = nodes["a"].registry
        assert registry.get_sample_value("lgtm_gossip_members", {"state": "alive"}) == 3
        assert registry.get_sample_value("lgtm_ring_instances", {"state": "ACTIVE"}) == 3
        assert registry.get_sample_value("lgtm_ring_instances", {"state": "UNHEALTHY"}) == 0
        assert (registry.get_sample_value("lgtm_gossip_sent_bytes_total") or 0) > 0
        skew_s = registry.get_sample_value("lgtm_ring_clock_skew_seconds")
        assert skew_s is not None
        assert abs(skew_s) < 5

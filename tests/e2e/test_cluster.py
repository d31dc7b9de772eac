"""Nodes as processes, one of them broken under load: acknowledgements go on, and every node answers with exactly what was acknowledged."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from benchmarks.client import PROTOBUF, PUSH_PATHS, TRACES, Client
from benchmarks.datasets import NS_PER_S
from cli.command import lgtm
from e2e.spans import SpanDataset, ask_json, canonical, read_trace, spans_by_request
from lgtm.cli.drill import Verdict, throwaway
from lgtm.cli.drill_faults import Fault, NoSmallVolume
from lgtm.cli.drill_load import Load, count, settled_count
from lgtm.cli.local_nodes import LocalNode, make_nodes, running, wait_for_members
from lgtm.cli.namespaces import NoNamespaces, cut, mend, network

SETTLE_S = 60.0


def passes(fault: Fault, directory: Path, during_s: float, *, nodes: int = 3) -> Verdict:
    try:
        verdict = throwaway(fault, directory, during_s, count=nodes)
    except (NoNamespaces, NoSmallVolume) as error:
        pytest.skip(str(error))
    print(verdict.text)
    assert verdict.is_good, verdict.text
    return verdict


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.PAUSE])
def test_a_drill_passes(fault: Fault, tmp_path: Path) -> None:
    passes(fault, tmp_path, 5.0)


@pytest.mark.long
@pytest.mark.parametrize("fault", list(Fault))
def test_acknowledgements_and_answers_go_on_whatever_happens_to_one_of_three(fault: Fault, tmp_path: Path) -> None:
    passes(fault, tmp_path, 10.0)


@pytest.mark.long
def test_a_drill_from_the_command_line_says_so_in_its_last_line() -> None:
    ran = lgtm("drill", "wipe")
    assert ran.out.splitlines()[-1].startswith("PASS wipe")
    assert ran.code == 0


@pytest.mark.long
def test_a_cluster_that_runs_already_is_drilled_with_commands(tmp_path: Path) -> None:
    with running(make_nodes(tmp_path, 3)) as nodes:
        assert nodes[-1].process is not None
        signals = [f"kill -{name} {nodes[-1].process.pid}" for name in ("STOP", "CONT")]
        addrs = ",".join(node.addr for node in nodes)
        ran = lgtm("drill", "pause", "--addr", addrs, "--inject", signals[0], "--heal", signals[1])
    assert ran.out.splitlines()[-1].startswith("PASS pause")
    assert ran.code == 0


def one_of_two(directory: Path, fault: Fault, during_s: float) -> tuple[Load, list[LocalNode]]:
    """Kills or stops one of two for a while; returns when both are back."""
    nodes = make_nodes(directory, 2)
    with running(nodes):
        load = Load([nodes[0].addr])
        load.start()
        time.sleep(2)
        load.slowest_s = 0.0
        nodes[1].kill()
        if fault is Fault.WIPE:
            shutil.rmtree(nodes[1].directory / "data")
        time.sleep(during_s)
        nodes[1].start()
        nodes[1].wait_until_ready()
        time.sleep(2)
        load.stop()
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])
    return load, nodes


@pytest.mark.long
@pytest.mark.parametrize("fault", [Fault.KILL, Fault.WIPE])
def test_one_of_two_dies_and_the_object_store_is_the_second_home(fault: Fault, tmp_path: Path) -> None:
    load, _ = one_of_two(tmp_path, fault, 8.0)
    print(f"one of two, {fault}: {load.lines} lines, slowest push {load.slowest_s:.2f} s")
    assert not load.given_up
    assert load.slowest_s <= 7.0


@pytest.mark.long
def test_one_of_two_hangs_and_the_members_decide(tmp_path: Path) -> None:
    nodes = make_nodes(tmp_path, 2)
    with running(nodes):
        load = Load([nodes[0].addr])
        load.start()
        time.sleep(2)
        load.slowest_s = 0.0
        nodes[1].send(signal.SIGSTOP)
        time.sleep(15)
        lines, warnings = count(nodes[0].addr, load.run)
        nodes[1].send(signal.SIGCONT)
        time.sleep(2)
        load.stop()
        print(f"one of two hangs: {load.lines} lines, slowest push {load.slowest_s:.2f} s, meanwhile {lines} lines, {warnings}")
        assert warnings, "it may be taking writes on the other side of a partition"
        assert not load.given_up
        assert load.slowest_s <= 12.0
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])


@pytest.mark.long
def test_two_that_are_cut_from_each_other_both_go_on_and_have_the_union_afterwards(tmp_path: Path) -> None:
    try:
        with network(2) as places, running(make_nodes(tmp_path, 2, places=places)) as nodes:
            loads = [Load([node.addr]) for node in nodes]
            for load in loads:
                load.start()
            time.sleep(2)
            ways = [(places[0], places[1]), (places[1], places[0])]
            for source, target in ways:
                cut(source, target)
            time.sleep(12)
            before = [load.lines for load in loads]
            time.sleep(4)
            assert all(load.lines > lines for load, lines in zip(loads, before, strict=True)), "both sides acknowledge"
            assert all(count(node.addr, load.run)[1] for node in nodes for load in loads), "and say that the other one may have more"
            for source, target in ways:
                mend(source, target)
            time.sleep(2)
            for load in loads:
                load.stop()
            print(f"cut in two: {[load.lines for load in loads]} lines, slowest pushes {[round(load.slowest_s, 2) for load in loads]} s")
            for node in nodes:
                for load in loads:
                    assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])
    except NoNamespaces as error:
        pytest.skip(str(error))


@pytest.mark.long
def test_both_die_and_everything_is_back_after_replay(tmp_path: Path) -> None:
    nodes = make_nodes(tmp_path, 2)
    with running(nodes):
        load = Load([node.addr for node in nodes])
        load.start()
        time.sleep(3)
        for node in nodes:
            node.kill()
        time.sleep(3)
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_until_ready()
        time.sleep(2)
        load.stop()
        print(f"both of two: {load.lines} lines, slowest push {load.slowest_s:.2f} s")
        assert not load.given_up
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])


@pytest.mark.long
def test_the_object_store_is_away_for_a_while(tmp_path: Path) -> None:
    with running(make_nodes(tmp_path, 3, settings={"ingester.generation_bytes_max": "1MiB", "ingester.head_bytes_max": "256MiB"})) as nodes:
        load = Load([node.addr for node in nodes])
        load.start()
        time.sleep(2)
        load.slowest_s = 0.0
        blocks = tmp_path / "blocks"
        blocks.rename(tmp_path / "away")
        blocks.write_text("in the way, so that nobody makes a new one", encoding="utf-8")
        time.sleep(15)
        blocks.unlink()
        (tmp_path / "away").rename(blocks)
        time.sleep(2)
        load.stop()
        print(f"store away: {load.lines} lines, slowest push {load.slowest_s:.2f} s")
        assert load.slowest_s <= 1.0
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])


@pytest.mark.long
def test_the_second_of_three_dies_too_and_the_last_one_goes_on_alone(tmp_path: Path) -> None:
    with running(make_nodes(tmp_path, 3)) as nodes:
        load = Load([nodes[0].addr])
        load.start()
        time.sleep(2)
        for node in nodes[1:]:
            node.kill()
            time.sleep(4)
        alone = load.lines
        time.sleep(4)
        assert load.lines > alone, "it acknowledges with the object store as second home"
        found, warnings = count(nodes[0].addr, load.run)
        assert warnings, "what only the dead hold may be missing, and that is said"
        assert found >= 0
        for node in nodes[1:]:
            node.start()
        for node in nodes[1:]:
            node.wait_until_ready()
        load.stop()
        wait_for_members(nodes)
        print(f"two of three: {load.lines} lines, slowest push {load.slowest_s:.2f} s")
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])
        assert load.slowest_s < 10


@pytest.mark.long
def test_a_hundred_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    """One node at a time, at a random moment, while lines are pushed to whoever answers."""
    rng = random.Random(1)
    with running(make_nodes(tmp_path, 3, settings={"ingester.generation_bytes_max": "2MiB", "ingester.head_bytes_max": "64MiB"})) as nodes:
        load = Load([node.addr for node in nodes])
        load.start()
        for _ in range(100):
            victim = rng.choice(nodes)
            time.sleep(rng.uniform(0.1, 1.0))
            victim.kill()
            time.sleep(rng.uniform(0.0, 1.0))
            victim.start()
            victim.wait_until_ready()
            wait_for_members(nodes)
        load.stop()
        print(f"100 kills: {load.lines} lines, {load.given_up} given up, slowest push {load.slowest_s:.2f} s, {load.retries} retries")
        for node in nodes:
            assert settled_count(node.addr, load.run, load.lines, SETTLE_S) == (load.lines, [])


@pytest.mark.long
def test_a_span_written_to_one_of_three_is_found_through_the_others_at_once_and_after_one_is_killed(tmp_path: Path) -> None:
    data = SpanDataset(spans=800, per_request=40, start_ns=1_790_000_000 * NS_PER_S + 1, seconds=1_000)
    with running(make_nodes(tmp_path, 3)) as nodes, ExitStack() as stack:
        clients = [stack.enter_context(closing(Client(node.addr))) for node in nodes]
        for number, request in enumerate(data.requests):
            at = number % len(nodes)
            assert clients[at].post(PUSH_PATHS[TRACES], request.body, PROTOBUF).status == 200
            service, last = data.service_and_span(number * data.per_request + data.per_request - 1)
            for other in range(len(nodes)):
                assert canonical(service, last) in spans_now(clients[other], last.trace_id), f"written to {at}, asked of {other}"
        nodes[0].kill()
        for client in clients[1:]:
            assert spans_by_request(client, data) == [data.per_request] * len(data.requests)
            for trace in range(data.traces):
                assert spans_now(client, data.trace_id(trace)) == Counter(canonical(*each) for each in data.of_trace(trace))


def spans_now(client: Client, trace_id: bytes) -> Counter[tuple[str, bytes]]:
    """Of a trace, as the node answers without being asked twice, and without a word of spans that may be missing."""
    answer = ask_json(client, f"/api/v2/traces/{trace_id.hex()}")
    assert "status" not in answer, answer["message"]
    return Counter(canonical(*each) for each in read_trace(client, trace_id))

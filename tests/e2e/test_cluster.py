"""Three nodes as processes, one of them broken under load: acknowledgements go on, and every node answers with exactly what was acknowledged."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from cli.command import lgtm
from lgtm.cli.drill import LINES_EACH, Fault, Load, carry_out, count
from lgtm.cli.local_nodes import make_nodes, running, wait_for_members


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.PAUSE])
def test_a_drill_passes(fault: Fault, tmp_path: Path) -> None:
    with running(make_nodes(tmp_path, 3)) as nodes:
        is_good, verdict = carry_out(fault, nodes)
    assert is_good, verdict


@pytest.mark.long
def test_a_drill_from_the_command_line_says_so_in_its_last_line() -> None:
    ran = lgtm("drill", "wipe")
    assert ran.out.splitlines()[-1].startswith("PASS wipe")
    assert ran.code == 0


@pytest.mark.long
def test_the_second_of_three_dies_too_and_the_last_one_goes_on_alone(tmp_path: Path) -> None:
    with running(make_nodes(tmp_path, 3)) as nodes:
        load = Load([nodes[0].addr])
        load.start()
        time.sleep(2)
        for node in nodes[1:]:
            node.kill()
            time.sleep(4)
        alone = len(load.acked)
        time.sleep(4)
        assert len(load.acked) > alone, "it acknowledges with the object store as second home"
        found, warnings = count(nodes[0].addr)
        assert warnings, "what only the dead hold may be missing, and that is said"
        assert found >= 0
        for node in nodes[1:]:
            node.start()
        for node in nodes[1:]:
            node.wait_until_ready()
        load.stop()
        wait_for_members(nodes)
        assert {count(node.addr)[0] for node in nodes} == {len(load.acked) * LINES_EACH}
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
        wanted = len(load.acked) * LINES_EACH
        for node in nodes:
            assert count(node.addr) == (wanted, [])

"""As `test_exactness`, of samples: each is there once, and its value is the one that was sent, or the first of those that were.

The same with 200,000 samples and 50 kills, and with kills in a cluster: make test-long ARGS=tests/e2e/test_exact_samples.py
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from benchmarks.client import Client
from benchmarks.server import NodeProcess
from e2e.asking import result
from e2e.conftest import Start
from e2e.kills import push_through_kills
from e2e.pushing import Pushing, check_counts
from e2e.samples import SampleDataset, read_samples, samples_by_request
from lgtm.cli.local_nodes import LocalNode, make_nodes, running, wait_for_members

START_MS = 1_790_000_000_000
SMALL = SampleDataset(samples=4_000, per_request=80, start_ms=START_MS, seconds=2_000)
LARGE = SampleDataset(samples=200_000, per_request=400, start_ms=START_MS, seconds=10_000)
CLUSTER_KILLS = 15
CLUSTER = SampleDataset(samples=40_000, per_request=80, start_ms=START_MS, seconds=10_000)
FLUSHES_OFTEN = {
    "ingester.generation_bytes_max": "48KiB",
    "ingester.head_bytes_max": "256MiB",
    "wal.segment_bytes_max": "64KiB",
    "wal.payload_bytes_max": "16KiB",
    "limits.metrics_retention_period": "100y",
}
"""Many small blocks, which are kept although the samples are of a day long ago."""


@pytest.mark.parametrize(("data", "kills"), [(SMALL, 3), pytest.param(LARGE, 50, marks=pytest.mark.long)], ids=["small", "large"])
def test_acknowledged_samples_survive_kill_9_and_others_are_there_at_most_once(start: Start, tmp_path: Path, data: SampleDataset, kills: int) -> None:
    def counted(node: NodeProcess) -> list[int]:
        return samples_by_request(node.client, data)

    everything = [data.per_request] * len(data.requests)
    node = push_through_kills(lambda: start(tmp_path / "data", FLUSHES_OFTEN), data, data.per_request, counted, kills=kills, seed=1)
    for where in ("in heads and blocks", "in blocks"):
        assert counted(node) == everything, where
        node.flush()
    with Pushing(node.http, replace(data, edition=1), range(len(data.requests))) as pushing:
        pass
    assert len(pushing.acked) == len(data.requests), pushing.refusals
    for where in ("in heads", "in blocks"):
        assert counted(node) == everything, f"other values of the same times that came later are {where}"
        node.flush()


@dataclass
class Cluster:
    """Nodes, and what they were sent. acked, tried: as in Pushing, over all nodes."""

    nodes: Sequence[LocalNode]
    acked: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)

    def push(self, numbers: Sequence[int], killed: int | None = None, after_acks: int = 0) -> None:
        """A third of them to each node, of which one is killed after so many acknowledgements."""
        with ExitStack() as stack:
            pushings = [stack.enter_context(Pushing(node.addr, CLUSTER, numbers[at :: len(self.nodes)])) for at, node in enumerate(self.nodes)]
            if killed is not None:
                pushings[killed].wait_for_acks(after_acks)
                self.nodes[killed].kill()
        self.acked |= set[int]().union(*(pushing.acked for pushing in pushings))
        self.tried |= set[int]().union(*(pushing.tried for pushing in pushings))

    def check(self, node: LocalNode, *, complete: bool) -> None:
        """complete: asks until nothing may be missing."""
        with closing(Client(node.addr)) as client:
            counted, warnings = (samples_by_request(client, CLUSTER), []) if complete else result(lambda: read_samples(client, CLUSTER))
        if not warnings:
            check_counts(counted, CLUSTER.per_request, self.acked, self.tried)


@pytest.mark.long
def test_samples_that_any_of_three_nodes_acknowledged_are_answered_by_all_whoever_is_killed(tmp_path: Path) -> None:
    rng = random.Random(1)
    waiting = rng.sample(range(len(CLUSTER.requests)), len(CLUSTER.requests))
    share = len(waiting) // CLUSTER_KILLS
    with running(make_nodes(tmp_path, 3, settings=FLUSHES_OFTEN)) as nodes:
        cluster = Cluster(nodes)
        for _ in range(CLUSTER_KILLS):
            killed = rng.randrange(len(nodes))
            cluster.push(waiting[:share], killed, rng.randint(1, share // 6))
            cluster.check(nodes[killed - 1], complete=False)
            nodes[killed].start()
            nodes[killed].wait_until_ready()
            wait_for_members(nodes)
            for node in nodes:
                cluster.check(node, complete=True)
            waiting = [number for number in waiting if number not in cluster.acked]
        cluster.push(waiting)
        assert len(cluster.acked) == len(CLUSTER.requests)
        for node in nodes:
            cluster.check(node, complete=True)

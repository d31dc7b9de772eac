"""Each line is counted exactly once, wherever it lies and whatever happened to the node or to the connection it came over.

The same with 1,000,000 lines and 50 kills: make test-long ARGS=tests/e2e/test_exactness.py
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from benchmarks.datasets import LOKI, NS_PER_S, Dataset, Shape, dataset, records
from benchmarks.server import NodeProcess
from e2e.asking import count, counts_by_request, entries, eventually
from e2e.conftest import Start
from e2e.kills import push_through_kills
from e2e.pushing import Pushing, check_counts

SMALL = Shape(lines=20_000, lines_per_request=100, seconds=2_000)
LARGE = Shape(lines=1_000_000, lines_per_request=1_000, seconds=3_000)
START_NS = 1_790_000_010 * NS_PER_S + 1

FLUSHES_OFTEN = {"ingester.generation_bytes_max": "1MiB", "ingester.head_bytes_max": "256MiB", "limits.max_entries_limit_per_query": "0"}
FLUSHES_WHEN_ASKED = {"ingester.generation_bytes_max": "1GiB", "ingester.head_bytes_max": "3GiB", "limits.max_entries_limit_per_query": "0"}


def lines(shape: Shape) -> Dataset:
    return dataset(LOKI, shape, start_ns=START_NS)


def push_all(node: NodeProcess, data: Dataset) -> None:
    with Pushing(node.http, data, range(len(data.requests))) as pushing:
        pass
    assert pushing.acked == set(range(len(data.requests))), pushing.refusals


@pytest.mark.parametrize("shape", [SMALL, pytest.param(LARGE, marks=pytest.mark.long)], ids=["small", "large"])
def test_lines_are_counted_once_in_the_head_in_blocks_in_between_and_after_every_kind_of_start(start: Start, tmp_path: Path, shape: Shape) -> None:
    data, place = lines(shape), tmp_path / "data"
    node = start(place, FLUSHES_WHEN_ASKED)

    push_all(node, data)
    assert node.metric("lgtm_ingester_head_rows") >= shape.lines, "everything is in the head, what was sent twice perhaps twice"
    assert count(node.client, data) == shape.lines

    for again in ("replayed", "replayed twice"):
        node.kill()
        node = start(place, FLUSHES_WHEN_ASKED)
        assert count(node.client, data) == shape.lines, again

    node.client.post("/flush", b"")
    while node.metric("lgtm_ingester_head_rows"):
        assert count(node.client, data) == shape.lines, "while it is flushed"
    assert count(node.client, data) == shape.lines, "in blocks"

    push_all(node, data)
    assert count(node.client, data) == shape.lines, "in blocks and once more in the head"

    assert node.stop() == 0
    node = start(place, FLUSHES_WHEN_ASKED)
    assert node.metric("lgtm_ingester_replayed_rows_total") == 0
    assert count(node.client, data) == shape.lines, "twice in blocks"


def test_lines_are_counted_once_across_the_flush_boundary_while_they_come_in(start: Start) -> None:
    data = lines(SMALL)
    node = start(settings=FLUSHES_OFTEN)
    with Pushing(node.http, data, range(len(data.requests))) as pushing:
        for acks in range(20, len(data.requests), 20):
            pushing.wait_for_acks(acks)
            acked = set(pushing.acked)
            counted = counts_by_request(node.client, data)
            tried = set(pushing.tried)
            check_counts(counted, SMALL.lines_per_request, acked, tried)
    assert count(node.client, data) == SMALL.lines
    eventually(lambda: (node.data_dir / "blocks").rglob("meta.json"), is_right=any)


def test_what_is_read_is_what_was_sent_label_by_label_and_byte_by_byte(start: Start) -> None:
    data = lines(SMALL)
    node = start(settings=FLUSHES_OFTEN)
    push_all(node, data)
    assert entries(node.client, data, SMALL.lines) == sent(SMALL, SMALL.lines)


@pytest.mark.parametrize(
    ("shape", "settings", "kills", "seed"),
    [(SMALL, FLUSHES_OFTEN, 5, 1), pytest.param(LARGE, FLUSHES_OFTEN | {"ingester.generation_bytes_max": "16MiB"}, 50, 2, marks=pytest.mark.long)],
    ids=["small", "large"],
)
def test_acknowledged_lines_survive_kill_9_and_others_are_there_at_most_once(
    start: Start, tmp_path: Path, shape: Shape, settings: dict[str, str], kills: int, seed: int
) -> None:
    data = lines(shape)
    node = push_through_kills(
        lambda: start(tmp_path / "data", settings),
        data,
        shape.lines_per_request,
        lambda node: counts_by_request(node.client, data),
        kills=kills,
        seed=seed,
    )
    assert count(node.client, data) == shape.lines
    node.flush()
    assert counts_by_request(node.client, data) == [shape.lines_per_request] * len(data.requests)
    assert entries(node.client, data, SMALL.lines) == sent(shape, SMALL.lines)


def sent(shape: Shape, lines: int) -> list[tuple[str, int, str]]:
    """(pod, ts, line) of the first lines, sorted."""
    return sorted((f"pod-{record.stream}", record.ts_ns, record.line) for record in itertools.islice(records(shape, START_NS), lines))

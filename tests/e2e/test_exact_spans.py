"""As `test_exactness`, of spans: each is counted once, and a trace comes back with every byte of its spans.

The same with 200,000 spans and 50 kills: make test-long ARGS=tests/e2e/test_exact_spans.py
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.datasets import NS_PER_S
from e2e.conftest import Start
from e2e.kills import push_through_kills
from e2e.spans import SpanDataset, canonical, get_trace, spans_by_request

START_NS = 1_790_000_000 * NS_PER_S + 1
SMALL = SpanDataset(spans=2_000, per_request=40, start_ns=START_NS, seconds=1_000)
LARGE = SpanDataset(spans=200_000, per_request=250, start_ns=START_NS, seconds=3_000)
FLUSHES_OFTEN = {"ingester.generation_bytes_max": "1MiB", "ingester.head_bytes_max": "256MiB", "limits.traces_rate_bytes": "0"}
TRACES_READ = 100


@pytest.mark.parametrize(("data", "kills", "seed"), [(SMALL, 3, 1), pytest.param(LARGE, 50, 2, marks=pytest.mark.long)], ids=["small", "large"])
def test_acknowledged_spans_survive_kill_9_and_others_are_there_at_most_once(
    start: Start, tmp_path: Path, data: SpanDataset, kills: int, seed: int
) -> None:
    node = push_through_kills(
        lambda: start(tmp_path / "data", FLUSHES_OFTEN),
        data,
        data.per_request,
        lambda node: spans_by_request(node.client, data),
        kills=kills,
        seed=seed,
    )
    chosen = random.Random(seed).sample(range(data.traces), TRACES_READ)
    for where in ("in heads and blocks", "in blocks"):
        assert spans_by_request(node.client, data) == [data.per_request] * len(data.requests), where
        for trace in chosen:
            found = Counter(canonical(*each) for each in get_trace(node.client, data.trace_id(trace)))
            assert found == Counter(canonical(*each) for each in data.of_trace(trace)), where
        node.flush()

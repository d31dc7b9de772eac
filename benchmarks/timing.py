"""The same question several times: how long one waits for the answer, and what it costs the node."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.client import Answer, QueryFailed
from benchmarks.report import Figure
from benchmarks.server import NodeProcess


@dataclass(slots=True, frozen=True)
class Timing:
    """nbytes: of the answer."""

    median_ms: float
    cpu_ms: float
    nbytes: int


def timed(node: NodeProcess, ask: Callable[[], Answer], runs: int) -> Timing:
    """Raises QueryFailed when an answer is none."""
    waits, nbytes, cpu_s = list[float](), 0, node.cpu_s()
    for _ in range(runs):
        began = time.perf_counter()
        answer = ask()
        waits.append(time.perf_counter() - began)
        if answer.status != 200:
            raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
        nbytes = len(answer.body)
    return Timing(statistics.median(waits) * 1e3, (node.cpu_s() - cpu_s) / runs * 1e3, nbytes)


def timed_figure(what: str, blocks: Timing, head: Timing, target: float | None = None, peers: str = "") -> Figure:
    """The figure is the wait for blocks; what the head takes stands beside it."""
    beside = f"ms ({blocks.cpu_ms:.0f} CPU-ms; from the head {head.median_ms:.0f} ms, {head.cpu_ms:.0f} CPU-ms)"
    return Figure(what, blocks.median_ms, beside, target, peers)

"""What do two copies cost, and does a larger cluster make a record dearer?

Sketch: a node by itself spends 4.1 CPU-s on 1M lines: 1.4 before a part is encoded, 0.7 for the part and the log, 2 for head and block. A second
copy adds the call (0.1), decoding the part (0.1), its log (0.3) and its head (0.3), and no block, for only the primary writes one: 1.2 times the
node by itself.
With n nodes a batch is cut into n·(n-1) parts, each of which costs about a millisecond on either side.

Measured, on a machine that others used too: 1.7 times with three nodes, 1.6 with five. With a part for each of the n·(n-1) pairs it was 2.5 and
4.7: a push of 5,000 lines of 40 streams became 6 or 20 parts, each encoded, logged, decoded and merged by itself. With a part for each 256 KiB
of a batch it was 1.9 and 2.3; now there is one for each MiB.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import push
from benchmarks.datasets import LOKI, Dataset, dataset
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from lgtm.blocks.meta import BlockMeta
from lgtm.cli.local_nodes import free_ports

APPEND_BYTES = 'lgtm_peer_sent_bytes_total{method="append"}'


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    figures: list[Figure] = []
    alone_cpu_s = 0.0
    for size in scale.cluster_sizes:
        found = measure(data, size, scale.cluster_idle_s)
        alone_cpu_s = alone_cpu_s or found.cpu_s
        figures.append(Figure(f"Cluster of {size}: CPU of all nodes through the block", found.cpu_s * 1e6 / data.shape.lines, "CPU-s/1M lines"))
        figures.append(Figure(f"Cluster of {size}: an idle node", found.idle_share * 100, "% of a core"))
        if size > 1:
            figures.append(Figure(f"Cluster of {size}: … times a node by itself", found.cpu_s / alone_cpu_s, "", 2.2))
            figures.append(
                Figure(f"Cluster of {size}: bytes sent to other nodes / bytes of all logged parts", found.sent / found.part_bytes, "", 1.1)
            )
            figures.append(Figure(f"Cluster of {size}: rows in blocks / rows pushed", found.rows / data.shape.lines, "", 1.0))
    return figures


@dataclass(slots=True, frozen=True)
class Measured:
    """cpu_s: of all nodes, above what they take when idle. sent: bytes between nodes. part_bytes: of the parts that all of them logged."""

    cpu_s: float
    idle_share: float
    sent: float
    part_bytes: float
    rows: int


def measure(data: Dataset, size: int, idle_s: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, ExitStack() as stack:
        ports = free_ports(2 * size)
        shared = {
            "storage.directory": f"{directory}/blocks",
            "storage.poll_interval_s": "1",
            "ingester.generation_idle_s_max": str(idle_s),
            **({"ring.cluster": "bench", "ring.join": ",".join(f"127.0.0.1:{port}" for port in ports[:size])} if size > 1 else {}),
        }
        nodes = [
            stack.enter_context(
                NodeProcess(Path(directory) / f"data-{at}", {**shared, "ring.port": str(ports[at]), "peer.port": str(ports[size + at])})
            )
            for at in range(size)
        ]
        time.sleep(1 if size > 1 else 0)  # the last one's entry reaches the first
        idle_share = _idle_share(nodes, idle_s)
        before, began = sum(node.cpu_s() for node in nodes), time.monotonic()
        pushed = push(nodes[0].http, data.kind, data.requests)
        if pushed.rows != data.shape.lines:
            raise AssertionError(f"{pushed.rows} of {data.shape.lines} lines were accepted: {pushed.refusals}")
        time.sleep(2 * idle_s)
        for node in nodes:
            settle(node)
        cpu_s = sum(node.cpu_s() for node in nodes) - before - idle_share * size * (time.monotonic() - began)
        sent = sum(node.metrics().get(APPEND_BYTES, 0.0) for node in nodes)
        part_bytes = sum(node.metric("lgtm_ingester_part_bytes_total") for node in nodes)
        return Measured(cpu_s, idle_share, sent, part_bytes, rows_in_blocks(Path(directory) / "blocks"))


def _idle_share(nodes: list[NodeProcess], idle_s: int) -> float:
    """Of a core, that a node takes while nobody does anything: time that passes is no cost of a record."""
    before = sum(node.cpu_s() for node in nodes)
    time.sleep(idle_s)
    return (sum(node.cpu_s() for node in nodes) - before) / idle_s / len(nodes)


def rows_in_blocks(directory: Path) -> int:
    return sum(BlockMeta.from_json(path.read_bytes(), name=str(path)).row_count for path in directory.rglob("meta.json"))

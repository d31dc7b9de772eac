"""What do two copies cost, and does a larger cluster make a record dearer?

Sketch: a node by itself spends 4.1 CPU-s on 1M lines: 1.4 before a part is encoded, 0.7 for the part and the log, 2 for head and block. A second
copy adds the call (0.1), decoding the part (0.1), its log (0.3) and its head (0.3), and no block, for only the primary writes one: 1.2 times the
node by itself.
With n nodes a batch is cut into n·(n-1) parts, each of which costs about a millisecond on either side.

Measured, on a machine that others used too: 2.0 times with three nodes, 2.5 with five. With a part for each of the n·(n-1) pairs it was 2.5 and
4.7: a push of 5,000 lines of 40 streams became 6 or 20 parts, each encoded, logged, decoded and merged by itself. Now a batch has a part for each
256 KiB.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.client import push
from benchmarks.datasets import LOKI, Dataset, dataset
from benchmarks.report import Figure
from benchmarks.scale import Scale
from benchmarks.server import NodeProcess, settle
from lgtm.blocks.meta import BlockMeta
from lgtm.cli.local_nodes import free_ports

SIZES = (1, 3, 5)
IDLE_S = 3
APPEND_BYTES = 'lgtm_peer_sent_bytes_total{method="append"}'


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    figures: list[Figure] = []
    alone_cpu_s = 0.0
    for size in SIZES:
        cpu_s, sent, part_bytes, rows = measure(data, size)
        alone_cpu_s = alone_cpu_s or cpu_s
        figures.append(Figure(f"Cluster of {size}: CPU of all nodes through the block", cpu_s * 1e6 / data.shape.lines, "CPU-s/1M lines"))
        if size > 1:
            figures.append(Figure(f"Cluster of {size}: … times a node by itself", cpu_s / alone_cpu_s, "", 2.2))
            figures.append(Figure(f"Cluster of {size}: bytes sent to other nodes / bytes of all logged parts", sent / part_bytes, "", 1.1))
            figures.append(Figure(f"Cluster of {size}: rows in blocks / rows pushed", rows / data.shape.lines, "", 1.0))
    return figures


def measure(data: Dataset, size: int) -> tuple[float, float, float, int]:
    """CPU seconds of all nodes, bytes sent between them, bytes of parts logged by all of them, and rows in blocks."""
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-") as directory, ExitStack() as stack:
        ports = free_ports(2 * size)
        shared = {
            "storage.directory": f"{directory}/blocks",
            "storage.poll_interval_s": "1",
            "ingester.generation_idle_s_max": str(IDLE_S),
            **({"ring.cluster": "bench", "ring.join": ",".join(f"127.0.0.1:{port}" for port in ports[:size])} if size > 1 else {}),
        }
        nodes = [
            stack.enter_context(
                NodeProcess(Path(directory) / f"data-{at}", {**shared, "ring.port": str(ports[at]), "peer.port": str(ports[size + at])})
            )
            for at in range(size)
        ]
        time.sleep(1 if size > 1 else 0)  # the last one's entry reaches the first
        before = sum(node.cpu_s() for node in nodes)
        pushed = push(nodes[0].http, data.kind, data.requests)
        if pushed.lines != data.shape.lines:
            raise AssertionError(f"{pushed.lines} of {data.shape.lines} lines were accepted: {pushed.refusals}")
        time.sleep(2 * IDLE_S)
        for node in nodes:
            settle(node)
        cpu_s = sum(node.cpu_s() for node in nodes) - before
        sent = sum(node.metrics().get(APPEND_BYTES, 0.0) for node in nodes)
        part_bytes = sum(node.metric("lgtm_ingester_part_bytes_total") for node in nodes)
        return cpu_s, sent, part_bytes, rows_in_blocks(Path(directory) / "blocks")


def rows_in_blocks(directory: Path) -> int:
    return sum(BlockMeta.from_json(path.read_bytes(), name=str(path)).row_count for path in directory.rglob("meta.json"))

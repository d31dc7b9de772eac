"""How many objects a cluster writes: three nodes with their real settings on virtual time, a steady load, and a store that counts.

.venv/bin/lgtm-sim --objects 0.01 --hours 31      MB/s over all nodes; after 31 hours the first date is closed
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lgtm.ingester import ingester
from lgtm.model.signal import LOGS
from lgtm.storage.memory import MemoryStore
from sim.clients import TENANTS, batch
from sim.loop import SimLoop
from sim.world import SMALL, World

PUSH_EVERY_S = 10.0
LINE_BYTES, WORDS = 200, "the words that most lines of a log have in common "
REAL = {
    "ring.gossip_interval_ms": "20000",
    "ring.probe_interval_ms": "20000",
    "ring.probe_timeout_ms": "5000",
    "ring.heartbeat_s": "30",
    "ring.heartbeat_timeout_s": "120",
    "wal.quiet_s": "30",
    "wal.segment_bytes_max": "18MiB",
    "storage.store": "memory",
    "ring.cluster": "sim",
    "limits.ingestion_rate_bytes": "100MiB",
    "limits.ingestion_burst_bytes": "100MiB",
}
"""Everything as it is by default, but for what would only make the simulation slow: gossip, looks at the clock, and the zeros of large segments."""


class CountingStore(MemoryStore):
    def __init__(self, now_ns: object) -> None:
        super().__init__(now_ns)  # type: ignore[arg-type]
        self.puts: Counter[str] = Counter()
        self.deletes = 0

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        await super().put(key, data, if_absent=if_absent)
        self.puts[key.rsplit("/", 1)[-1] if key.startswith("signal=") else key.split("/", 1)[0]] += 1

    async def delete(self, key: str) -> None:
        await super().delete(key)
        self.deletes += 1


def measure(megabytes_s: float, hours: float, *, compacts: bool) -> str:
    """A line of the table."""
    loop = SimLoop(random.Random(1))
    loop.set_exception_handler(lambda _loop, _context: None)
    ingester.MERGE_INTERVAL_S, ingester.CUT_INTERVAL_S = 30.0, 10.0
    directory = Path(tempfile.mkdtemp(prefix="lgtm-sim-"))
    world = World(loop, 1, 3, directory, {})
    world.settings = {
        **{name: value for name, value in SMALL.items() if name.startswith("limits")},
        **REAL,
        "compactor.enabled": str(compacts).lower(),
    }
    store = CountingStore(world.now_ns)
    world.objects = store
    try:
        loop.run_until_complete(_load(world, megabytes_s, hours))
        blocks = _visible(world)
        name = "with compaction" if compacts else "without compaction"
        written = sum(store.puts.values())
        return (
            f"{megabytes_s:g} MB/s, {hours:g} h, {name}: {written / hours / 3:.1f} objects an hour and node "
            f"({dict(store.puts)}), {store.deletes} deleted; {len(blocks)} blocks visible, {sum(blocks) / max(1, len(blocks)) / 1e6:.2f} MB each"
        )
    finally:
        world.kill_all(power=False)
        loop.close()
        shutil.rmtree(directory, ignore_errors=True)


async def _load(world: World, megabytes_s: float, hours: float) -> None:
    for host in world.hosts:
        world.start(host)
    await world.until(lambda: len(world.ready()) == 3, 600)
    rng = random.Random(1)
    number = 0
    end_s = world.loop.time() + hours * 3_600
    while world.loop.time() < end_s:
        await asyncio.sleep(PUSH_EVERY_S)
        left = int(megabytes_s * 1e6 * PUSH_EVERY_S / LINE_BYTES)
        while left > 0:
            count = min(left, 5_000)
            now_ns = world.now_ns()
            lines = [
                (rng.randrange(20), now_ns + n, f"{number + n} {rng.getrandbits(600):x} " + "common words of a log line " * 2) for n in range(count)
            ]
            host = rng.choice(world.hosts)
            assert host.node is not None, world.journal.entries
            assert host.process is not None
            await world.loop.create_task(host.node.distributor.push(TENANTS[0], batch(lines)), context=host.process.context.copy())
            left, number = left - count, number + count


def _visible(world: World) -> list[int]:
    node = world.hosts[0].node
    assert node is not None
    return [meta.nbytes for meta in node.catalogue.catalog.blocks(TENANTS[0], LOGS)]


def main(megabytes_s: float, hours: float) -> int:
    # A process for each: what the first world leaves behind is collected some time later, and then cancels tasks of the second.
    with ProcessPoolExecutor(1, max_tasks_per_child=1) as processes:
        for compacts in (False, True):
            print(processes.submit(measure, megabytes_s, hours, compacts=compacts).result(), flush=True)
    return 0

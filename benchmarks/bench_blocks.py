"""What does a flush cost, and how large is what it writes?

Sketch for 1M lines on one core: order 0.1 s, gather 0.1 s, Parquet with zstd-3 0.7 s, digests 0.1 s: 1.0 CPU-s; 212 MB as pushed → 61 MB, 3.5 times.
Measured: 1.2 to 1.4 CPU-s, 60.9 MB, lines 56.4 of it, ts 2.4, its copy in microseconds 2.0. Four times needs more than zstd: level 19 saves 13 %.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.datasets import LOKI, dataset
from benchmarks.parts import batches
from benchmarks.report import Figure
from benchmarks.scale import Scale
from lgtm.blocks.lineage import flushed_identities
from lgtm.blocks.union import RowUnion
from lgtm.blocks.writer import dates_of, write_block
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT


def run(scale: Scale) -> list[Figure]:
    data = dataset(LOKI, scale.loki)
    began = time.process_time()
    found = batches(data)
    decode_s = time.process_time() - began
    (identity,) = flushed_identities(LOGS, DEFAULT_TENANT, dates_of(found), wal_id="bench", first_segment=1, last_segment=1, parts=())
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-blocks-") as directory:
        cpu, wall = time.process_time(), time.perf_counter()
        written = write_block(RowUnion(found), identity, Path(directory), created_ns=0)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        nbytes = sum(path.stat().st_size for path in written.files.values())
    per_million = 1e6 / data.shape.lines
    return [
        Figure("Decoding Loki pushes (snappy, protobuf → columns)", decode_s * per_million, "CPU-s/1M lines"),
        Figure("Block: sort, dedupe, Parquet, digests", cpu * per_million, f"CPU-s/1M lines ({wall * per_million:.2f} s wall)"),
        Figure("Block: raw bytes / block bytes, one block", data.raw_bytes / nbytes, "times smaller"),
    ]

"""How long does it take to find a trace by its id, and what does the index of ids cost?

Sketch for 100 blocks of 20,000 spans, ten a trace: 2,000 keys a block, 18 KB, so 2 MB in all. To open one (map, digest, a thread) 0.15 ms, 15 ms in
all; to search an open one 0.03 ms, 3 ms in all; the rows of the one block that has the trace 10 ms, a row group with all columns. Writing: a sort of
8 bytes a span, 0.1 CPU-s a million. Measured while a core was free: 18 to 25 ms, 4 to 5 ms, 5 to 13 ms, 0.1 CPU-s.
Most of the first is threads, not files: 100 indexes opened one behind the other take 5 ms. Without an index all ids are read: 320 ms.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
from prometheus_client import CollectorRegistry

from benchmarks.report import Figure
from benchmarks.scale import Scale
from lgtm.blocks.layout import TRACES_FILE
from lgtm.blocks.lineage import flushed_identities
from lgtm.blocks.meta import BlockMeta, PartInterval
from lgtm.blocks.trace_index import TraceIndexBuilder
from lgtm.blocks.writer import WrittenBlock, dates_of, write_block
from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.limits import DAY_NS
from lgtm.model.part_ids import PartIds
from lgtm.model.series import Series
from lgtm.model.signal import SPANS, TRACE_ID, Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window
from lgtm.query.blocks import BlockSource
from lgtm.query.source import EVERYTHING, Request
from lgtm.storage.fetch import BlockFiles
from lgtm.storage.local import LocalStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.publish import publish

SERVICES = 8
SPANS_A_TRACE = 10
DAY_START_NS = 20_000 * DAY_NS
MINUTE_NS = 60 * 10**9
RUNS = 5


class _Catalog:
    def __init__(self, metas: Sequence[BlockMeta]) -> None:
        self._metas = metas

    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:  # noqa: ARG002 # they are all there is
        return list(self._metas)

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:  # noqa: ARG002 # nothing is in memory
        return PartIds()

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:  # noqa: ARG002 # as is
        return ()


def run(scale: Scale) -> list[Figure]:
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory(prefix="lgtm-bench-traces-") as directory:
        return [_writing(scale, rng), *asyncio.run(_look_ups(scale, rng, Path(directory)))]


def _writing(scale: Scale, rng: np.random.Generator) -> Figure:
    """Building alone, ids in no order and 25,000 rows a row group: the index is most of a flush's extra work, its digest the rest."""
    ids = spans(scale.trace_blocks * scale.trace_spans // 2, 0, rng).rows.column(TRACE_ID)
    ids = ids.take(pa.array(rng.permutation(len(ids))))
    builder, began = TraceIndexBuilder(), time.process_time()
    for start in range(0, len(ids), 25_000):
        builder.add(ids.slice(start, 25_000))
    builder.finish()
    return Figure("Index of traces: built", (time.process_time() - began) * 1e6 / len(ids), "CPU-s/1M spans", target=0.3)


async def _look_ups(scale: Scale, rng: np.random.Generator, directory: Path) -> list[Figure]:
    metrics, store = StorageMetrics(CollectorRegistry()), LocalStore(directory / "store")
    metas, wanted = [], b""
    for number in range(scale.trace_blocks):
        batch = spans(scale.trace_spans, number, rng)
        wanted = batch.rows.column(TRACE_ID)[0].as_py()
        block = _written(batch, number, directory / str(number))
        metas.append(await publish(store, block.files, block.meta, metrics))
    request = Request(DEFAULT_TENANT, SPANS, (), ALWAYS, TraceIds.of([wanted]))

    async def files() -> BlockFiles:
        made = BlockFiles(store, directory / "cache", 1 << 40, metrics)
        await made.start()
        return made

    older = [dataclasses.replace(meta, files={name: file for name, file in meta.files.items() if name != TRACES_FILE}) for meta in metas]
    opening = [await _look_up(await files(), metas, request) for _ in range(RUNS)]
    opened, opened_older = await files(), await files()
    again = [await _look_up(opened, metas, request) for _ in range(RUNS + 1)][1:]
    scans = [await _look_up(opened_older, older, request) for _ in range(2)][1:]
    await store.close()
    blocks = f"{scale.trace_blocks} blocks"
    nbytes = sum(meta.files[TRACES_FILE].nbytes for meta in metas) / (scale.trace_blocks * scale.trace_spans)
    return [
        Figure("Index of traces: size", nbytes, "bytes a span", target=1.2),
        Figure(f"A trace in {blocks}: their indexes, none open", _median(opening, 0), "ms", target=20),
        Figure(f"A trace in {blocks}: their indexes, all open", _median(again, 0), "ms", target=10),
        Figure(f"A trace in {blocks}: its {SPANS_A_TRACE} spans, found", _median(again, 1), "ms", target=20),
        Figure(f"A trace in {blocks} without an index", _median(scans, 0) + _median(scans, 1), "ms"),
    ]


async def _look_up(files: BlockFiles, metas: Sequence[BlockMeta], request: Request) -> tuple[float, float]:
    """Milliseconds for the indexes and for the rows."""
    source = BlockSource(_Catalog(metas), files.open, files.open_index)
    began = time.perf_counter()
    picked = await source.sift(source.pick(request)[0])
    sifted = time.perf_counter()
    async with AsyncExitStack() as stack:
        for rows in picked:
            await rows.prepare(stack, ALWAYS, EVERYTHING)
        found = sum(len(batch) for rows in picked for batch in rows.read(ALWAYS, EVERYTHING))
    assert found == SPANS_A_TRACE, f"{found} spans"
    return (sifted - began) * 1e3, (time.perf_counter() - sifted) * 1e3


def _median(runs: Sequence[tuple[float, float]], at: int) -> float:
    return float(np.median([run[at] for run in runs]))


def _written(batch: Batch, number: int, directory: Path) -> WrittenBlock:
    parts = [PartInterval(b"w" * 16, 1, number, number)]
    (identity,) = flushed_identities(SPANS, DEFAULT_TENANT, dates_of([batch]), wal_id="bench", first_segment=number, last_segment=number, parts=parts)
    directory.mkdir()
    return write_block([batch], identity, directory, created_ns=0)


def spans(count: int, minute: int, rng: np.random.Generator) -> Batch:
    """Traces of ten spans, spread over all services, within one minute of the day."""
    trace_of = np.repeat(np.arange(count // SPANS_A_TRACE), SPANS_A_TRACE)
    count = len(trace_of)
    starts = rng.integers(0, MINUTE_NS - 10**9, count // SPANS_A_TRACE)
    ids = rng.integers(0, 2**64, (count // SPANS_A_TRACE, 2), np.uint64)
    columns = {
        "series": pa.array(rng.integers(0, SERVICES, count).astype(np.uint32)),
        "ts": pa.array(DAY_START_NS + minute % 1_440 * MINUTE_NS + starts[trace_of] + rng.integers(0, 10**9, count)),
        TRACE_ID: _binary(16, ids[trace_of].tobytes()),
        "span_id": _binary(8, rng.bytes(8 * count)),
        "parent_id": _binary(8, rng.bytes(8 * count)),
        "duration_ns": pa.array(rng.integers(10**3, 10**9, count)),
        "name": _drawn([f"GET /route/{number}" for number in range(50)], count, rng),
        "kind": pa.array(rng.integers(1, 6, count).astype(np.int8)),
        "status": pa.array(rng.integers(0, 3, count).astype(np.int8)),
        "span.http.method": _drawn(["GET", "POST", "PUT"], count, rng),
        "span.http.url": _drawn([f"https://shop.example/{number}" for number in range(2_000)], count, rng),
        "span:int.http.status_code": pa.array(rng.choice(np.array([200, 404, 500]), count)),
    }
    series = tuple(Series.of((("resource.service.name", f"service-{number}"),)) for number in range(SERVICES))
    return Batch(SPANS, DEFAULT_TENANT, series, pa.record_batch(list(columns.values()), names=list(columns)))


def _binary(width: int, data: bytes) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(data) // width, [None, pa.py_buffer(data)])


def _drawn(values: list[str], count: int, rng: np.random.Generator) -> pa.Array:
    return pa.array(values).take(pa.array(rng.integers(0, len(values), count)))

"""Rows of some traces, wherever they lie: what is found is exact, and what has none of them is not fetched."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import DATA_FILES, TRACES_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader
from lgtm.blocks.trace_index import TraceIndex
from lgtm.blocks.writer import WrittenBlock
from lgtm.errors import Unavailable
from lgtm.ingester.head import Head
from lgtm.model.batch import Batch
from lgtm.model.part import PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import SPANS, Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window
from lgtm.query.blocks import BlockSource
from lgtm.query.heads import HeadSource
from lgtm.query.select import Order, QueryStats, Selection, gather
from lgtm.query.source import EVERYTHING, Holder, Request, RowSet
from lgtm.storage.fetch import BlockFiles, BlockGone
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.publish import publish
from query.loopback import remote_over
from support.blocks import DAY_START_NS, open_block, open_index, without_index, written_spans
from support.faultystore import FaultyStore
from support.spans import Span, span, spans_batch, spans_of

SPANS_OF = st.builds(
    lambda service, at_ns, trace, number: span(service, DAY_START_NS + at_ns, trace, number),
    st.sampled_from(["api", "web"]),
    st.integers(0, 20),
    st.integers(0, 6),
    st.integers(0, 100),
)
METRICS = StorageMetrics(CollectorRegistry())


class Catalog:
    def __init__(self, metas: Sequence[BlockMeta]) -> None:
        self._metas = metas

    def blocks(self, tenant: Tenant, signal: Signal, window: Window) -> list[BlockMeta]:
        return list(self._metas)

    def stored(self, tenant: Tenant, signal: Signal) -> PartIds:
        return PartIds()

    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return ()


class LocalBlocks:
    """Blocks of spans on this disk; those of odd number are of before there were indexes."""

    def __init__(self, groups: Sequence[Sequence[Span]], directory: Path) -> None:
        options = WriteOptions(row_group_rows=3)
        self._blocks: dict[str, WrittenBlock] = {}
        self.metas: list[BlockMeta] = []
        for number, spans in enumerate(groups):
            block = written_spans(spans, directory / str(number), generation=number, options=options)
            self._blocks[block.meta.block_id] = block
            self.metas.append(without_index(block.meta) if number % 2 else block.meta)

    @asynccontextmanager
    async def open(self, meta: BlockMeta) -> AsyncIterator[BlockReader]:
        yield open_block(self._blocks[meta.block_id])

    @asynccontextmanager
    async def open_index(self, meta: BlockMeta) -> AsyncIterator[TraceIndex | None]:
        yield open_index(self._blocks[meta.block_id]) if TRACES_FILE in meta.files else None

    @property
    def source(self) -> BlockSource:
        return BlockSource(Catalog(self.metas), self.open, self.open_index)


def traces_of(numbers: set[int] | list[int]) -> TraceIds:
    return TraceIds.of(number.to_bytes(16) for number in numbers)


def head_of(spans: Sequence[Span], name: str) -> list[Head]:
    head = Head(SPANS, DEFAULT_TENANT, name)
    for number, one in enumerate(spans):
        head.add(spans_batch([one]), PartId(name.encode().ljust(16), 1, number))
    return [head]


GROUP = st.lists(SPANS_OF, min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(st.lists(GROUP, max_size=4), st.lists(SPANS_OF, max_size=5), st.lists(SPANS_OF, max_size=5), st.sets(st.integers(0, 8)), st.integers(0, 20))
def test_spans_of_traces_are_found_in_blocks_in_heads_and_on_other_nodes(
    blocks: list[list[Span]], here: list[Span], there: list[Span], wanted: set[int], length: int
) -> None:
    window = Window(DAY_START_NS, DAY_START_NS + length + 1)
    request = Request(DEFAULT_TENANT, SPANS, (), window, traces_of(wanted))
    everything = {one.record: one for one in (*here, *there, *(one for group in blocks for one in group))}.values()
    expected = [one for one in everything if one.trace_id in set(traces_of(wanted)) and one.ts in window]

    async def ask(directory: Path) -> None:
        found: list[Batch] = []
        with ThreadPoolExecutor(1) as threads:
            heads, others = head_of(here, "here"), head_of(there, "there")
            holders: list[Holder] = [
                HeadSource("a", lambda *_: [head.snapshot() for head in heads]),
                remote_over(HeadSource("b", lambda *_: [head.snapshot() for head in others]), threads)[0],
            ]
            gathered = await gather(holders, LocalBlocks(blocks, directory).source, request, hedge_s=30)
            selection = Selection(threads, QueryStats(), 0)
            await selection.each(gathered.row_sets, window, EVERYTHING, Order(), found.append)
            assert sorted(one.record for one in spans_of(found)) == sorted(one.record for one in expected)
            async with AsyncExitStack() as stack:
                for rows in gathered.row_sets:
                    await rows.prepare(stack, window, EVERYTHING)
                labels = await asyncio.to_thread(lambda: {labels for rows in gathered.row_sets for labels in rows.series()})
                assert labels >= {one.labels for one in expected}
                assert labels <= {one.labels for one in everything if one.trace_id in set(traces_of(wanted))}

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(ask(Path(name)))


async def prepared(stack: AsyncExitStack, source: BlockSource, request: Request) -> list[RowSet]:
    picked, _ = source.pick(request)
    for rows in picked:
        await rows.prepare(stack, ALWAYS, EVERYTHING)
    return picked


async def test_a_block_whose_index_has_no_such_trace_answers_with_nothing(tmp_path: Path) -> None:
    source = LocalBlocks([[span("api", DAY_START_NS, 1, 1)]], tmp_path).source
    async with AsyncExitStack() as stack:
        (rows,) = await prepared(stack, source, Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces_of([2])))
        labels, counts, nbytes = rows.volumes(np.array([DAY_START_NS, DAY_START_NS + 1]))
        assert (list(rows.read(ALWAYS, EVERYTHING)), list(rows.series())) == ([], [])
        assert (list(labels), counts.shape, nbytes.shape) == ([], (0, 1), (0, 1))


@pytest.mark.parametrize("older", [False, True])
async def test_volumes_and_series_are_those_of_the_traces(tmp_path: Path, older: bool) -> None:
    spans = [span("api", DAY_START_NS, 1, 1), span("api", DAY_START_NS + 1, 2, 2), span("web", DAY_START_NS, 2, 3)]
    source = LocalBlocks([[span("db", DAY_START_NS, 9, 9)], spans] if older else [spans], tmp_path).source
    async with AsyncExitStack() as stack:
        rows = (await prepared(stack, source, Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces_of([1]))))[-1]
        assert [dict(labels) for labels in rows.series()] == [{"resource.service.name": "api"}]
        _, counts, _ = rows.volumes(np.array([DAY_START_NS, DAY_START_NS + 10]))
        assert counts.tolist() == [[1], [0]]


async def published(store: FaultyStore, directory: Path, count: int) -> list[BlockMeta]:
    """Blocks of ten traces each."""
    groups = [[span("api", DAY_START_NS + n, 10 * block + n, n) for n in range(10)] for block in range(count)]
    written = [written_spans(spans, directory / str(number), generation=number) for number, spans in enumerate(groups)]
    return [await publish(store, block.files, block.meta, METRICS) for block in written]


async def test_rows_are_fetched_of_blocks_with_a_hit_only(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    metas = await published(store, tmp_path, 20)
    files = BlockFiles(store, tmp_path / "cache", 10**9, METRICS)
    await files.start()
    source = BlockSource(Catalog(metas), files.open, files.open_index)
    request = Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces_of([57, 1_000]))

    (rows,) = await source.sift(source.pick(request)[0])
    async with AsyncExitStack() as stack:
        await rows.prepare(stack, ALWAYS, EVERYTHING)
        found = spans_of(list(rows.read(ALWAYS, EVERYTHING)))

    assert [int.from_bytes(one.trace_id) for one in found] == [57]
    fetched = [call.rpartition("/")[2] for call in store.calls if call.startswith("get_file")]
    assert sorted(fetched) == sorted([TRACES_FILE] * 20 + list(DATA_FILES))


async def test_many_traces_are_looked_for_off_the_loop(tmp_path: Path) -> None:
    blocks = LocalBlocks([[span("api", DAY_START_NS, 3_000, 1)], [span("api", DAY_START_NS, 1, 1)], [span("api", DAY_START_NS, 4_000, 1)]], tmp_path)
    request = Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces_of(set(range(3_500))))
    picked, _ = blocks.source.pick(request)
    assert [picked.index(rows) for rows in await blocks.source.sift(picked)] == [0, 1]


async def test_a_block_that_was_erased_meanwhile_ends_the_look_up(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    metas = await published(store, tmp_path, 3)
    await store.delete(metas[1].key_of(TRACES_FILE))
    files = BlockFiles(store, tmp_path / "cache", 10**9, METRICS)
    await files.start()
    source = BlockSource(Catalog(metas), files.open, files.open_index)
    with pytest.raises(BlockGone):
        await source.sift(source.pick(Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces_of([1])))[0])

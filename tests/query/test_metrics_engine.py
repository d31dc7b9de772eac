"""PromQL and its side questions over heads and blocks answer what was sent, each sample once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import struct
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import ManualClock
from lgtm.distributor.metric_metadata import metadata_at, said_at
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, labels_of
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import EXEMPLARS, METADATA, SAMPLES, Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.promql.errors import TooManySamples
from lgtm.promql.parser import parse
from lgtm.promql.times import Times
from lgtm.query.admission import QueryTimeout
from lgtm.query.config import QueryConfig
from lgtm.query.metric_limits import RangeTooLong, TooManySeries
from lgtm.query.metrics import QueryMetrics
from lgtm.query.metrics_engine import MetricsEngine, QueryCancelled
from lgtm.query.reader import Reader
from lgtm.wire.decoded_samples import Metadata
from query.stores import WAL_ID, Store, sources_of
from support.samples import decoded_samples, metric, samples_batch

A, B = metric("up", job="a"), metric("up", job="b")
MINUTE = 60_000


@asynccontextmanager
async def engine_over(store: Store, limits: Limits | None = None) -> AsyncIterator[MetricsEngine]:
    heads, blocks = sources_of(store)
    with ThreadPoolExecutor(2) as threads:
        reader = Reader(lambda: [heads], blocks, TenantLimits(limits or Limits()), threads, QueryConfig(), QueryMetrics(CollectorRegistry()))

        async def say(signal: Signal, tenant: Tenant, said: Sequence[Labels]) -> None:
            accepted = said_at(tuple(map(Series.of, said)), 0)
            store.heads[3] = generation(3, [Batch(signal, tenant, accepted.series, accepted.rows)])

        yield MetricsEngine(reader, say, ManualClock(100 * MINUTE * 1_000_000))


def generation(number: int, groups: Sequence[Batch]) -> Generation:
    found = Generation(WAL_ID, number, 0)
    for sequence, batch in enumerate(groups):
        found.add(Part(PartId(b"w" * 16, number, sequence), ("a",), batch))
    return found


def spread(directory: Path, in_blocks: Sequence[Batch], in_memory: Sequence[Batch]) -> Store:
    store = Store(directory)
    if in_blocks:
        store.blocks += write_blocks(generation(1, in_blocks), 1, directory, created_ns=0)
    store.heads[2] = generation(2, in_memory)
    return store


def instant(result: object) -> list[tuple[Labels, list[float]]]:
    return [(labels, points.values.tolist()) for labels, points, _ in result.series()]  # type: ignore[attr-defined]


async def test_samples_of_blocks_and_heads_are_one_series_and_the_first_of_a_time_counts(tmp_path: Path) -> None:
    store = spread(
        tmp_path,
        [samples_batch([(A, MINUTE, 1.0), (B, MINUTE, 5.0)]), samples_batch([(A, 2 * MINUTE, 2.0)])],
        [samples_batch([(A, 2 * MINUTE, 99.0), (A, 3 * MINUTE, 3.0), (A, 1, 0.5)])],
    )
    async with engine_over(store) as engine:
        answer = await engine.query(DEFAULT_TENANT, parse("up[5m]"), Times(3 * MINUTE, 3 * MINUTE))
        assert instant(answer.result) == [(A, [0.5, 1.0, 2.0, 3.0]), (B, [5.0])]
        answer = await engine.query(DEFAULT_TENANT, parse('sum(up{job="a"})'), Times(MINUTE, 3 * MINUTE, MINUTE))
        assert instant(answer.result) == [((), [1.0, 2.0, 3.0])]
        found, warnings = await engine.select(DEFAULT_TENANT, (Matcher("job", MatchOp.EQ, "a"),), MINUTE - 1, 2 * MINUTE)
        assert not warnings
        assert (found.ts_ms.tolist(), found.values.tolist()) == ([MINUTE, 2 * MINUTE], [1.0, 2.0])


async def test_of_samples_of_one_time_in_several_blocks_that_of_the_first_flush_counts_whatever_the_times_in_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for flushed_ns, batch in ((1, [(A, MINUTE, 1.0)]), (2, [(A, 0, 0.0), (A, MINUTE, 99.0)]), (3, [(A, MINUTE, 98.0), (A, 2 * MINUTE, 2.0)])):
        store.blocks += write_blocks(generation(flushed_ns, [samples_batch(batch)]), flushed_ns, tmp_path, created_ns=flushed_ns)
    for blocks in itertools.permutations(store.blocks):
        store.blocks = list(blocks)
        async with engine_over(store) as engine:
            answer = await engine.query(DEFAULT_TENANT, parse("up[5m]"), Times(2 * MINUTE, 2 * MINUTE))
        assert instant(answer.result) == [(A, [0.0, 1.0, 2.0])]


async def test_series_and_labels_are_those_with_samples_in_the_time_asked_for(tmp_path: Path) -> None:
    store = spread(tmp_path, [samples_batch([(A, MINUTE, 1.0)])], [samples_batch([(B, 5 * MINUTE, 1.0), (metric("down"), 5 * MINUTE, 1.0)])])
    async with engine_over(store) as engine:
        assert (await engine.series(DEFAULT_TENANT, [], 0, 9 * MINUTE)).series == sorted([A, B, metric("down")])
        assert (await engine.series(DEFAULT_TENANT, [(Matcher("__name__", MatchOp.EQ, "up"),)], 4 * MINUTE, 9 * MINUTE)).series == [B]
        assert (await engine.label_names(DEFAULT_TENANT, [], 0, 9 * MINUTE)).names == ["__name__", "job"]
        assert (await engine.label_values(DEFAULT_TENANT, "job", [], 0, 9 * MINUTE, limit=1)).names == ["a"]


async def test_exemplars_and_metadata(tmp_path: Path) -> None:
    decoded = decoded_samples([], exemplars=[(A, MINUTE, 0.5, {"trace_id": "x"}), (B, MINUTE, 0.7, {"trace_id": "y"})])
    assert decoded.exemplars is not None
    exemplars = Batch(EXEMPLARS, DEFAULT_TENANT, (Series.of(A), Series.of(B)), decoded.exemplars)
    said = metadata_at((Metadata("up", "gauge", "Whether.", ""), Metadata("up", "gauge", "Other.", "")), 5)
    assert said is not None
    store = spread(tmp_path, [exemplars], [exemplars, Batch(METADATA, DEFAULT_TENANT, said.series, said.rows)])
    async with engine_over(store) as engine:
        found = await engine.exemplars(DEFAULT_TENANT, [(Matcher("job", MatchOp.EQ, "a"),)], 0, 2 * MINUTE)
        assert [(of.labels, [(one.labels, one.value, one.ts_ms) for one in of.exemplars]) for of in found.series] == [
            (A, [((("trace_id", "x"),), 0.5, MINUTE)])
        ]
        metadata = await engine.metadata(DEFAULT_TENANT)
        assert metadata == {"up": [Metadata("up", "gauge", "Other.", ""), Metadata("up", "gauge", "Whether.", "")]}
        assert await engine.metadata(DEFAULT_TENANT, "down") == {}


async def test_what_was_deleted_is_hidden_and_nothing_else(tmp_path: Path) -> None:
    store = spread(tmp_path, [samples_batch([(A, MINUTE, 1.0), (B, MINUTE, 5.0)])], [samples_batch([(A, 2 * MINUTE, 2.0), (A, 3 * MINUTE, 3.0)])])
    async with engine_over(store) as engine:
        await engine.delete_series(DEFAULT_TENANT, [(Matcher("job", MatchOp.RE, "a|c"),)], 0, 2 * MINUTE)
        answer = await engine.query(DEFAULT_TENANT, parse("up[5m]"), Times(3 * MINUTE, 3 * MINUTE))
        assert instant(answer.result) == [(A, [3.0]), (B, [5.0])]


async def test_native_histograms_are_read(tmp_path: Path) -> None:
    message = bytes([0x08, 3, 0x19]) + struct.pack("<d", 6.0) + bytes([0x20, 0, 0x5A, 4, 0x08, 2, 0x10, 2, 0x62, 2, 2, 2])
    batch = samples_batch([(A, MINUTE, 6.0)])
    rows = batch.rows.append_column(SAMPLES.columns.field("histogram"), pa.array([message], pa.binary()))
    store = spread(tmp_path, [], [Batch(batch.signal, batch.tenant, batch.series, rows), samples_batch([(B, MINUTE, 1.0)])])
    async with engine_over(store) as engine:
        answer = await engine.query(DEFAULT_TENANT, parse("histogram_count(up)"), Times(MINUTE, MINUTE))
        assert instant(answer.result) == [(labels_of({"job": "a"}), [3.0])]


async def test_a_query_that_nobody_waits_for_any_more_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def goes_on(*_: object, check: Callable[[], None], **__: object) -> None:
        begun.set()
        try:
            while True:
                check()
        except QueryCancelled:
            ended.set()
            raise

    monkeypatch.setattr("lgtm.query.metrics_engine.evaluate", goes_on)
    async with engine_over(spread(tmp_path, [], [samples_batch([(A, 1, 1.0)])])) as engine:
        asked = asyncio.ensure_future(engine.query(DEFAULT_TENANT, parse("up"), Times(1, 1)))
        await asyncio.to_thread(begun.wait)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert ended.is_set()
        with pytest.raises(QueryTimeout):
            await engine.query(DEFAULT_TENANT, parse("up"), Times(1, 1), timeout_s=0.01)


class _Held:
    """Something large that an evaluation holds."""


async def test_a_query_that_fails_holds_nothing_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not until cycles are looked for, which happens when many objects were made: a few columns are few objects."""
    held: list[weakref.ref[_Held]] = []

    def fails(*_: object, **__: object) -> None:
        large = _Held()
        held.append(weakref.ref(large))
        raise TooManySamples

    monkeypatch.setattr("lgtm.query.metrics_engine.evaluate", fails)
    gc.disable()
    try:
        async with engine_over(spread(tmp_path, [], [samples_batch([(A, 1, 1.0)])])) as engine:
            with contextlib.suppress(TooManySamples):
                await engine.query(DEFAULT_TENANT, parse("up"), Times(1, 1))
        for _ in range(3):
            await asyncio.sleep(0)  # the loop holds what it called last
        assert [one() for one in held] == [None]
    finally:
        gc.enable()


async def test_samples_are_read_up_to_the_bound_and_copies_of_them(tmp_path: Path) -> None:
    samples = [(A, at, float(at)) for at in range(1, 6)]
    async with engine_over(spread(tmp_path, [samples_batch(samples)], [samples_batch(samples), samples_batch(samples)])) as engine:
        engine._samples_max = 5
        found = await engine.query(DEFAULT_TENANT, parse("count_over_time(up[1m])"), Times(5, 5))
        assert instant(found.result) == [((("job", "a"),), [5.0])]
        engine._samples_max = 4
        with pytest.raises(TooManySamples):
            await engine.query(DEFAULT_TENANT, parse("count_over_time(up[1m])"), Times(5, 5))


async def test_exemplars_older_than_the_lookback_are_not_shown(tmp_path: Path) -> None:
    """The clock stands at 100 minutes."""
    sent = decoded_samples([], exemplars=[(A, at * MINUTE, 1.0, {"trace_id": str(at)}) for at in (97, 99)])
    assert sent.exemplars is not None
    batch = Batch(EXEMPLARS, DEFAULT_TENANT, (Series.of(A),), sent.exemplars)
    async with engine_over(spread(tmp_path, [], [batch]), Limits(metrics_max_query_lookback_ns=2 * 60 * 10**9)) as engine:
        ((_, found),) = ((one.labels, one.exemplars) for one in (await engine.exemplars(DEFAULT_TENANT, [()], 0, 100 * MINUTE)).series)
        assert [one.ts_ms for one in found] == [99 * MINUTE]
        assert (await engine.exemplars(DEFAULT_TENANT, [()], 0, 97 * MINUTE)).series == []


async def test_limits_of_the_tenant_hold_for_what_is_read(tmp_path: Path) -> None:
    """The clock stands at 100 minutes."""
    samples = samples_batch([(A, 98 * MINUTE, 1.0), (B, 98 * MINUTE, 1.0), (A, 99 * MINUTE, 2.0)])
    limits = Limits(metrics_max_query_length_ns=MINUTE * 1_000_000, metrics_max_query_lookback_ns=90 * 10**9, metrics_max_fetched_series=1)
    async with engine_over(spread(tmp_path, [], [samples]), limits) as engine:
        asked = partial(engine.query, DEFAULT_TENANT, parse("count_over_time(up[1h])"))
        assert instant((await asked(Times(100 * MINUTE, 100 * MINUTE))).result) == [((("job", "a"),), [1.0])]
        assert (await asked(Times(98 * MINUTE, 98 * MINUTE))).result.series() == []
        with pytest.raises(RangeTooLong):
            await asked(Times(98 * MINUTE, 100 * MINUTE, MINUTE))
        assert (await engine.series(DEFAULT_TENANT, [], 0, 100 * MINUTE)).series == [A]
        assert (await engine.series(DEFAULT_TENANT, [], 0, 98 * MINUTE)).series == []
    async with engine_over(spread(tmp_path, [], [samples]), Limits(metrics_max_fetched_series=1)) as engine:
        with pytest.raises(TooManySeries):
            await engine.query(DEFAULT_TENANT, parse("up"), Times(99 * MINUTE, 99 * MINUTE))
        both = parse("up{job='a'} + on() up{job='b'}")
        with pytest.raises(TooManySeries):
            await engine.query(DEFAULT_TENANT, both, Times(99 * MINUTE, 99 * MINUTE))

"""The engine answers over heads and blocks, stretch by stretch, what the language answers over all spans at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import NS_PER_S
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.model.batch import Batch
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.part import Part, PartId
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.window import ALWAYS, Window
from lgtm.query.config import QueryConfig
from lgtm.query.metrics import QueryMetrics
from lgtm.query.reader import Reader
from lgtm.query.trace_engine import TraceEngine
from lgtm.traceql.field_syntax import SCOPES, TRUE, Attribute, Intrinsic
from lgtm.traceql.from_rows import span_table
from lgtm.traceql.lenient import parse_filter
from lgtm.traceql.metrics import Metrics, Series
from lgtm.traceql.parser import parse
from lgtm.traceql.search import FoundTrace, Search
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.tags import BareTagValues, TagNames, TagValues
from query.stores import WAL_ID, Store, sources_of
from support.spans import Span, span, spans_batch, spans_of
from traceql.dataset import T0_NS, read_lines
from traceql.dataset_otlp import batches
from traceql.test_from_rows import EVERYTHING

WHOLE = Window(T0_NS - 3600 * NS_PER_S, T0_NS + 2 * 3600 * NS_PER_S)


@asynccontextmanager
async def engine_over(store: Store, limits: Limits | None = None, **config: Any) -> AsyncIterator[TraceEngine]:
    heads, blocks = sources_of(store)
    with ThreadPoolExecutor(2) as threads:
        settings = QueryConfig(**{"first_slice_rows": 16} | config)
        yield TraceEngine(Reader(lambda: [heads], blocks, TenantLimits(limits), threads, settings, QueryMetrics(CollectorRegistry())))


def generation(number: int, groups: Sequence[Batch]) -> Generation:
    found = Generation(WAL_ID, number, 0)
    for sequence, batch in enumerate(groups):
        found.add(Part(PartId(b"w" * 16, number, sequence), ("a",), batch))
    return found


def spread(directory: Path, *, in_blocks: Sequence[Sequence[Batch]], in_memory: Sequence[Batch]) -> Store:
    store = Store(directory)
    for number, groups in enumerate(in_blocks, 1):
        store.blocks += write_blocks(generation(number, groups), number, directory, created_ns=0)
    store.heads[99] = generation(99, in_memory)
    return store


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Each trace in three pieces: one in memory, the others in blocks, one of them twice."""
    one, two, three = batches()
    return spread(tmp_path_factory.mktemp("blocks"), in_blocks=[[one, two], [two]], in_memory=[three])


@pytest.fixture(scope="module")
def table() -> SpanTable:
    return span_table(batches(), EVERYTHING)


def queries(area: str, every: int) -> list[str]:
    asked = [
        case["params"]["q"] for case in read_lines("cases.jsonl.gz") if case["area"] == area and case["status"] == 200 and case["params"].get("q")
    ]
    return sorted(set(asked))[::every]


def shown(traces: Sequence[FoundTrace]) -> list[Any]:
    """Which spans of a set are shown first is left open."""
    return [
        (
            one.trace_id, one.root_service_name, one.root_name, one.start_ns, one.duration_ms, sorted(one.service_stats.items()),
            sorted(repr((sets.matched, sorted(map(repr, sets.spans)), sorted(map(repr, sets.attributes)))) for sets in one.spansets),
        )
        for one in traces
    ]  # fmt: skip


@pytest.mark.parametrize("area", ["search_intrinsics", "search_attributes", "search_structural", "search_pipeline"])
async def test_searches(recorded: Store, table: SpanTable, area: str) -> None:
    async with engine_over(recorded) as engine:
        for text in queries(area, 12):
            query = parse(text)
            expected = Search(query, limit=1_000, spans_max=0, window=(WHOLE.start_ns, WHOLE.end_ns - 1))
            expected.add(table)
            found = await engine.search(DEFAULT_TENANT, query, limit=1_000, spans_max=0, window=WHOLE)
            assert shown(found.traces) == shown(expected.results()), text
            newest = await engine.search(DEFAULT_TENANT, query, limit=3, spans_max=0, window=WHOLE)
            starts = [one.start_ns for one in expected.results()[:3]]
            assert [one.start_ns for one in newest.traces] == starts, text


def told(series: Sequence[Series]) -> list[Any]:
    return [(repr(one.labels), one.values[one.present].tolist(), one.present.tolist()) for one in series]


@pytest.mark.parametrize("area", ["metrics_range", "metrics_instant"])
async def test_metrics(recorded: Store, table: SpanTable, area: str) -> None:
    steps = Steps.ranging(T0_NS, T0_NS + 1800 * NS_PER_S, 60 * NS_PER_S)
    async with engine_over(recorded) as engine:
        for text in queries(area, 15):
            if "nestedSetParent" in text:
                continue  # see the test of roots
            query = parse(text)
            expected = Metrics(query, steps)
            expected.add(table)
            found = await engine.metrics(DEFAULT_TENANT, query, steps, exemplars=0)
            for one, other in zip(told(found.series), told(expected.results()), strict=True):
                assert one[0] == other[0], text
                assert one[1] == pytest.approx(other[1], nan_ok=True), text
                assert one[2] == other[2], text


async def test_tags(recorded: Store, table: SpanTable) -> None:
    conditions = [TRUE, parse_filter('{ resource.service.name = "api" }'), parse_filter("{ status = error }")]
    async with engine_over(recorded) as engine:
        for condition in conditions:
            names, values = TagNames(condition), TagValues(Attribute("span", "http.status_code"), condition)
            names.add(table)
            values.add(table)
            assert (await engine.tag_names(DEFAULT_TENANT, condition, WHOLE)).names == {scope: names.names(scope) for scope in SCOPES}
            found = await engine.tag_values(DEFAULT_TENANT, Attribute("span", "http.status_code"), condition, WHOLE)
            assert found.values == values.values()
        for field in (Intrinsic("name"), Intrinsic("rootName"), Attribute("", "service.name"), Attribute("event", "exception.type")):
            of_all = TagValues(field)
            of_all.add(table)
            assert (await engine.tag_values(DEFAULT_TENANT, field, TRUE, WHOLE)).values == of_all.values(), field
        for key in ("service.name", "name", "root.name", "http.method"):
            bare = BareTagValues(key)
            bare.add(table)
            assert (await engine.bare_tag_values(DEFAULT_TENANT, key, WHOLE)).values == bare.values(), key


SECOND = NS_PER_S
MOMENT = T0_NS + 1_000 * SECOND


async def test_a_trace_is_one_from_memory_and_all_blocks_and_copies_are_dropped(tmp_path: Path) -> None:
    pieces = [span("shop", MOMENT + n * SECOND, 7, n + 1, attributes={"span:int.n": n}) for n in range(6)]
    others = [span("shop", MOMENT + n, 8, n + 1) for n in range(6)]
    store = spread(
        tmp_path,
        in_blocks=[[spans_batch(pieces[:2] + others)], [spans_batch(pieces[1:4])]],
        in_memory=[spans_batch(pieces[3:5]), spans_batch(pieces[4:])],
    )
    async with engine_over(store) as engine:
        found = await engine.trace(DEFAULT_TENANT, (7).to_bytes(16), ALWAYS)
        assert sorted(repr(one.record) for one in spans_of(found.batches)) == sorted(repr(one.record) for one in pieces)
        assert (await engine.trace(DEFAULT_TENANT, (9).to_bytes(16), ALWAYS)).batches == []


async def test_of_a_trace_beyond_the_limit_the_first_rows_are_answered_and_that_it_is_cut(tmp_path: Path) -> None:
    store = spread(tmp_path, in_blocks=[[spans_batch([span("shop", MOMENT, 7, 1)])]], in_memory=[spans_batch([span("shop", MOMENT + 1, 7, 2)])])
    async with engine_over(store, Limits(max_bytes_per_trace=60)) as engine:
        found = await engine.trace(DEFAULT_TENANT, (7).to_bytes(16), ALWAYS)
        assert found.bytes_max == 60
        assert [one.span_id[-1] for one in spans_of(found.batches)] == [1]


def lasting(start_s: int, seconds: int, trace: int, number: int = 1, **fixed: Any) -> Span:
    return span("shop", MOMENT + start_s * SECOND, trace, number, duration_ns=seconds * SECOND, **fixed)


async def test_metrics_of_roots_count_spans_without_a_parent(tmp_path: Path) -> None:
    """Also where an id occurs three times in a trace, which then has no tree: they are told one by one."""
    spans = [span("shop", MOMENT + n, 1, 5, name=f"n{n}") for n in range(3)] + [span("shop", MOMENT, 1, 6, parent_id=(5).to_bytes(8))]
    store = spread(tmp_path, in_blocks=[[spans_batch(spans)]], in_memory=[])
    steps = Steps.instant(MOMENT - SECOND, MOMENT + SECOND)
    async with engine_over(store) as engine:
        (series,) = (await engine.metrics(DEFAULT_TENANT, parse("{ nestedSetParent < 0 } | count_over_time()"), steps, exemplars=0)).series
    assert series.values.tolist() == [3]


async def test_traces_that_began_earlier_and_last_into_the_window_are_found(tmp_path: Path) -> None:
    spans = [lasting(-100, 200, 1), lasting(-100, 50, 2), lasting(-90, 1, 1, 2, name="inner", parent_id=(1).to_bytes(8)), lasting(5, 1, 3)]
    store = spread(tmp_path, in_blocks=[[spans_batch(spans)]], in_memory=[])
    window = Window(MOMENT, MOMENT + 10 * SECOND)
    async with engine_over(store) as engine:
        found = await engine.search(DEFAULT_TENANT, parse("{}"), limit=10, spans_max=3, window=window)
        assert [one.trace_id[-1] for one in found.traces] == ["3", "1"]
        inner = await engine.search(DEFAULT_TENANT, parse('{ name = "inner" }'), limit=10, spans_max=3, window=window)
        assert [one.trace_id[-1] for one in inner.traces] == ["1"]
        none = await engine.search(DEFAULT_TENANT, parse("{}"), limit=1, spans_max=3, window=window)
        assert [one.trace_id[-1] for one in none.traces] == ["3"]


async def test_what_of_a_trace_lies_beyond_the_window_belongs_to_it(tmp_path: Path) -> None:
    spans = [lasting(0, 1, 1), lasting(300, 1, 1, 2, name="late", parent_id=(1).to_bytes(8))]
    store = spread(tmp_path, in_blocks=[[spans_batch(spans[:1])]], in_memory=[spans_batch(spans[1:])])
    window = Window(MOMENT, MOMENT + 10 * SECOND)
    async with engine_over(store) as engine:
        (found,) = (await engine.search(DEFAULT_TENANT, parse("{}"), limit=10, spans_max=3, window=window)).traces
        assert (found.duration_ms, found.spansets[0].matched) == (301_000, 2)
    async with engine_over(store, trace_reach_s=10.0) as engine:
        (found,) = (await engine.search(DEFAULT_TENANT, parse("{}"), limit=10, spans_max=3, window=window)).traces
        assert (found.duration_ms, found.spansets[0].matched) == (1_000, 1)


async def test_a_trace_of_the_window_is_found_by_a_span_behind_its_end(tmp_path: Path) -> None:
    spans = [lasting(0, 1, 1), lasting(20, 1, 1, 2, name="late", parent_id=(1).to_bytes(8)), lasting(30, 1, 2, name="late"), lasting(5, 1, 3)]
    store = spread(tmp_path, in_blocks=[[spans_batch(spans)]], in_memory=[])
    async with engine_over(store) as engine:
        found = await engine.search(DEFAULT_TENANT, parse('{ name = "late" }'), limit=1, spans_max=3, window=Window(MOMENT, MOMENT + 10 * SECOND))
        assert [one.trace_id[-1] for one in found.traces] == ["1"]

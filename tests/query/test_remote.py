"""Rows on several nodes: the same answers as if all were here, each part read from one place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from lgtm.errors import Unavailable
from lgtm.ingester.generation import Generation
from lgtm.ingester.head import HeadSnapshot
from lgtm.ingester.tails import Tails
from lgtm.logql.parser import parse, parse_log_selector
from lgtm.logql.syntax import LogExpr
from lgtm.model.limits import TenantLimits
from lgtm.model.part import Part, PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import Signal
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.window import Window
from lgtm.query.config import QueryConfig
from lgtm.query.engine import QueryEngine
from lgtm.query.heads import HeadSource
from lgtm.query.metrics import QueryMetrics
from lgtm.query.reader import Reader
from lgtm.query.remote import RemoteRows
from lgtm.query.select import Gathered
from lgtm.query.source import Holder, Request, RowSet
from query.loopback import Loopback, remote_over
from support.rows import Entry, batch_of, entry

SECOND = 10**9
EVERY = Window(0, 100 * SECOND)
ENTRIES = st.builds(
    lambda app, second, line: entry(app, second * SECOND, line, trace=line),
    st.sampled_from(["api", "web"]),
    st.integers(0, 20),
    st.sampled_from("xyz"),
)
PLACES = st.sets(st.sampled_from("abc"), min_size=1)


class NoBlocks:
    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return ()

    def pick(self, request: Request) -> tuple[Sequence[RowSet], PartIds]:
        return (), PartIds()

    async def sift(self, picked: Sequence[RowSet]) -> Sequence[RowSet]:
        return picked


class Cluster:
    """Generations of nodes a (this one), b and c; parts lie on any of them."""

    def __init__(self, parts: Sequence[tuple[set[str], list[Entry]]]) -> None:
        self.nodes = {name: Generation(name * 32, 1, 0) for name in "abc"}
        for sequence, (places, entries) in enumerate(parts):
            for name in sorted(places):
                self.nodes[name].add(Part(PartId(b"w" * 16, 1, sequence), tuple(sorted(places)), batch_of(entries)))
        self.calls: dict[str, Loopback] = {}
        self.away: list[Mapping[str, Unavailable]] = []
        self.lost_to = {name: frozenset[str]() for name in "abc"}
        self.judged_lost_to: frozenset[str] = frozenset()
        self.hedge_s = 30.0

    def snapshot(self, name: str, tenant: Tenant, signal: Signal) -> list[HeadSnapshot]:
        head = self.nodes[name].heads.get((tenant, signal.name))
        return [head.snapshot()] if head is not None else []

    def heads(self, name: str) -> HeadSource:
        return HeadSource(name, lambda tenant, signal: self.snapshot(name, tenant, signal), lost_to=lambda: self.lost_to[name])

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[QueryEngine]:
        with ThreadPoolExecutor(2) as threads, ThreadPoolExecutor(2) as others:
            holders: list[Holder] = [self.heads("a")]
            for name in "bc":
                remote, self.calls[name] = remote_over(self.heads(name), others)
                holders.append(remote)

            def judge(gathered: Gathered) -> tuple[str, ...]:
                self.away.append(gathered.away)
                self.judged_lost_to = gathered.lost_to
                return tuple(f"{name} is away" for name in gathered.away)

            metrics, config = QueryMetrics(CollectorRegistry()), QueryConfig(first_slice_rows=8, hedge_s=self.hedge_s)
            yield QueryEngine(Reader(lambda: holders, NoBlocks(), TenantLimits(), threads, config, metrics, judge=judge), Tails().follow)


async def lines(engine: QueryEngine, text: str = '{app=~".+"}', limit: int = 1_000) -> list[tuple[int, str]]:
    answer = await engine.log_query(DEFAULT_TENANT, parse_log_selector(text), window=EVERY, limit=limit, forward=True)
    return sorted((int(ts), line) for group in answer.result.folded() for ts, line in zip(group.ts_ns, group.lines, strict=True))


async def count(engine: QueryEngine) -> dict[str, float]:
    expr = parse('sum by (app) (count_over_time({app=~".+"}[100s]))')
    assert not isinstance(expr, LogExpr)
    matrix = (await engine.metric_query(DEFAULT_TENANT, expr, start_ns=99 * SECOND, end_ns=99 * SECOND, step_ns=SECOND, instant=True)).matrix
    return {dict(labels)["app"]: float(row[0]) for labels, row in zip(matrix.labels, matrix.values, strict=True)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PLACES, st.lists(ENTRIES, min_size=1, max_size=6)), max_size=8), st.integers(1, 20))
def test_every_record_counts_once_on_however_many_nodes_it_lies(parts: list[tuple[set[str], list[Entry]]], limit: int) -> None:
    records = {e.identity: e for _, entries in parts for e in entries}.values()

    async def ask() -> None:
        async with Cluster(parts).engine() as engine:
            assert await count(engine) == dict(Counter(dict(e.labels)["app"] for e in records))
            assert await lines(engine) == sorted((e.ts, e.line) for e in records)
            assert [ts for ts, _ in await lines(engine, limit=limit)] == sorted(e.ts for e in records)[:limit]
            assert (await engine.series(DEFAULT_TENANT, (), EVERY)).series == sorted({e.labels for e in records})
            volumes = (await engine.volumes(DEFAULT_TENANT, (), [0, 10 * SECOND, 100 * SECOND])).volumes
            distinct_parts = [e for _, entries in parts for e in entries]
            assert sum(int(one.rows.sum()) for one in volumes) == len(distinct_parts)

    asyncio.run(ask())


async def test_what_is_here_does_not_travel_and_only_the_columns_asked_for_do() -> None:
    entries = [entry("api", second * SECOND, "a line of some length " * 50) for second in range(90)]
    here = Cluster([({"a", "b"}, entries)])
    async with here.engine() as engine:
        assert await count(engine) == {"api": 90}
        assert here.calls["b"].calls == ["heads"]
    there = Cluster([({"b", "c"}, entries)])
    async with there.engine() as engine:
        assert await count(engine) == {"api": 90}
        assert there.calls["b"].nbytes < 6_000, "times and series only"
        assert there.calls["c"].calls == ["heads"]


async def test_what_copies_are_told_by_is_fetched_beforehand_so_that_no_thread_waits_for_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteRows, "_wait", lambda _rows, _work: pytest.fail("a thread asks another node"))
    entries = [entry("api", second * SECOND, "x", trace="t") for second in range(20)]
    async with Cluster([({"b"}, entries), ({"c"}, entries)]).engine() as engine:
        assert await count(engine) == {"api": 20}


async def test_an_instance_that_cannot_be_asked_is_told_and_the_rest_answers() -> None:
    cluster = Cluster([({"a", "b"}, [entry("api", SECOND, "x")]), ({"b", "c"}, [entry("api", 2 * SECOND, "y")])])
    async with cluster.engine() as engine:
        cluster.calls["c"].gone_after = 0
        answer = await engine.log_query(DEFAULT_TENANT, parse_log_selector('{app="api"}'), window=EVERY, limit=10, forward=True)
        assert len(answer.result) == 2
        assert answer.warnings == ("c is away",)


async def test_who_may_hold_alone_what_others_have_lost_is_told() -> None:
    cluster = Cluster([])
    cluster.lost_to = {"a": frozenset("b"), "b": frozenset(), "c": frozenset("bd")}
    async with cluster.engine() as engine:
        await lines(engine)
        assert cluster.judged_lost_to == {"b", "d"}


async def test_one_slow_instance_of_three_is_not_waited_for() -> None:
    cluster = Cluster([({"a", "b"}, [entry("api", SECOND, "x")]), ({"b", "c"}, [entry("api", 2 * SECOND, "y")])])
    cluster.hedge_s = 0.05
    async with cluster.engine() as engine:
        cluster.calls["c"].hangs = asyncio.Event()
        answer = await engine.log_query(DEFAULT_TENANT, parse_log_selector('{app="api"}'), window=EVERY, limit=10, forward=True)
        assert len(answer.result) == 2
        assert answer.warnings == ("c is away",)


@pytest.mark.parametrize("answered", [1, 2])
async def test_an_instance_that_goes_away_while_it_is_read_is_replaced_by_its_other_copy(answered: int) -> None:
    cluster = Cluster([({"b", "c"}, [entry("api", second * SECOND, "x") for second in range(20)])])
    async with cluster.engine() as engine:
        cluster.calls["b"].gone_after = answered
        assert await count(engine) == {"api": 20}
        assert await count(engine) == {"api": 20}
        assert "rows" in cluster.calls["c"].calls


async def test_rows_that_were_flushed_between_two_questions_make_the_query_begin_anew() -> None:
    cluster = Cluster([({"b"}, [entry("api", SECOND, "x")])])
    async with cluster.engine() as engine:
        calls = cluster.calls["b"]
        begin = calls._begin

        def flush_then_begin(method: str) -> None:
            begin(method)
            if method == "rows":
                cluster.nodes["b"].heads.clear()

        calls._begin = flush_then_begin  # type: ignore[method-assign]
        assert await count(engine) == {}
        assert calls.calls == ["heads", "rows", "heads"]

"""The engine over heads and blocks: the same answers wherever the rows lie, and an end to what costs too much."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lgtm.clock import ManualClock
from lgtm.errors import BadRequest
from lgtm.logql.parser import parse, parse_log_selector
from lgtm.logql.plan import Reads
from lgtm.logql.syntax import LogExpr, MetricExpr
from lgtm.model.limits import HOUR_NS, Limits
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.window import ALWAYS, Window
from lgtm.query.admission import QueryTimeout
from lgtm.query.engine import QueryEngine, _columns
from lgtm.query.select import TooManyBytes
from lgtm.query.source import EVERYTHING
from query.stores import Store, engine_over
from support.rows import Entry, entry

SECOND = 10**9
EVERY = Window(0, 1_000 * SECOND)
ENTRIES = st.builds(
    lambda app, second, line: entry(app, second * SECOND, line, trace="1"),
    st.sampled_from(["api", "web"]),
    st.integers(0, 40),
    st.sampled_from("xyz"),
)
PLACES = st.sampled_from(["memory", "blocks", "both"])


def log(text: str) -> LogExpr:
    return parse_log_selector(text)


def metric(text: str) -> MetricExpr:
    expr = parse(text)
    assert not isinstance(expr, LogExpr)
    return expr


async def count(engine: QueryEngine, tenant: Tenant = DEFAULT_TENANT) -> dict[str, float]:
    """Rows by app."""
    expr = metric('sum by (app) (count_over_time({app=~".+"}[1000s]))')
    matrix = (await engine.metric_query(tenant, expr, start_ns=999 * SECOND, end_ns=999 * SECOND, step_ns=SECOND, instant=True)).matrix
    return {dict(labels)["app"]: float(row[0]) for labels, row in zip(matrix.labels, matrix.values, strict=True)}


async def newest(engine: QueryEngine, limit: int, *, forward: bool = False) -> list[tuple[int, str, str]]:
    answer = await engine.log_query(DEFAULT_TENANT, log('{app=~".+"}'), window=EVERY, limit=limit, forward=forward)
    found = [
        (int(ts), dict(group.labels)["app"], line) for group in answer.result.folded() for ts, line in zip(group.ts_ns, group.lines, strict=True)
    ]
    return sorted(found, reverse=not forward)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(PLACES, st.lists(st.lists(ENTRIES, min_size=1, max_size=6), min_size=1, max_size=3)), max_size=4),
    st.integers(1, 30),
    st.booleans(),
)
def test_every_record_counts_once_wherever_and_however_often_it_lies(
    tmp_path_factory: pytest.TempPathFactory, generations: list[tuple[str, list[list[Entry]]]], limit: int, forward: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("blocks"))
    for number, (place, groups) in enumerate(generations, start=1):
        if place != "blocks":
            store.in_memory(number, *groups)
        if place != "memory":
            store.in_blocks(number, *groups)
    records = {e.identity: e for _, groups in generations for group in groups for e in group}.values()

    async def ask() -> tuple[dict[str, float], list[tuple[int, str, str]]]:
        async with engine_over(store) as engine:
            return await count(engine), await newest(engine, limit, forward=forward)

    counted, found = asyncio.run(ask())

    assert counted == dict(Counter(dict(e.labels)["app"] for e in records))
    in_time = sorted((e.ts for e in records), reverse=not forward)
    assert [ts for ts, _, _ in found] == in_time[:limit]
    assert len(set(found)) == len(found)
    assert set(found) <= {(e.ts, dict(e.labels)["app"], e.line) for e in records}


async def test_tenants_see_their_own_rows_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_memory(1, [entry("api", SECOND, "mine")])
    store.in_blocks(2, [entry("api", SECOND, "theirs")], tenant=Tenant("other"))
    async with engine_over(store) as engine:
        assert await count(engine) == {"api": 1}
        assert await count(engine, Tenant("other")) == {"api": 1}
        assert await count(engine, Tenant("nobody")) == {}


async def test_series_and_volumes_come_from_heads_and_blocks_together(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_blocks(1, [entry("api", 1 * SECOND, "abcd"), entry("web", 2 * SECOND, "ab")])
    store.in_memory(2, [entry("api", 100 * SECOND, "abcdef")])
    async with engine_over(store) as engine:
        assert (await engine.series(DEFAULT_TENANT, (), EVERY)).series == [(("app", "api"),), (("app", "web"),)]
        assert (await engine.series(DEFAULT_TENANT, (), Window(50 * SECOND, 200 * SECOND))).series == [(("app", "api"),)]
        volumes = (await engine.volumes(DEFAULT_TENANT, (), [0, 50 * SECOND, 200 * SECOND])).volumes
    assert [(one.labels, one.rows.tolist(), one.nbytes.tolist()) for one in volumes] == [
        ((("app", "api"),), [1, 1], [4, 6]),
        ((("app", "web"),), [1, 0], [2, 0]),
    ]


async def test_lines_older_than_the_lookback_are_not_shown(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_blocks(1, [entry("api", 1 * SECOND, "old"), entry("web", 60 * SECOND, "new")])
    store.in_memory(2, [entry("api", 2 * SECOND, "old"), entry("api", 61 * SECOND, "new")])
    async with engine_over(store, Limits(max_query_lookback_ns=60 * SECOND), ManualClock(100 * SECOND)) as engine:
        assert await count(engine) == {"api": 1, "web": 1}
        assert [line for _, _, line in await newest(engine, 10)] == ["new", "new"]
        assert [line async for frame in engine.scan(DEFAULT_TENANT, log('{app="api"}'), EVERY) for line in frame.line.to_pylist()] == ["new"]
        volumes = (await engine.volumes(DEFAULT_TENANT, (), [0, 50 * SECOND, 200 * SECOND])).volumes
        assert [(dict(one.labels)["app"], one.rows.tolist()) for one in volumes] == [("api", [0, 1]), ("web", [0, 1])]
        past = Window(0, 30 * SECOND)
        assert (await engine.log_query(DEFAULT_TENANT, log('{app="api"}'), window=past, limit=9, forward=False)).result.folded() == []
        assert (await engine.series(DEFAULT_TENANT, (), past)).series == []


async def test_a_scan_gives_every_frame_and_may_be_left_early(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_memory(1, *[[entry("api", second * SECOND, f"line {second}")] for second in range(40)])
    async with engine_over(store) as engine:
        async with aclosing(engine.scan(DEFAULT_TENANT, log('{app="api"} |= "line"'), EVERY)) as frames:
            assert sum([len(frame) async for frame in frames]) == 40
        async with aclosing(engine.scan(DEFAULT_TENANT, log('{app="api"}'), EVERY)) as frames:
            async for _ in frames:
                break
        assert await count(engine) == {"api": 40}


async def test_only_blocks_that_can_matter_are_opened(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_blocks(1, [entry("api", second * SECOND, "old") for second in range(50)])
    store.in_blocks(2, [entry("api", (500 + second) * SECOND, "new") for second in range(50)])
    async with engine_over(store) as engine:
        await engine.log_query(DEFAULT_TENANT, log('{app="api"}'), window=Window(0, 100 * SECOND), limit=10, forward=False)
        assert store.opened == 1
        await engine.log_query(DEFAULT_TENANT, log('{nosuch="label"}'), window=EVERY, limit=10, forward=False)
        assert store.opened == 1
        await engine.log_query(DEFAULT_TENANT, log('{app="api"}'), window=EVERY, limit=1, forward=False)
        assert store.opened == 2, "the newest line was found in the newer block"


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(max_query_bytes_read=10), TooManyBytes),
        (Limits(max_query_length_ns=HOUR_NS // 100), BadRequest),
        (Limits(max_entries_limit_per_query=5), BadRequest),
        (Limits(max_streams_matchers_per_query=1), None),
        (Limits(query_timeout_ns=1), QueryTimeout),
    ],
    ids=["bytes", "length", "entries", "matchers", "deadline"],
)
async def test_a_query_beyond_a_limit_ends_with_an_error(tmp_path: Path, limits: Limits, error: type[Exception] | None) -> None:
    store = Store(tmp_path)
    store.in_memory(1, [entry("api", second * SECOND, "a line of some length") for second in range(100)])
    async with engine_over(store, limits) as engine:
        query = engine.log_query(DEFAULT_TENANT, log('{app="api"} |= "line"'), window=EVERY, limit=10, forward=False)
        if error is None:
            assert len((await query).result) == 10
        else:
            with pytest.raises(error):
                await query


async def test_a_cancelled_query_frees_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.in_memory(1, *[[entry("api", second * SECOND, "x")] for second in range(200)])
    async with engine_over(store, Limits(max_concurrent_queries=1, max_queued_queries=0)) as engine:
        for _ in range(5):
            asking = asyncio.ensure_future(count(engine))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert await count(engine) == {"api": 200}


def test_what_a_query_for_whole_entries_fetches_serves_the_search_for_copies_too() -> None:
    assert EVERYTHING.within(_columns(Reads((), ALWAYS, None, True, ())))
    assert not EVERYTHING.within(_columns(Reads((), ALWAYS, frozenset({"user"}), True, ())))

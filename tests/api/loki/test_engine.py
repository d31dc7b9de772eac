"""The query engine of this program is what the query side needs: every route asked over real rows in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.loki.engine import Engine
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.routes import loki_query_router
from lgtm.api.loki.side import QuerySide
from lgtm.api.tenancy import Tenancy
from lgtm.clock import ManualClock
from lgtm.errors import Unavailable
from lgtm.ingester.tails import Tails
from lgtm.model.limits import TenantLimits
from lgtm.model.part import PartId
from lgtm.model.part_ids import PartIds
from lgtm.query.config import QueryConfig
from lgtm.query.engine import QueryEngine
from lgtm.query.heads import HeadSource
from lgtm.query.metrics import QueryMetrics
from lgtm.query.reader import Reader
from lgtm.query.source import Request, RowSet
from query.row_sets import head_of
from support.rows import Entry, batch_of, entry

S = 10**9


class NoBlocks:
    async def refresh(self, forgotten_age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
        return ()

    def pick(self, request: Request) -> tuple[Sequence[RowSet], PartIds]:
        return (), PartIds()

    async def sift(self, picked: Sequence[RowSet]) -> Sequence[RowSet]:
        return picked


ENTRIES = [entry("api", at * S, f"status={200 + at % 2} took={at}ms", trace_id=str(at)) for at in range(10, 20)]
RANGE = {"start": "10", "end": "20"}
API = '{app="api"}'


@pytest.fixture
def tails() -> Tails:
    return Tails()


@pytest.fixture
def engine(tails: Tails) -> Iterator[Engine]:
    head = head_of([ENTRIES]).snapshot()
    with ThreadPoolExecutor(1) as threads:
        source = HeadSource("a", lambda tenant, signal: [head])
        metrics = QueryMetrics(CollectorRegistry())
        yield QueryEngine(Reader(lambda: [source], NoBlocks(), TenantLimits(), threads, QueryConfig(), metrics), tails.follow)


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    side = QuerySide(engine, Tenancy(enabled=False), ManualClock(20 * S), QueryApiMetrics(CollectorRegistry()))
    app = FastAPI()
    app.include_router(loki_query_router(side))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/loki/api/v1/") as client:
        yield client
    side.close()


async def test_entries_come_from_the_rows(client: httpx.AsyncClient) -> None:
    params = RANGE | {"query": f"{API} | logfmt | status=201", "limit": "2"}
    data = (await client.get("query_range", params=params)).json()["data"]
    assert [row["values"] for row in data["result"]] == [[[str(at * S), f"status=201 took={at}ms"]] for at in (17, 19)]
    assert data["stats"]["summary"]["totalEntriesReturned"] == 2
    assert data["stats"]["summary"]["totalLinesProcessed"] > 0


async def test_samples_come_from_the_rows(client: httpx.AsyncClient) -> None:
    query = f"sum by (status) (count_over_time({API} | logfmt [5s]))"
    matrix = (await client.get("query_range", params=RANGE | {"query": query, "step": "5"})).json()["data"]["result"]
    assert [(row["metric"], row["values"][-1]) for row in matrix] == [({"status": "200"}, [20, "2"]), ({"status": "201"}, [20, "2"])]
    vector = (await client.get("query", params={"query": query, "time": "20"})).json()["data"]["result"]
    assert [row["value"] for row in vector] == [[20, "2"], [20, "2"]]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("labels", {"status": "success", "data": ["app"]}),
        ("label/app/values", {"status": "success", "data": ["api"]}),
        ("series", {"status": "success", "data": [{"app": "api"}]}),
        ("detected_labels", {"detectedLabels": [{"label": "app", "cardinality": 1}]}),
        ("detected_field/status/values", {"values": ["200", "201"], "limit": 1_000}),
    ],
)
async def test_names_and_values_come_from_the_rows(client: httpx.AsyncClient, path: str, answer: object) -> None:
    assert (await client.get(path, params=RANGE | {"query": API})).json() == answer


async def test_volumes_and_patterns_come_from_the_rows(client: httpx.AsyncClient) -> None:
    stats = (await client.get("index/stats", params=RANGE | {"query": API})).json()
    assert (stats["streams"], stats["entries"]) == (1, 10)
    volume = (await client.get("index/volume", params=RANGE | {"query": API})).json()["data"]["result"]
    assert volume == [{"metric": {"app": "api"}, "value": [20, str(stats["bytes"])]}]
    found = (await client.get("patterns", params=RANGE | {"query": API, "step": "10"})).json()["data"]
    assert found == [{"pattern": "status=<_> took=<_>", "level": "unknown", "samples": [[10, 10]]}]


async def test_followers_see_rows_as_they_are_acknowledged(engine: Engine, tails: Tails) -> None:
    batch = batch_of([Entry((("app", "api"),), 1, "x")])
    with engine.follow(batch.tenant) as follower:
        tails.publish(PartId(b"w" * 16, 1, 1), batch)
        assert await follower.next() is batch
        assert follower.take_dropped() == 0

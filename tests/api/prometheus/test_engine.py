"""The metrics engine of this program is what the API needs: every route that reads is asked over real rows, in a block and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.prometheus.routes import prometheus_query_router
from lgtm.api.prometheus.side import PrometheusSide
from lgtm.api.tenancy import Tenancy
from lgtm.clock import ManualClock
from lgtm.distributor.metric_metadata import metadata_at
from lgtm.ingester.flush import write_blocks
from lgtm.ingester.generation import Generation
from lgtm.model.batch import Batch
from lgtm.model.limits import TenantLimits
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import EXEMPLARS, METADATA
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.promql.columns import STALE
from lgtm.query.config import QueryConfig
from lgtm.query.metrics import QueryMetrics
from lgtm.query.metrics_engine import MetricsEngine
from lgtm.query.reader import Reader
from lgtm.wire.decoded_samples import Metadata
from query.stores import WAL_ID, Store, sources_of
from support.samples import decoded_samples, metric, samples_batch

A, B, GONE = metric("up", job="a"), metric("up", job="b"), metric("gone")
MINUTE = 60_000
NOW_NS = 3 * MINUTE * 1_000_000


def _generation(number: int, batch: Batch, *more: Batch) -> Generation:
    found = Generation(WAL_ID, number, 0)
    for sequence, each in enumerate((batch, *more)):
        found.add(Part(PartId(b"w" * 16, number, sequence), ("a",), each))
    return found


def _store(directory: Path) -> Store:
    """Of one series a sample is in a block and the others in memory."""
    store = Store(directory)
    store.blocks += write_blocks(_generation(1, samples_batch([(A, MINUTE, 1.0)])), 1, directory, created_ns=0)
    exemplars = decoded_samples([], exemplars=[(A, MINUTE, 0.5, {"trace_id": "x"})]).exemplars
    said = metadata_at((Metadata("up", "gauge", "Whether.", ""),), 5)
    assert exemplars is not None
    assert said is not None
    store.heads[2] = _generation(
        2,
        samples_batch([(A, 2 * MINUTE, 2.0), (A, 3 * MINUTE, 3.0), (B, 3 * MINUTE, 5.0), (GONE, 2 * MINUTE, 1.0), (GONE, 3 * MINUTE, STALE)]),
        Batch(EXEMPLARS, DEFAULT_TENANT, (Series.of(A),), exemplars),
        Batch(METADATA, DEFAULT_TENANT, said.series, said.rows),
    )
    return store


async def _say(*_: object) -> None:
    raise AssertionError("nothing is deleted here")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    heads, blocks = sources_of(_store(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        reader = Reader(lambda: [heads], blocks, TenantLimits(), threads, QueryConfig(), QueryMetrics(CollectorRegistry()))
        clock = ManualClock(NOW_NS)
        engine = MetricsEngine(reader, _say, clock)
        side = PrometheusSide(engine, Tenancy(enabled=False), clock, QueryApiMetrics(CollectorRegistry()))
        app = FastAPI()
        app.include_router(prometheus_query_router(side))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield client
        side.close()


@pytest.mark.parametrize(
    ("path", "params", "data"),
    [
        ("query", {"query": "sum(up)"}, {"resultType": "vector", "result": [{"metric": {}, "value": [180, "8"]}]}),
        (
            "query_range",
            {"query": 'up{job="a"}', "start": "60", "end": "180", "step": "60", "timeout": "5"},
            {"resultType": "matrix", "result": [{"metric": dict(A), "values": [[60, "1"], [120, "2"], [180, "3"]]}]},
        ),
        ("query", {"query": "gone"}, {"resultType": "vector", "result": []}),
        ("series", {"match[]": "up", "limit": "5"}, [dict(A), dict(B)]),
        ("labels", {}, ["__name__", "job"]),
        ("label/job/values", {"match[]": 'up{job!="a"}'}, ["b"]),
        ("label/job/values", {"start": "0", "end": "100"}, ["a"]),
        ("metadata", {"metric": "up"}, {"up": [{"type": "gauge", "unit": "", "help": "Whether."}]}),
        (
            "query_exemplars",
            {"query": "rate(up[5m])"},
            [{"seriesLabels": dict(A), "exemplars": [{"labels": {"trace_id": "x"}, "value": "0.5", "timestamp": 60}]}],
        ),
    ],
)
async def test_answers_come_from_the_rows(client: httpx.AsyncClient, path: str, params: dict[str, str], data: Any) -> None:
    response = await client.get(f"/api/v1/{path}", params=params)
    assert response.json() == {"status": "success", "data": data}


async def test_series_are_counted(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/v1/status/tsdb")).json()["data"]
    assert told["headStats"]["numSeries"] == 3
    assert told["seriesCountByMetricName"][0] == {"name": "up", "value": 2}


async def test_the_newest_samples_are_federated(client: httpx.AsyncClient) -> None:
    text = (await client.get("/federate", params={"match[]": '{__name__=~".+"}'})).text
    assert text == '# TYPE up untyped\nup{instance="",job="a"} 3 180000\nup{instance="",job="b"} 5 180000\n'


async def test_statistics_tell_how_long_it_took(client: httpx.AsyncClient) -> None:
    stats = (await client.get("/api/v1/query", params={"query": "up", "stats": "true"})).json()["data"]["stats"]
    assert stats["timings"]["execTotalTime"] > 0
    assert stats["samples"]["totalQueryableSamples"] == 2

"""Samples for another Prometheus, as messages and as chunks."""

from __future__ import annotations

from typing import Any

import cramjam
import httpx
import pytest

from api.prometheus.prometheus_server import PrometheusServer
from lgtm.api.incomplete import WARNING_HEADER
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.prometheus import remote_read
from lgtm.api.prometheus.remote_read import CHUNKS_TYPE, SAMPLES_TYPE
from lgtm.wire.protobuf import read_varint
from promql.memory import Memory
from wire.chunk_reader import read_xor_chunk
from wire.write_messages import PROMETHEUS

SAMPLES, CHUNKS = 0, 1
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Read-Version": "0.1.0"}


def request(*names: str, accepted: tuple[int, ...] = (), start_ms: int = 0, end_ms: int = 60_000) -> bytes:
    message = PROMETHEUS["ReadRequest"](accepted_response_types=accepted)
    for name in names:
        query = message.queries.add(start_timestamp_ms=start_ms, end_timestamp_ms=end_ms)
        query.matchers.add(type=0, name=b"__name__", value=name.encode())
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


async def ask(server: PrometheusServer, body: bytes, headers: dict[str, str] | None = None, prefix: str = "") -> httpx.Response:
    sent: dict[str, Any] = {"X-Scope-OrgID": "conf"} | HEADERS | (headers or {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app), base_url="http://test") as client:
        return await client.post(f"{prefix}/api/v1/read", content=body, headers=sent)


def results(response: httpx.Response) -> list[list[tuple[dict[str, str], list[tuple[int, float]], int]]]:
    """Of each query its series: labels, samples, and how many histograms."""
    message = PROMETHEUS["ReadResponse"].FromString(bytes(cramjam.snappy.decompress_raw(response.content)))
    return [[_series(each) for each in result.timeseries] for result in message.results]


def _series(message: Any) -> tuple[dict[str, str], list[tuple[int, float]], int]:
    labels = {each.name.decode(): each.value.decode() for each in message.labels}
    return labels, [(each.timestamp, each.value) for each in message.samples], len(message.histograms)


def frames(content: bytes) -> list[Any]:
    found, at = [], 0
    while at < len(content):
        size, at = read_varint(content, at, len(content))
        found.append(PROMETHEUS["ChunkedReadResponse"].FromString(content[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


@pytest.fixture
def held(server: PrometheusServer) -> PrometheusServer:
    server.engine.memory = Memory.of('up{job="b"} 1 2 3\nup{job="a"} 4 5 6\nload {{count:3 sum:1}}x2')
    return server


@pytest.mark.parametrize("prefix", ["", "/prometheus"])
async def test_each_query_has_its_series_with_both_ends_of_the_range(held: PrometheusServer, prefix: str) -> None:
    response = await ask(held, request("up", "load", "nothing"), prefix=prefix)
    assert (response.status_code, response.headers["content-type"], response.headers["content-encoding"]) == (200, SAMPLES_TYPE, "snappy")
    assert results(response) == [
        [
            ({"__name__": "up", "job": "a"}, [(0, 4.0), (60_000, 5.0)], 0),
            ({"__name__": "up", "job": "b"}, [(0, 1.0), (60_000, 2.0)], 0),
        ],
        [({"__name__": "load"}, [], 2)],
        [],
    ]


async def test_who_takes_chunks_gets_a_stream_of_them(held: PrometheusServer) -> None:
    response = await ask(held, request("nothing", "up", accepted=(CHUNKS, SAMPLES)))
    assert (response.status_code, response.headers["content-type"]) == (200, CHUNKS_TYPE)
    told = [
        (frame.query_index, {each.name: each.value for each in frame.chunked_series[0].labels}[b"job"], frame.chunked_series[0].chunks[0])
        for frame in frames(response.content)
    ]
    assert [(index, job) for index, job, _ in told] == [(1, b"a"), (1, b"b")]
    assert [ts_ms for ts_ms, _ in read_xor_chunk(told[0][2].data)] == [0, 60_000]


async def test_histograms_are_told_as_samples_where_these_are_taken(held: PrometheusServer) -> None:
    assert (await ask(held, request("load", accepted=(CHUNKS, SAMPLES)))).headers["content-type"] == SAMPLES_TYPE
    only_chunks = await ask(held, request("load", accepted=(CHUNKS,)))
    assert (only_chunks.headers["content-type"], only_chunks.content) == (CHUNKS_TYPE, b"")


async def test_what_may_be_missing_is_told_in_a_header(held: PrometheusServer) -> None:
    held.engine.warnings = ("node-2 could not be asked",)
    for accepted in ((SAMPLES,), (CHUNKS,)):
        assert (await ask(held, request("up", "up", accepted=accepted))).headers[WARNING_HEADER] == "node-2 could not be asked"


@pytest.mark.parametrize(
    ("body", "headers", "status", "text"),
    [
        (b"not snappy", {}, 400, ""),
        (bytes(cramjam.snappy.compress_raw(b"\xff")), {}, 400, ""),
        (request("up", accepted=(7,)), {}, 400, "server does not support any of the requested response types: [7]\n"),
        (request("up"), {"X-Scope-OrgID": ""}, 401, "no org id\n"),
    ],
)
async def test_what_cannot_be_answered_is_told_as_text(held: PrometheusServer, body: bytes, headers: dict[str, str], status: int, text: str) -> None:
    response = await ask(held, body, headers)
    assert response.status_code == status
    assert response.text == text or not text


async def test_more_samples_than_fit_into_memory_are_refused(held: PrometheusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_read, "SAMPLES_MAX", 3)
    assert (await ask(held, request("up"))).status_code == 422


async def test_a_large_request_is_refused() -> None:
    server = PrometheusServer(shared=QueryApiConfig(form_bytes_max=10))
    assert (await ask(server, request("up" * 20))).status_code == 413
    server.side.close()


async def test_a_read_is_counted(held: PrometheusServer) -> None:
    await ask(held, request("up"))
    assert held.registry.get_sample_value("lgtm_api_query_requests_total", {"route": "/api/v1/read", "status": "200"}) == 1

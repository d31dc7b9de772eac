"""Loki push over HTTP: recorded answers of Loki, and what a real client sees."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import cramjam
import httpx
import pytest

from api.push_server import PushServer
from api.recorded import body_of, cases, expected_streams, pushed_streams
from lgtm.api.config import PushConfig
from lgtm.api.loki_push import LEGACY_PUSH_PATH, PUSH_PATH
from lgtm.api.tenancy import Tenancy
from lgtm.errors import BadRequest, LimitExceeded, Unavailable
from lgtm.wire.bounds import BodyBounds
from wire.messages import entries_of, push_bytes

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
T = 1795168860000000000
PUSH = push_bytes({'{app="api"}': [(T, "line", {"trace_id": "1"})]})
JSON_PUSH = b'{"streams":[{"stream":{"app":"api"},"values":[["1795168860000000000","line",{"trace_id":"1"}]]}]}'


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


@pytest.mark.parametrize("case", cases("recorded_push.jsonl"), ids=lambda case: case["id"])
async def test_recorded_pushes_are_answered_as_loki_answered_them(server: PushServer, case: dict[str, Any]) -> None:
    response = await server.post(case["path"], body_of(case), {"X-Scope-OrgID": ""} | case["headers"])
    assert response.status_code == case["status"]
    if "text" in case:
        assert response.text == f"{case['text']}\n"
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
    if case["status"] != 204:
        assert server.pushed == []
    else:
        assert response.content == b""
    if "streams" in case:
        assert pushed_streams(server.pushed[0][1]) == expected_streams(case)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, JSON_PUSH),
        (JSON | {"Content-Encoding": "gzip"}, gzip.compress(JSON_PUSH, mtime=0)),
        (JSON | {"Content-Encoding": "deflate"}, zlib.compress(JSON_PUSH)[2:-4]),
        (PROTOBUF, snappy(PUSH)),
        (PROTOBUF | {"Content-Encoding": "snappy"}, snappy(PUSH)),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(snappy(PUSH), mtime=0)),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [PUSH_PATH, LEGACY_PUSH_PATH])
async def test_every_encoding_brings_the_same_entries(server: PushServer, path: str, headers: dict[str, str], body: bytes) -> None:
    response = await server.post(path, body, headers)
    assert response.status_code == 204
    ((tenant, decoded),) = server.pushed
    assert tenant == "t"
    assert [stream.labels for stream in decoded.streams] == [(("app", "api"),)]
    assert entries_of(decoded) == [(0, T, "line", {"trace_id": "1"})]


@pytest.mark.parametrize(
    ("refusal", "status", "retry_after"),
    [
        (BadRequest("1 errors like: too long"), 400, None),
        (LimitExceeded("too many streams"), 429, None),
        (Unavailable("disk full"), 503, "1"),
        (RuntimeError("bug"), 500, None),
    ],
)
async def test_the_answer_tells_what_was_refused(server: PushServer, refusal: Exception, status: int, retry_after: str | None) -> None:
    server.refusal = refusal
    response = await server.post(PUSH_PATH, JSON_PUSH, JSON)
    assert response.status_code == status
    assert response.text == ("internal error\n" if status == 500 else f"{refusal}\n")
    assert response.headers.get("retry-after") == retry_after
    assert len(server.pushed) == 1


async def test_a_bad_stream_refuses_the_request_before_anything_is_pushed(server: PushServer) -> None:
    body = push_bytes({'{app="good"}': [(T, "x", {})], "{bad": [(T, "x", {})]})
    response = await server.post(PUSH_PATH, snappy(body), PROTOBUF)
    assert response.status_code == 400
    assert server.pushed == []


async def test_other_methods_are_not_allowed(server: PushServer) -> None:
    async with server.on_loopback() as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get(PUSH_PATH)).status_code == 405
        assert (await client.post(PUSH_PATH, content=JSON_PUSH, headers=JSON)).status_code == 401
        assert (await client.post(PUSH_PATH, content=JSON_PUSH, headers=JSON | {"X-Scope-OrgID": "t"})).status_code == 204


async def test_without_authentication_no_header_is_needed() -> None:
    server = PushServer(tenancy=Tenancy(enabled=False))
    assert (await server.post(PUSH_PATH, JSON_PUSH, JSON | {"X-Scope-OrgID": ""})).status_code == 204
    assert server.pushed[0][0] == "fake"
    server.bodies.close()


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        (JSON, b" " * 2001, "request body too large: message size too large than max (2001 vs 2000)"),
        (
            JSON | {"Content-Encoding": "gzip"},
            gzip.compress(bytes(5000), mtime=0),
            "request body too large: decompressed message size too large than max (4001 vs 4000)",
        ),
        (PROTOBUF, snappy(bytes(5000)), "request body too large: decompressed message size too large than max (5000 vs 4000)"),
        (
            JSON,
            b'{"streams":[{"values":[["1",""],["2",""],["3",""]]}]}',
            "request body too large: more than 2 entries; send them in several requests",
        ),
    ],
    ids=["compressed", "gzip", "snappy", "entries"],
)
async def test_a_large_body_is_answered_with_413(headers: dict[str, str], body: bytes, text: str) -> None:
    server = PushServer(PushConfig(bounds=BodyBounds(compressed_bytes_max=2000, decompressed_bytes_max=4000, rows_max=2)))
    response = await server.post(PUSH_PATH, body, headers)
    assert (response.status_code, response.text) == (413, f"{text}\n")
    assert server.pushed == []
    server.bodies.close()


async def test_a_backfill_has_streams_of_its_own(server: PushServer) -> None:
    response = await server.post(PUSH_PATH, JSON_PUSH, JSON | {"X-Loki-Backfill-Shard": "shard-7"})
    assert response.status_code == 204
    assert server.pushed[0][1].streams[0].labels == (("app", "api"), ("__backfill__", "true"), ("__backfill_shard__", "shard-7"))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"X-Loki-Backfill-Shard": "x" * 129}, JSON_PUSH),
        ({"X-Loki-Backfill-Shard": "x"}, JSON_PUSH.replace(b'"app"', b'"__backfill__"')),
        ({}, JSON_PUSH.replace(b'"app"', b'"__backfill_shard__"')),
    ],
)
async def test_the_labels_of_a_backfill_are_only_set_by_its_header(server: PushServer, headers: dict[str, str], body: bytes) -> None:
    assert (await server.post(PUSH_PATH, body, JSON | headers)).status_code == 400
    assert server.pushed == []


async def test_requests_are_counted_by_route_and_status(server: PushServer) -> None:
    await server.post(PUSH_PATH, JSON_PUSH, JSON)
    await server.post(PUSH_PATH, b"", JSON)
    for status in ("204", "400"):
        assert server.registry.get_sample_value("lgtm_api_push_requests_total", {"route": PUSH_PATH, "status": status}) == 1
    assert server.registry.get_sample_value("lgtm_api_push_rows_total", {"route": PUSH_PATH}) == 1

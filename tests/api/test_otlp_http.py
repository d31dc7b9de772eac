"""OTLP over HTTP: recorded answers of Loki on its path, the specification's on the other, and the SDK's exporter as a client."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import cramjam
import pytest
import zstandard
from google.rpc import status_pb2
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from api.push_server import PushServer
from api.recorded import body_of, cases, expected_streams, pushed_streams
from api.sdk import emit, expected_entries
from lgtm.api.otlp_http import LOKI_PATH
from lgtm.errors import BadRequest, LimitExceeded, Unavailable
from wire.messages import entries_of, otlp_message

STANDARD_PATH = "/v1/logs"
T = 1795168860000000000
BODY = otlp_message([{"time_unix_nano": T, "body": "line"}], {"service.name": "api"}).SerializeToString()
JSON_BODY = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": str(T), "body": {"stringValue": "line"}}]}]}]}).encode()
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("case", cases("recorded_otlp.jsonl"), ids=lambda case: case["id"])
async def test_recorded_exports_are_answered_as_loki_answered_them(server: PushServer, case: dict[str, Any]) -> None:
    response = await server.post(case["path"], body_of(case), case["headers"])
    assert response.status_code == case["status"]
    if case["status"] != 204:
        assert server.pushed == []
        message = status_pb2.Status.FromString(response.content).message
        assert message == case.get("text", message)
        assert response.headers["content-type"] == "application/octet-stream"
    if "streams" in case:
        assert pushed_streams(server.pushed[0][1]) == expected_streams(case)


@pytest.mark.parametrize("path", [LOKI_PATH, STANDARD_PATH])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (PROTOBUF, BODY),
        (JSON, JSON_BODY),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(BODY, mtime=0)),
        (JSON | {"Content-Encoding": "zstd"}, zstandard.compress(JSON_BODY)),
        (PROTOBUF | {"Content-Encoding": "lz4"}, bytes(cramjam.lz4.compress(BODY))),
    ],
    ids=str,
)
async def test_every_encoding_brings_the_same_records(server: PushServer, path: str, headers: dict[str, str], body: bytes) -> None:
    response = await server.post(path, body, headers)
    assert response.status_code == (204 if path == LOKI_PATH else 200)
    assert entries_of(server.pushed[0][1]) == [(0, T, "line", {})]


async def test_success_is_answered_in_the_content_type_of_the_request(server: PushServer) -> None:
    response = await server.post(STANDARD_PATH, BODY, PROTOBUF)
    assert response.headers["content-type"] == "application/x-protobuf"
    assert ExportLogsServiceResponse.FromString(response.content) == ExportLogsServiceResponse()
    response = await server.post(STANDARD_PATH, JSON_BODY, {"Content-Type": "application/json; charset=utf-8"})
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {}


@pytest.mark.parametrize(
    ("refusal", "status", "code", "retry_after"),
    [
        (BadRequest("too long"), 400, 3, None),
        (LimitExceeded("too much"), 429, 8, None),
        (Unavailable("disk full"), 503, 14, "1"),
        (RuntimeError("bug"), 503, 13, None),
    ],
)
async def test_an_error_is_a_status_in_the_content_type_of_the_request(
    server: PushServer, refusal: Exception, status: int, code: int, retry_after: str | None
) -> None:
    server.refusal = refusal
    message = "internal error" if code == 13 else str(refusal)
    in_protobuf = await server.post(STANDARD_PATH, BODY, PROTOBUF)
    in_json = await server.post(STANDARD_PATH, JSON_BODY, JSON)
    as_loki = await server.post(LOKI_PATH, JSON_BODY, JSON)
    assert {response.status_code for response in (in_protobuf, in_json, as_loki)} == {status}
    assert {response.headers.get("retry-after") for response in (in_protobuf, in_json, as_loki)} == {retry_after}
    assert status_pb2.Status.FromString(in_protobuf.content) == status_pb2.Status(code=code, message=message)
    assert in_json.json() == {"code": code, "message": message}
    assert status_pb2.Status.FromString(as_loki.content) == status_pb2.Status(message=message)


@pytest.mark.parametrize("path", [LOKI_PATH, STANDARD_PATH])
@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        (PROTOBUF | {"Content-Encoding": "br"}, 400, "unsupported content encoding br: only gzip, lz4 and zstd are supported"),
        (PROTOBUF | {"X-Scope-OrgID": ""}, 401, "no org id"),
        (PROTOBUF | {"X-Scope-OrgID": "a|b"}, 400, "multiple org IDs present"),
    ],
)
async def test_headers_are_judged_before_the_body(server: PushServer, path: str, headers: dict[str, str], status: int, text: str) -> None:
    response = await server.post(path, BODY, headers)
    assert response.status_code == status
    assert status_pb2.Status.FromString(response.content).message == text
    assert server.pushed == []


@pytest.mark.parametrize("kind", ["text/plain", ""])
async def test_a_content_type_that_nobody_reads_is_refused(server: PushServer, kind: str) -> None:
    as_loki = await server.post(LOKI_PATH, BODY, {"Content-Type": kind} if kind else {})
    standard = await server.post(STANDARD_PATH, BODY, {"Content-Type": kind} if kind else {})
    assert as_loki.status_code == 400
    assert status_pb2.Status.FromString(as_loki.content).message == f"content type: {kind} is not supported"
    assert standard.status_code == 415
    assert standard.text == "415 unsupported media type, supported: [application/json, application/x-protobuf]"


async def test_records_without_a_time_are_of_now(server: PushServer) -> None:
    await server.post(LOKI_PATH, otlp_message([{"body": "line"}]).SerializeToString(), PROTOBUF)
    assert entries_of(server.pushed[0][1])[0][1] == server.clock.now_ns()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
@pytest.mark.parametrize("path", [LOKI_PATH, STANDARD_PATH])
async def test_the_sdks_exporter_is_understood(server: PushServer, path: str, compression: Compression) -> None:
    async with server.on_loopback() as url:
        exporter = OTLPLogExporter(f"{url}{path}", headers={"X-Scope-OrgID": "t"}, compression=compression)
        await asyncio.to_thread(emit, exporter)
    assert [stream.labels for _, decoded in server.pushed for stream in decoded.streams] == [(("service_name", "shop"),)]
    assert expected_entries([entry for _, decoded in server.pushed for entry in entries_of(decoded)])

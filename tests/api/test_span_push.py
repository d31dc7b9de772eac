"""Zipkin's and Jaeger's clients are understood on any port."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from lgtm.api.bodies import Bodies
from lgtm.api.metrics import PushMetrics
from lgtm.api.span_push import span_push_routes
from lgtm.api.tenancy import Tenancy
from lgtm.distributor.refusals import Reason, Refusal, SpansRefused
from lgtm.errors import Unavailable
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_spans import DecodedSpans

V2 = [{"traceId": "1f", "id": "2", "name": "get", "timestamp": 1_790_000_000_000_000, "duration": 5, "localEndpoint": {"serviceName": "shop"}}]
V1 = [{"traceId": "1f", "id": "2", "name": "get", "timestamp": 1_790_000_000_000_000, "duration": 5, "annotations": []}]


class Server:
    def __init__(self) -> None:
        self.pushed: list[DecodedSpans] = []
        self.refusal: Exception | None = None
        self.bodies = Bodies()

    async def push(self, _: Tenant, decoded: DecodedSpans) -> None:
        self.pushed.append(decoded)
        if self.refusal is not None:
            raise self.refusal

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        app = Starlette(routes=span_push_routes(self.push, Tenancy(), self.bodies, PushMetrics(CollectorRegistry())))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.post(path, content=body, headers={"X-Scope-OrgID": "t"} | (headers or {}))


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/api/v2/spans", json.dumps(V2).encode(), {}),
        ("/api/v2/spans", json.dumps(V2).encode(), {"Content-Type": "application/json; charset=utf-8"}),
        ("/api/v2/spans", gzip.compress(json.dumps(V2).encode(), mtime=0), {"Content-Encoding": "gzip"}),
        ("/api/v1/spans", json.dumps(V1).encode(), {"Content-Type": "application/json"}),
    ],
    ids=["plain", "typed", "gzip", "v1"],
)
async def test_spans_of_zipkin_are_accepted(path: str, body: bytes, headers: dict[str, str]) -> None:
    server = Server()
    response = await server.post(path, body, headers)
    assert (response.status_code, response.content) == (202, b"")
    (decoded,) = server.pushed
    assert decoded.rows.column("name").to_pylist() == ["get"]
    assert decoded.rows.column("trace_id").to_pylist() == [(0x1F).to_bytes(16)]


async def test_what_cannot_be_read_is_told() -> None:
    server = Server()
    for path, body, headers, status in (
        ("/api/v2/spans", b"{", {}, 400),
        ("/api/v2/spans", b"[]", {"Content-Type": "text/html"}, 415),
        ("/api/v2/spans", b"[]", {"Content-Encoding": "br"}, 400),
        ("/api/traces", b"\x0b\x00", {"Content-Type": "application/x-thrift"}, 400),
        ("/api/traces", b"", {"Content-Type": "application/json"}, 415),
        ("/api/v2/spans", b"[]", {"X-Scope-OrgID": ""}, 401),
    ):
        response = await server.post(path, body, headers)
        assert (response.status_code, bool(response.text)) == (status, True), (path, body, headers)
    assert server.pushed == []


async def test_what_never_will_be_stored_is_no_error_and_what_may_be_is() -> None:
    server = Server()
    server.refusal = SpansRefused([Refusal(Reason.TOO_FAR_IN_FUTURE, "late", 1, 1)])
    assert (await server.post("/api/v2/spans", json.dumps(V2).encode())).status_code == 202
    server.refusal = Unavailable("disk full")
    assert (await server.post("/api/v2/spans", json.dumps(V2).encode())).status_code == 503

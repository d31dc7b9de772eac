"""Stock clients, unchanged, against a running node; what they sent is read back by query."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter

from api.sdk import T, emit, emit_spans
from benchmarks.client import Client
from benchmarks.server import NodeProcess
from e2e.asking import result
from e2e.conftest import Start
from e2e.spans import ask_json

METADATA = {
    "host_name": "h1",
    "scope_name": "lib",
    "scope_version": "1.2",
    "severity_number": "13",
    "severity_text": "WARN",
    "observed_timestamp": str(T + 5),
    "http_status_code": "200",
    "ok": "true",
    "detected_level": "warn",
}


def read(client: Client, selector: str, at_ns: int) -> list[tuple[int, str, dict[str, str]]]:
    """(ts, line, all labels and metadata) of the lines of some seconds from `at_ns` on."""
    found = result(lambda: client.query_range(selector, start=at_ns, end=at_ns + 10**10, direction="forward"))
    return sorted((int(at), line, each["stream"]) for each in found for at, line, *_ in each["values"])


def http_exporter(node: NodeProcess) -> Any:
    return HttpExporter(endpoint=f"{node.otlp_http}/v1/logs")


def http_exporter_on_the_main_port(node: NodeProcess) -> Any:
    return HttpExporter(endpoint=f"{node.http}/otlp/v1/logs")


def grpc_exporter(node: NodeProcess) -> Any:
    return GrpcExporter(endpoint=node.otlp_grpc, insecure=True)


@pytest.mark.parametrize("exporter", [http_exporter, http_exporter_on_the_main_port, grpc_exporter])
def test_logs_of_the_opentelemetry_sdk_are_read_back(start: Start, exporter: Any) -> None:
    node = start()
    emit(exporter(node))
    labels = {"service_name": "shop", **METADATA}
    assert read(node.client, '{service_name="shop"}', T) == [(T, "plain", labels), (T + 1, '{"items":[1,2],"message":"sold"}', labels)]


def http_span_exporter(node: NodeProcess) -> Any:
    return HttpSpanExporter(endpoint=f"{node.otlp_http}/v1/traces")


def grpc_span_exporter(node: NodeProcess) -> Any:
    return GrpcSpanExporter(endpoint=node.otlp_grpc, insecure=True)


@pytest.mark.parametrize("exporter", [http_span_exporter, grpc_span_exporter])
def test_spans_of_the_opentelemetry_sdk_are_read_back(start: Start, exporter: Any) -> None:
    node = start()
    trace_id = emit_spans(exporter(node))
    times = {"start": T // 10**9 - 1, "end": T // 10**9 + 1}

    trace = result(lambda: ask_json(node.client, f"/api/v2/traces/{trace_id}"))["trace"]
    (of_resource,) = trace["resourceSpans"]
    assert plain(of_resource["resource"]["attributes"]).items() >= {("service.name", "shop"), ("host.name", "h1")}
    (of_scope,) = of_resource["scopeSpans"]
    assert of_scope["scope"] == {"name": "lib", "version": "1.2"}
    root, child = of_scope["spans"]
    assert (root["name"], root["kind"], root["startTimeUnixNano"], root["endTimeUnixNano"]) == ("GET /cart", "SPAN_KIND_SERVER", str(T), str(T + 30))
    assert "parentSpanId" not in root
    assert plain(root["attributes"]) == {"http.status_code": "200", "ok": True, "tags": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}}
    assert (child["name"], child["parentSpanId"], child["status"]) == (
        "SELECT",
        root["spanId"],
        {"message": "deadlock", "code": "STATUS_CODE_ERROR"},
    )
    (event,) = child["events"]
    assert (event["name"], event["timeUnixNano"], plain(event["attributes"])) == ("retry", str(T + 11), {"attempt": "2"})

    (found,) = result(lambda: ask_json(node.client, "/api/search", q="{ span.http.status_code = 200 }", **times))["traces"]
    assert (found["traceID"], found["rootServiceName"], found["rootTraceName"]) == (trace_id.lstrip("0"), "shop", "GET /cart")

    scopes = {each["name"]: each["tags"] for each in ask_json(node.client, "/api/v2/search/tags", **times)["scopes"]}
    assert scopes["span"] == ["http.status_code", "ok", "tags"]
    assert set(scopes["resource"]) >= {"host.name", "service.name"}
    assert scopes["event"] == ["attempt"]


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Values by key, without their types."""
    return {each["key"]: next(iter(each["value"].values())) for each in attributes}


def test_a_push_of_curl_is_read_back(start: Start) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed, so its push cannot be tried")
    node, now_ns = start(), time.time_ns()
    body = json.dumps({"streams": [{"stream": {"app": "shell"}, "values": [[str(now_ns), "hello", {"trace_id": "abc"}]]}]})
    said = subprocess.run(
        [curl, "-sS", "-w", "%{http_code}", "-H", "Content-Type: application/json", "-d", body, f"{node.http}/loki/api/v1/push"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == "204"
    labels = {"app": "shell", "service_name": "shell", "detected_level": "unknown", "trace_id": "abc"}
    assert read(node.client, '{app="shell"}', now_ns) == [(now_ns, "hello", labels)]


def test_two_tenants_with_the_same_labels_see_their_own_lines_only(start: Start) -> None:
    node, now_ns = start(settings={"auth_enabled": "true"}), time.time_ns()
    clients = {name: Client(node.http, {"X-Scope-OrgID": name}) for name in ("team-a", "team-b", "team-c")}
    for name in ("team-a", "team-b"):
        body = {"streams": [{"stream": {"app": "same"}, "values": [[str(now_ns), f"of {name}"]]}]}
        assert clients[name].post("/loki/api/v1/push", json.dumps(body).encode(), {"Content-Type": "application/json"}).status == 204

    def seen() -> dict[str, list[str]]:
        return {name: [line for _, line, _ in read(client, '{app="same"}', now_ns)] for name, client in clients.items()}

    own = {"team-a": ["of team-a"], "team-b": ["of team-b"], "team-c": []}
    assert seen() == own
    assert clients["team-c"].get("/loki/api/v1/labels").json().get("data", []) == []
    node.flush()
    assert seen() == own, "in blocks"
    assert node.client.get("/loki/api/v1/labels").status == 401, "a request without a tenant is nobody's"
    for client in clients.values():
        client.close()

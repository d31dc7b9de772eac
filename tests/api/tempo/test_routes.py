"""Recorded requests are answered as Tempo answered them, and every route is documented."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from api.tempo.answers import normalise
from api.tempo.tempo_server import TENANT, TempoServer
from lgtm.api.tempo.routes import PARAMETERS, ROUTES
from lgtm.clock import NS_PER_S
from traceql.comparing import difference, project
from traceql.dataset import T0_NS, read_lines

PASSING = {
    "trace_by_id": 88,
    "status": 21,
    "search_intrinsics": 112,
    "search_attributes": 257,
    "search_structural": 145,
    "search_pipeline": 90,
    "search_params": 57,
    "search_legacy": 54,
    "tags": 52,
    "tag_values": 134,
    "metrics_range": 147,
    "metrics_instant": 131,
    "errors": 206,
    "parse": 456,
}
"""How many of each area agree. The numbers may only rise; the READMEs beside the recordings tell of the others."""


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    with gzip.open(Path(__file__).parent / "data" / "cases.jsonl.gz", "rt", encoding="utf-8") as lines:
        own = [json.loads(line) for line in lines]
    found: dict[str, list[dict[str, Any]]] = {}
    for case in [*own, *read_lines("cases.jsonl.gz")]:
        found.setdefault(case["area"], []).append(case)
    return found


@pytest.mark.parametrize("area", PASSING)
async def test_recorded_requests_are_answered_as_tempo_answered_them(server: TempoServer, area: str) -> None:
    verdicts = {case["id"]: await disagreement(server, case) for case in cases()[area]}
    wrong = {name: why for name, why in verdicts.items() if why}
    assert len(verdicts) - len(wrong) == PASSING[area], wrong


async def disagreement(server: TempoServer, case: Mapping[str, Any]) -> str:
    """Empty when the answer is as recorded, else what differs."""
    params = {name: _fill(value) for name, value in (case.get("params") or {}).items()}
    tenant = f"{TENANT}-{case['tenant']}" if case.get("tenant") else TENANT
    headers = {"X-Scope-OrgID": tenant} | {name: text and text.replace("{tenant}", TENANT) for name, text in (case.get("headers") or {}).items()}
    response = await server.get(case["path"], params or None, headers)
    if response.status_code != case["status"]:
        return f"status {response.status_code}, recorded {case['status']}: {response.text[:300]}"
    if case["compare"] == "status":
        return ""
    if case.get("content_type", response.headers.get("content-type")) != response.headers.get("content-type"):
        return f"content type {response.headers['content-type']}"
    answer = normalise(case["path"], response, case.get("ignore", ()), exemplars=bool(case.get("exemplars")))
    if isinstance(case["response"], str):
        return "" if case["response"] in (answer, _UNFORMATTED.sub("(%v)", answer)) else f"recorded {case['response']!r}, got {answer!r}"
    return difference(case["response"], _counted(answer) if case["compare"] == "count" else project(case["compare"], answer))


_UNFORMATTED = re.compile(r"(?<=of type )\(.*\)")
"""Where Tempo forgets to put the expression into its message; ours names it."""


def _counted(answer: Any) -> Any:
    groups = answer.get("batches") or answer.get("trace", {}).get("resourceSpans")
    return project("count", answer) if groups is None else {"spans": sum(len(group["spans"]) for group in groups.values())}


def _fill(value: Any) -> str:
    if isinstance(value, dict):
        return str(T0_NS // NS_PER_S + value["t"])
    return re.sub(r"@(s|ns|float|rfc3339)\((-?[\d.]+)\)", _moment, value)


def _moment(found: re.Match[str]) -> str:
    at_ns = T0_NS + round(float(found[2]) * NS_PER_S)
    if found[1] == "rfc3339":
        return datetime.fromtimestamp(at_ns / NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"s": str(at_ns // NS_PER_S), "ns": str(at_ns)}.get(found[1], f"{at_ns / NS_PER_S:.3f}")


ODD = (
    "", "0", "-1", "1e30", "NaN", "1h", "1d", "-5m", "9" * 25, "1700000400", "1700002200.5", "2023-11-14T22:13:20Z", "9999-12-31T23:59:59Z", "{}",
    "{", "{ .a }", "{} | rate()", "a=b", 'a="', "none", "\x00", "%", "9223372036854775807", "18446744073709551615", "4294967295", "1ns",
)  # fmt: skip
PATHS = st.sampled_from([entry.path.replace("{name}", "1").replace("{name:path}", "name") for entry in ROUTES])


@settings(max_examples=100, deadline=None)
@for_all(
    PATHS, st.dictionaries(st.sampled_from([*PARAMETERS, "mode", "maxStaleValues", "zz"]), st.sampled_from(ODD) | st.text(max_size=5), max_size=5)
)
async def test_whatever_is_asked_is_answered_or_refused(path: str, parameters: dict[str, str]) -> None:
    server = TempoServer()
    response = await server.get(path, parameters)
    server.side.close()
    assert response.status_code in (200, 400), response.text


async def test_every_documented_parameter_has_a_meaning(server: TempoServer) -> None:
    paths = server.app.openapi()["paths"]
    for entry in ROUTES:
        documented = {each["name"]: each for each in paths[entry.path.replace(":path", "")]["get"]["parameters"]}
        assert set(documented) - {"name"} == set(entry.parameters) <= set(PARAMETERS)
        assert paths[entry.path.replace(":path", "")]["get"]["summary"] == entry.summary


async def test_routes_are_the_same_under_a_prefix(server: TempoServer) -> None:
    params = {"q": '{ name = "ping" }', "since": "1h"}
    for path in ("/api/search", "/api/search/tag/service.name/values", "/api/traces/1"):
        assert (await server.get(f"/tempo{path}", params)).content == (await server.get(path, params)).content != b""


async def test_a_question_may_be_posted_as_a_form(server: TempoServer) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await server.ask("POST", "/api/search", headers=headers, body="q=%7Bname%3D%22ping%22%7D&limit=2&since=1h")
    assert len(response.json()["traces"]) == 2


async def test_summaries_are_gone(server: TempoServer) -> None:
    assert (await server.get("/api/metrics/summary", {"q": "{}"})).status_code == 404


async def test_nobody_needs_a_tenant_to_hear_an_echo(server: TempoServer) -> None:
    response = await server.get("/api/echo", headers={"X-Scope-OrgID": None})
    assert (response.status_code, response.text) == (200, "echo\n")


async def test_requests_are_counted_by_route(server: TempoServer) -> None:
    await server.get("/api/search/tag/x/values")
    labels = {"route": "/api/search/tag/{name:path}/values", "status": "200"}
    assert server.registry.get_sample_value("lgtm_api_query_requests_total", labels) == 1
